"""``hotline front-door``: answers calls until told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import NoReturn

import click
import structlog

from telephony.disk import keep_private
from telephony.errors import TelephonyError
from telephony.front_door.door import FrontDoor
from telephony.front_door.lock import hold
from telephony.log import configure_logging
from telephony.options import settings_options
from telephony.settings import TelephonySettings

log = structlog.get_logger(__name__)


async def _run(settings: TelephonySettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    door = FrontDoor(settings)
    await door.start()
    sip = f"sip:12345@{settings.host}:{settings.sip_port}"
    sys.stdout.write(json.dumps({"ready": True, "sip": sip, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    log.info("front_door_open", sip_port=settings.sip_port)
    await stop.wait()
    await door.stop()
    log.info("front_door_closed")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@settings_options
def main(settings: TelephonySettings) -> None:
    """Answer calls: SIP edge, line pool, spool.

    Exit 0 after SIGTERM, 1 when the data folder or the address cannot be had, 70 by the watchdog.
    """
    configure_logging()
    keep_private()
    try:
        lock = hold(settings.data_dir)  # before anything in the folder is opened
    except TelephonyError as error:
        _refuse(f"{error.id}: {error.message}")
    except OSError as error:
        _refuse(f"{settings.data_dir}: {error.strerror or error}")
    try:
        asyncio.run(_run(settings))
    except TelephonyError as error:
        _refuse(f"{error.id}: {error.message}")
    except OSError as error:
        _refuse(f"{settings.host}:{settings.sip_port}: {error.strerror or error}")
    lock.close()
    _leave(0)


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"hotline front-door: {why}\n")
    _leave(1)


def _leave(code: int) -> NoReturn:
    """The SIP thread's dispatcher has no way to be asked to end; at a normal exit its C parts crash."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(prog_name="hotline front-door")
