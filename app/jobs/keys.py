"""Keys of requests that created something are forgotten after a day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.idempotency import KEPT, IdempotencyKey


async def sweep_keys(db: AsyncSession, now: datetime) -> int:
    """Forget keys of more than a day ago. Commits; how many there were."""
    gone = await db.execute(
        delete(IdempotencyKey).where(col(IdempotencyKey.at) <= now - KEPT).returning(col(IdempotencyKey.key))
    )
    count = len(gone.all())
    await db.commit()
    return count
