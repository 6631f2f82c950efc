"""Processes that are kept running: tiny real ones."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from app.embedded.postgres import EmbeddedPostgres, PostgresStartError
from app.embedded.supervisor import Service, Supervisor
from app.embedded.valkey import EmbeddedValkey, ValkeyStartError

_SLEEP = "import time; time.sleep(600)"
_STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def _service(tmp_path: Path, program: str, name: str = "s", **options) -> Service:
    return Service(name, [sys.executable, "-c", program], tmp_path / f"{name}.log", **options)


async def _until(condition) -> None:
    """The bound only ends a test that has failed."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  (another process brings it about)
            await asyncio.sleep(0.01)


@pytest.fixture
async def supervisor(capfd):
    keeper = Supervisor(first_delay_s=0.01, longest_delay_s=0.04, steady_s=3600)
    yield keeper
    await keeper.stop()


async def test_a_process_that_dies_is_started_again(tmp_path, supervisor):
    service = _service(tmp_path, _SLEEP)
    await supervisor.start(service)
    first = service.process
    first.kill()
    await _until(lambda: service.restarts == 1 and service.process is not first)
    assert service.process.returncode is None
    assert first.returncode == -signal.SIGKILL


async def test_a_process_that_keeps_dying_is_started_ever_later(tmp_path, monkeypatch, supervisor):
    delays = []
    real = asyncio.sleep

    async def noted(seconds):
        delays.append(seconds)
        await real(0)

    monkeypatch.setattr("app.embedded.supervisor.asyncio.sleep", noted)
    service = _service(tmp_path, "print('hello'); raise SystemExit(3)")
    await supervisor.start(service)
    async with asyncio.timeout(20):
        while service.restarts < 5:
            await real(0.01)
    assert [delay for delay in delays if delay in {0.01, 0.02, 0.04}][:5] == [0.01, 0.02, 0.04, 0.04, 0.04]
    assert service.log_file.read_text().startswith("hello\nhello\n")


async def test_one_that_ran_steadily_is_started_again_without_delay(tmp_path, capfd):
    keeper = Supervisor(first_delay_s=0.01, longest_delay_s=3600, steady_s=-1)
    service = _service(tmp_path, "pass")
    await keeper.start(service)
    await _until(lambda: service.restarts >= 4)
    await keeper.stop()


async def test_a_command_that_cannot_be_run_again_is_tried_until_it_can(tmp_path, supervisor):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    service = Service("s", [str(program)], tmp_path / "s.log")
    await supervisor.start(service)
    program.rename(tmp_path / "away")
    service.process.kill()
    await _until(lambda: service.restarts >= 2)
    (tmp_path / "away").rename(program)
    await _until(lambda: service.process.returncode is None)


async def test_a_service_is_started_when_it_is_ready_and_not_before(tmp_path, supervisor):
    asked = []

    async def ready():
        asked.append(service.process.returncode)

    service = _service(tmp_path, _SLEEP, ready=ready)
    await supervisor.start(service)
    assert asked == [None]


async def test_one_that_never_gets_ready_is_an_error_and_is_stopped_with_the_others(tmp_path, supervisor):
    async def ready():
        raise TimeoutError("never")

    service = _service(tmp_path, _SLEEP, ready=ready)
    with pytest.raises(TimeoutError, match="never"):
        await supervisor.start(service)
    assert service.process.returncode is None
    await supervisor.stop()
    assert service.process.returncode == -signal.SIGTERM


async def test_everything_is_stopped_last_started_first_and_not_started_again(tmp_path, supervisor, monkeypatch):
    stopped = []
    real = Service.stop

    async def noted(service):
        stopped.append(service.name)
        await real(service)

    monkeypatch.setattr(Service, "stop", noted)
    services = [_service(tmp_path, _SLEEP, name) for name in ("a", "b", "c")]
    for service in services:
        await supervisor.start(service)
    await supervisor.stop()
    assert stopped == ["c", "b", "a"]
    assert [service.process.returncode for service in services] == [-signal.SIGTERM] * 3
    assert [service.restarts for service in services] == [0, 0, 0]


