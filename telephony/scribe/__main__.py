"""``hotline scribe``: the recogniser process, one thread, a little behind the calls in priority."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from contextlib import suppress

import click
import structlog

from telephony.disk import keep_private
from telephony.errors import TelephonyError
from telephony.log import configure_logging
from telephony.options import settings_options
from telephony.scribe.recogniser import for_city
from telephony.scribe.service import Scribe
from telephony.settings import TelephonySettings

log = structlog.get_logger(__name__)

_NICE = 5


async def _serve(settings: TelephonySettings) -> None:
    recogniser = for_city(settings.scribe_model, settings)
    log.info("scribe_ready", model=recogniser.name)
    serving = asyncio.create_task(Scribe(recogniser, settings.run_dir / "scribe.sock").run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


def _worker(settings: TelephonySettings) -> None:
    configure_logging()
    os.nice(_NICE)
    asyncio.run(_serve(settings))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@settings_options
def main(settings: TelephonySettings) -> None:
    """Write down what is said. One process a worker; the first is this one."""
    keep_private()
    others = [
        multiprocessing.get_context("spawn").Process(target=_worker, args=(settings,), daemon=True)
        for _ in range(settings.scribe_workers - 1)
    ]
    for other in others:
        other.start()
    try:
        _worker(settings)
    except TelephonyError as error:
        sys.exit(f"hotline scribe: {error.id}: {error.message}")
    finally:
        for other in others:
            other.terminate()


if __name__ == "__main__":
    main(prog_name="hotline scribe")
