"""Files that came while the scanner was down, or before there was one, are scanned later."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.attachments.depot import Depot
from app.attachments.scanner import NoScanner, ScannerDownError
from models.ledger import append_audit
from models.workflow_codes import ScanState

log = structlog.get_logger(__name__)

_BATCH = 20
_WAITING = text("SELECT sha256 FROM stored_files WHERE scan = 'not_scanned' AND sha256 > :after ORDER BY 1 LIMIT :most")
_SETTLE = text("UPDATE stored_files SET scan = :state WHERE sha256 = :digest AND scan = 'not_scanned'")


async def scan_waiting(db: async_sessionmaker[AsyncSession], depot: Depot, now: datetime, *, after: str = "") -> str:
    """Scan a batch of what is not scanned; where to go on ``after``, or "" at the end. Doing it twice does no harm."""
    if isinstance(depot.scanner, NoScanner):
        return ""
    async with db() as session:
        waiting = list((await session.execute(_WAITING, {"after": after, "most": _BATCH})).scalars())
    for digest in waiting:
        path = depot.store.path_of(digest)
        if not path.is_file():
            log.warning("attachment_file_missing", file=digest)
            continue
        try:
            verdict = await depot.scanner.scan(path)
        except ScannerDownError as error:
            log.warning("scanner_down", error=str(error))
            return ""
        async with db() as session:
            await session.execute(_SETTLE, {"state": verdict.state.value, "digest": digest})
            if verdict.state is ScanState.INFECTED:
                await append_audit(
                    session, "system", "attachment.infected", f"file:{digest}", now, {"found": verdict.found[:200]}
                )
            await session.commit()
    return waiting[-1] if len(waiting) == _BATCH else ""
