"""The worker's care for attachments: scan what waits, sweep once an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.attachments.depot import Depot
from app.attachments.rescanning import scan_waiting
from app.attachments.sweeping import sweep_attachments
from app.clock import utc_now

_EVERY = timedelta(hours=1)
_PAUSE_S = 60.0


class AttachmentCare:
    """Of one worker; several do no harm to each other."""

    def __init__(self, db: async_sessionmaker[AsyncSession], depot: Depot) -> None:
        self._db, self._depot = db, depot
        self._after = ""
        self._swept_at: datetime | None = None

    async def once(self) -> float:
        """One round; how many seconds until the next."""
        now = utc_now()
        self._after = await scan_waiting(self._db, self._depot, now, after=self._after)
        if self._swept_at is None or now - self._swept_at >= _EVERY:
            await sweep_attachments(self._db, self._depot.store, now)
            self._swept_at = now
        return 0.0 if self._after else _PAUSE_S
