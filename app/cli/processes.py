"""The single processes of production. Telephony's replace this process, so that app never imports them."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import click
import uvicorn

from app.metrics import SHARED
from app.settings import AppSettings

_PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


def become(module: str, *arguments: str) -> NoReturn:
    """Go on as this module in place of this process: telephony is never imported here."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606  (no shell: our own interpreter)


@click.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=int, default=None)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; one a core.")
@click.option("--data", "data", type=click.Path(path_type=Path, file_okay=False), default=None)
def web(host: str | None, port: int | None, workers: int, data: Path | None) -> None:
    """Serve the HTTP API and the pages."""
    if data is not None:
        os.environ["HOTLINE_DATA_DIR"] = str(data)
    settings = AppSettings()
    with ExitStack() as stack:
        if workers > 1:  # one asked for metrics tells those of all
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-metrics-"))
            os.environ[SHARED] = folder
        uvicorn.run(
            "app.main:create_app",
            factory=True,
            host=host or settings.http_host,
            port=port or settings.http_port,
            workers=workers,
            http="app.api.wire:PromptProtocol",
            access_log=False,  # addresses with query strings would be personal data; metrics count requests
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=5,
        )


@click.command()
@click.option("--data", "data", type=click.Path(path_type=Path, file_okay=False), default=None)
def worker(data: Path | None) -> None:
    """Run the jobs: dramatiq workers, the outbox and its sweeper."""
    if data is not None:
        os.environ["HOTLINE_DATA_DIR"] = str(data)
    from app.jobs.worker import run  # noqa: PLC0415  (the broker is configured on import)

    run(AppSettings())


@click.command("front-door", context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def front_door(arguments: tuple[str, ...]) -> None:
    """Answer calls: SIP edge, line pool, spool."""
    become("telephony.front_door", *arguments)


@click.command(context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def scribe(arguments: tuple[str, ...]) -> None:
    """Write down what is said."""
    become("telephony.scribe", *arguments)


@click.command(context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def call(arguments: tuple[str, ...]) -> None:
    """Place a simulated citizen's call: hotline call SIP_URI --audio F.wav …."""
    become("telephony.citizen", *arguments)


@click.command(context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def answer(arguments: tuple[str, ...]) -> None:
    """Be a citizen the hotline calls: hotline answer --sip-port P --dtmf 1,2 …."""
    become("telephony.citizen.answer", *arguments)


@click.command(context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def transcribe(arguments: tuple[str, ...]) -> None:
    """Transcribe a WAV: hotline transcribe F.wav [--model M]."""
    become("telephony.scribe.transcribe", *arguments)
