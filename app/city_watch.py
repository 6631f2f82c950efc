"""A running process notices that the city was brought in anew (``hotline seed``) and reads its folder again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

log = structlog.get_logger(__name__)

CITY_WATCH_S = 5.0


class CityWatch:
    """``renew`` reads the folder again (in a thread); what it raises is told, and tried again."""

    def __init__(self, db: async_sessionmaker[AsyncSession], renew: Callable[[], object]) -> None:
        self._db = db
        self._renew = renew
        self._seen: int | None = None

    async def once(self) -> float:
        """One look; how many seconds until the next."""
        async with self._db() as session:
            newest = (await session.execute(text("SELECT coalesce(max(id), 0) FROM seeds"))).scalar_one()
        if self._seen is not None and newest != self._seen:
            await asyncio.to_thread(self._renew)
            log.info("city_read_again", seed=newest)
        self._seen = newest
        return CITY_WATCH_S
