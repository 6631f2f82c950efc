"""``hotline up``: everything from one command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import click
import httpx
import msgspec

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.supervisor import Service, Supervisor
from app.embedded.valkey import EmbeddedValkey
from app.errors import HotlineError
from app.instance import Instance, ensure_secret, make_private, make_run_dir
from app.settings import AppSettings

_READY_S = 90.0


class PortTakenError(HotlineError):
    """Another program listens where we are to."""

    id = "up.port_taken"


class AlreadyRunningError(HotlineError):
    """The data folder's instance is running."""

    id = "up.already_running"


class NotReadyError(HotlineError):
    """A process did not become ready in time; its log tells why."""

    id = "up.not_ready"


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=None, help="Data folder [./var].")
@click.option("--http-port", type=int, default=None, help="Port of the pages and the API [8000].")
@click.option("--sip-port", type=int, default=5060, show_default=True, help="UDP port citizens' calls come in on.")
@click.option("--demo", is_flag=True, help="Add demonstration users (printed below).")
@click.option("--no-console", is_flag=True, help="Accepted for scripts; the pages are part of the web app.")
def up(data: Path | None, http_port: int | None, sip_port: int, demo: bool, no_console: bool) -> None:  # noqa: ARG001
    """Start everything in the foreground; one JSON line tells when it is ready."""
    settings = AppSettings()
    settings = settings.model_copy(
        update={"data_dir": (data or settings.data_dir).resolve(), "http_port": http_port or settings.http_port}
    )
    os.umask(0o077)  # recordings, words, secrets: whatever a process writes is this user's alone
    asyncio.run(_run(settings, sip_port, demo=demo))


