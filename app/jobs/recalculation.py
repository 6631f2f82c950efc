"""The job that counts dues again after ``hotline seed`` has changed the calendar: in slices, each within a lease."""

from __future__ import annotations

import asyncio
import time
from datetime import date
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import utc_now
from app.errors import HotlineError
from app.jobs.drafting import renew_city, router
from app.seeding import fingerprint
from app.tickets.recalculating import TOPIC, Recalculated, recalculate
from models.outbox import OutboxRow
from routing.rulebook import Rulebook

log = structlog.get_logger(__name__)

_SLICE_S = 8.0
_NEWEST = text("SELECT fingerprint FROM seeds ORDER BY id DESC LIMIT 1")


class CityBehindError(HotlineError):
    """This machine's city folder is not the one that was brought into the database: the job waits until it is."""

    id = "city.behind"


async def recalculate_job(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """One slice; what is left is another job, written with the last batch's ticket.

    Args:
        sessions: of the database.
        payload: ``key`` names the change; ``days`` (first and last that changed) and ``after`` (ticket) may be there.

    Raises:
        CityBehindError: retried by the outbox.
    """
    book = await _book(sessions)
    days = tuple(date.fromisoformat(day) for day in payload["days"]) if payload.get("days") else None
    total, after, end = Recalculated(), int(payload.get("after", 0)), time.monotonic() + _SLICE_S
    while True:
        done = await recalculate(sessions, book, utc_now(), after=after, days=(days[0], days[1]) if days else None)
        total.add(done)
        after = done.last
        if not after or time.monotonic() > end:
            break
    log.info("dues_recalculated", tickets=total.tickets, looked_at=total.looked_at, unknown=total.unknown, after=after)
    if after:
        async with sessions() as db:
            rest = {**payload, "after": after}
            row = insert(OutboxRow).values(topic=TOPIC, key=f"{payload['key']}/{after}", payload=rest, attempts=0)
            await db.execute(row.on_conflict_do_nothing())
            await db.commit()


async def _book(sessions: async_sessionmaker[AsyncSession]) -> Rulebook:
    async with sessions() as db:
        wanted = (await db.execute(_NEWEST)).scalar_one_or_none()
    if fingerprint(router().book.city) != wanted:
        await asyncio.to_thread(renew_city)
    if fingerprint(router().book.city) != wanted:
        raise CityBehindError("本机的城市数据与数据库中的不一致，请先更新城市目录")
    return router().book