async def test_one_that_does_not_stop_is_killed(tmp_path, supervisor):
    service = _service(tmp_path, _STUBBORN, stop_s=0.1)
    await supervisor.start(service)
    await _until(lambda: service.log_file.read_text() == "up\n")  # from now on it does not hear
    await supervisor.stop()
    assert service.process.returncode == -signal.SIGKILL


async def test_a_service_that_was_never_started_is_stopped_at_once(tmp_path):
    await _service(tmp_path, _SLEEP).stop()


async def test_a_service_gets_its_own_environment_beside_ours(tmp_path, monkeypatch, supervisor):
    monkeypatch.setenv("OURS", "1")
    program = "import os, time; print(os.environ['OURS'], os.environ['ITS'], flush=True); time.sleep(600)"
    service = _service(tmp_path, program, environment={"ITS": "2"})
    await supervisor.start(service)
    await _until(lambda: service.log_file.read_text() == "1 2\n")


def _logs(tmp_path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in tmp_path.glob("s.log*")}


async def test_a_log_is_put_aside_while_it_is_written_and_three_parts_are_kept(tmp_path, capfd):
    program = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(0.0005)"
    keeper = Supervisor(log_bytes=1000, log_check_s=0.02)
    service = _service(tmp_path, program)
    await keeper.start(service)
    await _until(lambda: len(_logs(tmp_path)) == 4)
    first = (tmp_path / "s.log.3").read_bytes()
    await _until(lambda: (tmp_path / "s.log.3").read_bytes() != first)
    await keeper.stop()
    assert _logs(tmp_path).keys() == {"s.log", "s.log.1", "s.log.2", "s.log.3"}
    assert service.restarts == 0
    for path in tmp_path.glob("s.log.*"):
        assert set(path.read_text()) == {"x", "\n"}  # whole: no hole where the file was cut


async def test_a_log_that_grew_too_long_before_is_put_aside_at_the_start(tmp_path, capfd):
    (tmp_path / "s.log").write_text("y" * 1000)
    keeper = Supervisor(log_bytes=1000, log_check_s=3600)
    await keeper.start(_service(tmp_path, _SLEEP))
    await keeper.stop()
    assert _logs(tmp_path) == {"s.log": 0, "s.log.1": 1000}


async def test_processes_do_not_outlive_a_supervisor_that_was_killed(tmp_path):
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom app.embedded.supervisor import Service, Supervisor\n"
        "async def main():\n"
        f"    s = Service('s', [sys.executable, '-c', {_SLEEP!r}], Path({str(tmp_path / 's.log')!r}))\n"
        "    await Supervisor().start(s)\n    print(s.process.pid, flush=True)\n    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(20):
        while not (line := await keeper.stdout.readline()).strip().isdigit():
            assert line, "it ended"
    child = int(line)
    keeper.kill()
    await keeper.wait()
    await _until(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_postgresql_that_does_not_come_up_says_why(server_dir):
    server = EmbeddedPostgres(server_dir / "broken" / "postgres", server_dir / "broken" / "pg")
    server.prepare()
    (server.data_dir / "postgresql.conf").write_text("port = nonsense\n")
    with pytest.raises(PostgresStartError, match="nonsense") as caught:
        server.start()
    assert caught.value.id == "embedded.postgres_start"
    server.stop()


def test_a_valkey_that_does_not_come_up_is_an_error(tmp_path):
    with pytest.raises(ValkeyStartError) as caught:
        EmbeddedValkey(tmp_path / "v.sock").wait_ready(0.0)
    assert caught.value.id == "embedded.valkey_start"


def test_what_valkey_holds_is_reached_by_our_user_only_and_never_by_network(valkey):
    assert valkey.socket.stat().st_mode & 0o777 == 0o700
    assert "--port 0" in " ".join(valkey.command())
    valkey.stop()
    valkey.stop()  # a second time there is nothing to do