async def _run(settings: AppSettings, sip_port: int, *, demo: bool) -> None:
    _refuse_a_second(settings)
    _refuse_taken_port(socket.SOCK_STREAM, settings.http_host, settings.http_port)
    _refuse_taken_port(socket.SOCK_DGRAM, settings.http_host, sip_port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor()
    starting = asyncio.create_task(_start(settings, sip_port, supervisor, demo=demo))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            instance = starting.result()
            _announce(instance, demo=demo)
            await stopping
    finally:
        starting.cancel()
        stopping.cancel()
        await supervisor.stop()
        (settings.data_dir / "instance.json").unlink(missing_ok=True)


async def _start(settings: AppSettings, sip_port: int, supervisor: Supervisor, *, demo: bool) -> Instance:
    data = settings.data_dir
    make_private(data)
    logs = data / "logs"
    logs.mkdir(exist_ok=True)
    sockets = make_run_dir(data)
    (sockets / "lines").mkdir(exist_ok=True)
    ensure_secret(settings.internal_secret_file)

    postgres = EmbeddedPostgres(data / "postgres", sockets / "pg", log_file=logs / "postgres.log")
    await asyncio.to_thread(postgres.prepare)
    await supervisor.start(
        Service(
            "postgres",
            postgres.command(),
            logs / "postgres.log",
            user=postgres.user,
            ready=lambda: asyncio.to_thread(postgres.wait_ready),
            stop_signal=signal.SIGINT,  # fast shutdown: open sessions are ended
        )
    )
    valkey = EmbeddedValkey(sockets / "valkey.sock")
    await supervisor.start(
        Service("valkey", valkey.command(), logs / "valkey.log", ready=lambda: asyncio.to_thread(valkey.wait_ready))
    )
    environment = _environment(settings, postgres.url, valkey.url, sip_port, sockets)
    await _once(environment, "migrate")
    await _once(environment, "seed", settings.city, *(["--demo"] if demo else []))
    await _once(environment, "train", "--built-in")
    for service in _processes(settings, environment, logs, sip_port):
        await supervisor.start(service)
    instance = Instance(
        pid=os.getpid(),
        http=f"http://{settings.http_host}:{settings.http_port}",
        sip=f"sip:12345@{settings.http_host}:{sip_port}",
        database_url=postgres.url,
        valkey_url=valkey.url,
        city=settings.city,
    )
    instance.write(data)
    return instance


def _environment(
    settings: AppSettings, database_url: str, valkey_url: str, sip_port: int, sockets: Path
) -> dict[str, str]:
    """What every process of this instance is told."""
    http = f"http://{settings.http_host}:{settings.http_port}"
    return {
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_VALKEY_URL": valkey_url,
        "HOTLINE_HTTP_HOST": settings.http_host,
        "HOTLINE_HTTP_PORT": str(settings.http_port),
        "HOTLINE_CITY": settings.city,
        "HOTLINE_TELEPHONY_DATA_DIR": str(settings.data_dir),
        "HOTLINE_TELEPHONY_RUN_DIR": str(sockets),
        "HOTLINE_TELEPHONY_SIP_PORT": str(sip_port),
        "HOTLINE_TELEPHONY_APP_URL": http,
        "HOTLINE_TELEPHONY_TICKET_PREFIX": settings.ticket_prefix,
        "HOTLINE_TELEPHONY_PROMPTS_DIR": str((settings.city_dir / "prompts").resolve()),
        "HOTLINE_TELEPHONY_PHRASES": json.dumps(
            [str(settings.examples_dir.resolve()), str((settings.city_dir / "places.csv").resolve())]
        ),
        "HOTLINE_TELEPHONY_RTP_PORT_BASE": os.environ.get("HOTLINE_TELEPHONY_RTP_PORT_BASE", "20000"),
    }


def _processes(settings: AppSettings, environment: dict[str, str], logs: Path, sip_port: int) -> list[Service]:
    def ours(name: str, *command: str) -> Service:
        return Service(name, [sys.executable, "-m", *command], logs / f"{name}.log", environment)

    web = ours("web", "app", "web")
    web.ready = lambda: _wait_http(f"http://{settings.http_host}:{settings.http_port}/health/ready")
    door = ours("front-door", "telephony.front_door")
    door.ready = lambda: asyncio.to_thread(_wait_sip, settings.http_host, sip_port)
    return [web, ours("worker", "app", "worker"), door, ours("scribe", "telephony.scribe")]


async def _once(environment: dict[str, str], *command: str) -> None:
    """Run a hotline command to its end; its stdout goes to our stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", *command, env={**os.environ, **environment}, stdout=sys.stderr.fileno()
    )
    if await process.wait() != 0:
        raise NotReadyError(f"hotline {' '.join(command)} 失败，见上方日志")


async def _wait_http(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(int(_READY_S / 0.1)):
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise NotReadyError(f"{url} 未就绪")


def _wait_sip(host: str, port: int) -> None:
    """Ask OPTIONS until somebody answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        probe.settimeout(0.5)
        local = f"{probe.getsockname()[0]}:{probe.getsockname()[1]}"
        for attempt in range(int(_READY_S / 0.5)):
            request = (
                f"OPTIONS sip:12345@{host}:{port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {local};branch=z9hG4bKup{os.getpid()}{attempt}\r\n"
                f"From: <sip:up@{local}>;tag=up{attempt}\r\nTo: <sip:12345@{host}:{port}>\r\n"
                f"Call-ID: up-{os.getpid()}-{attempt}@{local}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:up@{local}>\r\nContent-Length: 0\r\n\r\n"
            )
            try:
                probe.send(request.encode())
                if probe.recv(4096).startswith(b"SIP/2.0 "):
                    return
            except ConnectionRefusedError:
                _pause()
            except TimeoutError:
                continue
    raise NotReadyError(f"SIP {host}:{port} 未就绪")


def _pause() -> None:
    """A refused datagram returns at once; don't spin."""
    signal.sigtimedwait([], 0.2)


def _refuse_a_second(settings: AppSettings) -> None:
    instance = Instance.read(settings.data_dir)
    if instance is not None and Path(f"/proc/{instance.pid}").exists() and instance.pid != os.getpid():
        raise AlreadyRunningError(f"{settings.data_dir} 的实例已在运行 (pid {instance.pid})")


def _refuse_taken_port(kind: socket.SocketKind, host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise PortTakenError(f"{host}:{port} 已被占用，请用 --http-port / --sip-port 另选端口") from error


def _announce(instance: Instance, *, demo: bool) -> None:
    """The one line on stdout, and the same for people on stderr."""
    ready = {
        "ready": True,
        "console": f"{instance.http}/",
        "softphone": None,
        "sip": instance.sip,
        "pid": instance.pid,
        "database": instance.database_url,
    }
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
    click.echo(
        f"\n  页面      {instance.http}/\n  接口文档  {instance.http}/schema/openapi.json\n  来电地址  {instance.sip}",
        err=True,
    )
    if demo:
        from app.demo import DEMO_PASSWORD, DEMO_USERS  # noqa: PLC0415

        for user in DEMO_USERS:
            click.echo(f"  演示账号  {user.login} / {DEMO_PASSWORD}  ({user.title})", err=True)
    click.echo("  停止      Ctrl+C\n", err=True)
