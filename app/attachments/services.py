"""Attachments: taken in, looked at, kept once by their content, shown to whoever may see their ticket."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.attachments.depot import Depot
from app.attachments.errors import InfectedError, NoAttachmentError
from app.attachments.kinds import Kind, inspect
from app.attachments.receiving import Received, receive
from app.attachments.scanner import Scanner, ScannerDownError, Verdict
from app.attachments.store import FileStore
from models.attachment import Attachment, StoredFile
from models.ledger import append_audit
from models.workflow_codes import ScanState

log = structlog.get_logger(__name__)

SWEEP_LOCK = 1234503
"""Shared by whoever puts a file in its place, until its row is committed; the sweeper wants it alone."""
_HIGHEST_ID = 2**53 - 1
"""What JavaScript still counts exactly. Ids are random: nobody can guess another's file before it has a ticket."""
_INFECTED = "文件未通过病毒检查，已拒收"


@dataclass(frozen=True, slots=True)
class Upload:
    """A request's body and what its headers say of it."""

    stream: AsyncIterator[bytes]
    content_type: str
    length: int | None


async def take_in(
    db: AsyncSession, depot: Depot, upload: Upload, by: str, now: datetime
) -> tuple[Attachment, StoredFile]:
    """Take one file in: it belongs to nothing yet. Commits, once the file is safe on the disk.

    Raises:
        HotlineError: of app.attachments.errors; then nothing is kept, and only a virus leaves an audit entry.
    """
    settings = depot.settings
    received = await receive(upload.stream, upload.content_type, upload.length, depot.store, settings.max_bytes)
    try:
        kind = await asyncio.to_thread(inspect, received.path, received.name, most_pixels=settings.max_pixels)
        verdict = await _scan(depot.scanner, received.path)
        if verdict.state is ScanState.INFECTED:
            await refuse_infected(db, received.digest, verdict.found, by, now)
        return await _keep(db, depot.store, received, kind, verdict, by, now)
    finally:
        await asyncio.to_thread(received.path.unlink, missing_ok=True)


async def _scan(scanner: Scanner, path: Path) -> Verdict:
    """Where the scanner is down nobody is sent home: the file is scanned later."""
    try:
        return await scanner.scan(path)
    except ScannerDownError as error:
        log.warning("scanner_down", error=str(error))
        return Verdict(ScanState.NOT_SCANNED)


async def refuse_infected(db: AsyncSession, digest: str, found: str, by: str, now: datetime) -> None:
    """Write down who brought what. Commits, and raises InfectedError."""
    await append_audit(db, by, "attachment.infected", f"file:{digest}", now, {"found": found[:200]})
    await db.commit()
    raise InfectedError(_INFECTED)


async def _keep(
    db: AsyncSession, store: FileStore, received: Received, kind: Kind, verdict: Verdict, by: str, now: datetime
) -> tuple[Attachment, StoredFile]:
    await db.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": SWEEP_LOCK})
    await asyncio.to_thread(store.place, received.path, received.digest)
    values = {
        "size": received.size, "media_type": kind.media_type, "scan": verdict.state.value, "stored_at": now,
    }  # fmt: skip
    await db.execute(insert(StoredFile).values(sha256=received.digest, **values).on_conflict_do_nothing())
    query = select(StoredFile).filter_by(sha256=received.digest).with_for_update()
    stored = (await db.execute(query)).scalar_one()
    if stored.scan == ScanState.INFECTED:
        await refuse_infected(db, received.digest, "", by, now)
    if verdict.state is not ScanState.NOT_SCANNED:
        stored.scan = verdict.state.value
    attachment = Attachment(
        id=secrets.randbelow(_HIGHEST_ID) + 1, sha256=received.digest, name=received.name, by=by, at=now
    )
    db.add(attachment)
    await db.commit()
    return attachment, stored


async def find_file(db: AsyncSession, number: int) -> tuple[Attachment, StoredFile]:
    """An attachment and its content's row. NoAttachmentError: there is none."""
    query = select(Attachment, StoredFile).join(StoredFile, col(StoredFile.sha256) == col(Attachment.sha256))
    row = (await db.execute(query.where(col(Attachment.id) == number))).one_or_none()
    if row is None:
        raise NoAttachmentError("没有这个附件")
    return row[0], row[1]
