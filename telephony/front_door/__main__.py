"""``python -m telephony.front_door``: answers calls until told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import structlog

from telephony.front_door.door import FrontDoor
from telephony.log import configure_logging
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


def main() -> None:
    """Exit 0 after SIGTERM, 1 when the address cannot be had, 70 by the watchdog."""
    configure_logging()
    settings = TelephonySettings()
    try:
        asyncio.run(_run(settings))
    except OSError as error:
        sys.stderr.write(f"hotline front-door: {settings.host}:{settings.sip_port}: {error.strerror or error}\n")
        _leave(1)
    _leave(0)


def _leave(code: int) -> None:
    """The SIP thread's dispatcher has no way to be asked to end; at a normal exit its C parts crash."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
