"""What nobody needs: files that never got a ticket, contents without a row, uploads that broke off."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.attachments.services import SWEEP_LOCK
from app.attachments.store import FileStore, Kept

log = structlog.get_logger(__name__)

UNUSED = timedelta(hours=24)
_BROKEN_OFF = timedelta(hours=1)
_BATCH = 500
_FORGET = text("DELETE FROM attachments WHERE ticket_id IS NULL AND at < :before RETURNING sha256")
_UNNEEDED = text(
    "DELETE FROM stored_files f WHERE f.stored_at < :before AND f.scan <> 'infected' "
    "AND NOT EXISTS (SELECT FROM attachments a WHERE a.sha256 = f.sha256) RETURNING f.sha256"
)
"""What was found infected is kept in mind, so that it is known when it comes again."""
_KNOWN = text("SELECT sha256 FROM stored_files WHERE sha256 = ANY(:digests)")


@dataclass(slots=True)
class Swept:
    """How many went."""

    attachments: int = 0
    files: int = 0
    broken_off: int = 0


async def sweep_attachments(db: async_sessionmaker[AsyncSession], store: FileStore, now: datetime) -> Swept:
    """One round. Nothing is swept that an upload counts on: both take turns."""
    swept = Swept()
    async with db() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK})
        swept.attachments = len((await session.execute(_FORGET, {"before": now - UNUSED})).all())
        unneeded = set((await session.execute(_UNNEEDED, {"before": now - UNUSED})).scalars())
        await session.commit()  # first the rows: a file without a row is found again, a row without a file is a loss
    kept = await asyncio.to_thread(lambda: list(store.all()))
    for one in kept:
        if one.digest is None and one.touched < now - _BROKEN_OFF:
            await asyncio.to_thread(one.path.unlink, missing_ok=True)
            swept.broken_off += 1
    doubtful = [one for one in kept if one.digest in unneeded or (one.digest and one.touched < now - UNUSED)]
    for first in range(0, len(doubtful), _BATCH):
        swept.files += await _remove_unknown(db, store, doubtful[first : first + _BATCH])
    if swept.files or swept.attachments or swept.broken_off:
        log.info("attachments_swept", attachments=swept.attachments, files=swept.files, broken_off=swept.broken_off)
    return swept


async def _remove_unknown(db: async_sessionmaker[AsyncSession], store: FileStore, among: list[Kept]) -> int:
    digests = [one.digest for one in among if one.digest is not None]
    async with db() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK})
        known = set((await session.execute(_KNOWN, {"digests": digests})).scalars())
        gone = [digest for digest in digests if digest not in known]
        for digest in gone:
            await asyncio.to_thread(store.remove, digest)
        await session.rollback()  # the lock is all that was wanted
    return len(gone)
