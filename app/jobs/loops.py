"""Loops that never end: what goes wrong in one round is told and tried again, ever later, but never ends the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from models.session import is_outage, place_of

log = structlog.get_logger(__name__)

_FIRST_DELAY_S, _LONGEST_OUTAGE_S, _LONGEST_FAULT_S = 0.1, 2.0, 30.0


async def forever(name: str, once: Callable[[], Awaitable[float]], *, first_s: float = 0.0) -> None:
    """Rounds of ``once``, which says how many seconds to wait before the next; ``first_s`` before the first."""
    delay = _FIRST_DELAY_S
    await asyncio.sleep(first_s)
    while True:
        try:
            wait = await once()
            delay = _FIRST_DELAY_S
        except Exception as error:  # noqa: BLE001  (a loop that dies of a fault would take all that follows with it)
            wait = delay
            if is_outage(error):
                log.warning("database_not_reached", error=type(error).__name__)
                delay = min(delay * 2, _LONGEST_OUTAGE_S)
            else:
                log.error("loop_failed", loop=name, error=type(error).__name__, where=place_of(error))  # noqa: TRY400
                delay = min(delay * 2, _LONGEST_FAULT_S)
        await asyncio.sleep(wait)
