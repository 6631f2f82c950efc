"""The ticker inside a worker: woken when the next rung of any clock is due, at the latest after a second."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.metrics import CLOCK_LAG
from app.tickets.ticker import tick
from routing.rulebook import Rulebook

POLL_S = 1.0
_BUSY_S = 0.2
"""What is due now is somebody else's at the moment."""
_NEXT = text("SELECT next_at FROM clocks WHERE stopped_at IS NULL AND next_at IS NOT NULL ORDER BY next_at LIMIT 1")


async def tick_once(db: async_sessionmaker[AsyncSession], book: Rulebook, now: datetime) -> float:
    """One round; how many seconds there is nothing to do after it."""
    ticked = await tick(db, book, now)
    if ticked.moved:
        return 0.0
    async with db() as session:
        earliest: datetime | None = (await session.execute(_NEXT)).scalar_one_or_none()
    if earliest is None:
        CLOCK_LAG.set(0)
        return POLL_S
    ahead = (earliest - now).total_seconds()
    CLOCK_LAG.set(max(-ahead, 0.0))
    return _BUSY_S if ahead <= 0 else min(ahead, POLL_S)
