"""The outbox: rows written with their cause are claimed under a lease, done once, and found again after a crash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.metrics import JOBS
from models.session import fault_of

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
_LONGEST_DELAY = timedelta(minutes=5)

Handler = Callable[[async_sessionmaker[AsyncSession], dict[str, Any]], Awaitable[None]]


class PutOffError(Exception):
    """Raised by a handler: no fault of the row's; it comes again at ``at``. ``why`` is stored: ids only."""

    def __init__(self, at: datetime, why: str) -> None:
        super().__init__(why)
        self.at = at


_CLAIM = text(
    """
    UPDATE outbox SET attempts = attempts + 1, available_at = :until
    WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND available_at <= :now
                 ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)


async def claim(sessions: async_sessionmaker[AsyncSession], now: datetime, limit: int = 50) -> list[int]:
    """Rows that are due, leased to the caller: nobody else sees them until the lease is over."""
    async with sessions() as session:
        rows = await session.execute(_CLAIM, {"now": now, "until": now + LEASE, "limit": limit})
        claimed = sorted(rows.scalars())
        await session.commit()
    return claimed


async def perform(
    sessions: async_sessionmaker[AsyncSession], handlers: dict[str, Handler], row_id: int, now: datetime
) -> bool:
    """Do one row's work and mark it done; a failure is noted and comes again later. False: nothing was done."""
    async with sessions() as session:
        row = (
            await session.execute(
                text("SELECT topic, payload, attempts FROM outbox WHERE id = :id AND done_at IS NULL"), {"id": row_id}
            )
        ).one_or_none()
    if row is None:
        return False
    try:
        await handlers[row.topic](sessions, row.payload)
    except PutOffError as error:
        JOBS.labels(row.topic, "put_off").inc()
        await _settle(
            sessions,
            "UPDATE outbox SET last_error = :error, available_at = :at WHERE id = :id",
            {"error": str(error), "at": error.at, "id": row_id},
        )
        return False
    except Exception as error:  # whatever it was, it must not lose the row
        JOBS.labels(row.topic, "failed").inc()
        fault = fault_of(error)
        log.error(  # noqa: TRY400  (the database's own messages quote rows: no traceback of those)
            "job_failed",
            topic=row.topic,
            row=row_id,
            attempts=row.attempts,
            fault=fault,
            exc_info=not isinstance(error, DBAPIError),
        )
        delay = min(timedelta(seconds=2 ** min(row.attempts, 9)), _LONGEST_DELAY)
        await _settle(
            sessions,
            "UPDATE outbox SET last_error = :error, available_at = :at WHERE id = :id",
            {"error": fault[:500], "at": now + delay, "id": row_id},
        )
        return False
    JOBS.labels(row.topic, "done").inc()
    await _settle(
        sessions, "UPDATE outbox SET done_at = :at, last_error = NULL WHERE id = :id", {"at": now, "id": row_id}
    )
    return True


async def _settle(sessions: async_sessionmaker[AsyncSession], statement: str, values: dict[str, Any]) -> None:
    async with sessions() as session:
        await session.execute(text(statement), values)
        await session.commit()
