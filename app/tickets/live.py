"""Which tickets have changed, told to those who may see them (and to nobody else)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.tickets.scope import Scope
from routing.workflow import HELD

log = structlog.get_logger(__name__)

_QUIET_S = 0.3
"""Changes are gathered for so long: many at once are one message."""
_HEARTBEAT_S = 15.0
_MOST = 200
"""Of more than so many a reader is only told to look again."""
_MOST_ASKED = 5000
_HELD = ", ".join(str(status.value) for status in sorted(HELD))
_UNITS = text(f"""
SELECT t.no, ARRAY(
    SELECT t.host_unit WHERE t.status IN ({_HELD})
    UNION SELECT h.unit FROM holdings h WHERE h.ticket_id = t.id AND h.kind <> 'intake'
    UNION SELECT s.to_unit FROM sub_dispatches s WHERE s.ticket_id = t.id
    UNION SELECT c.unit FROM co_handlings c WHERE c.ticket_id = t.id) AS units
FROM tickets t WHERE t.id = ANY(:ids)
""")
"""Every unit that may see a ticket: see app.tickets.scope."""


class LiveNews(msgspec.Struct):
    """``nos``: of tickets that have changed. ``reload``: too many to name, or some may have been missed."""

    nos: list[str] = []
    reload: bool = False


@dataclass(eq=False, slots=True)
class _Reader:
    scope: Scope
    nos: set[str] = field(default_factory=set)
    reload: bool = True
    """Who comes has seen nothing yet."""
    news: asyncio.Event = field(default_factory=asyncio.Event)


class TicketNews:
    """One a process. ``note`` is told ids by whoever listens to PostgreSQL; each reader gets those in sight."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], float] = time.monotonic) -> None:
        self._sessions = sessions
        self._clock = clock
        self._readers: set[_Reader] = set()
        self._changed: set[int] = set()
        self._missed = False
        self._teller: asyncio.Task[None] | None = None

    def note(self, ids: Iterable[int] | None) -> None:
        """These have changed; None: nobody knows which."""
        if not self._readers:
            return
        if ids is None:
            self._missed = True
        else:
            self._changed.update(ids)
        if self._teller is None or self._teller.done():
            self._teller = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._changed or self._missed:
            await asyncio.sleep(_QUIET_S)
            ids, missed = self._changed, self._missed
            self._changed, self._missed = set(), False
            if missed or len(ids) > _MOST_ASKED:
                self._reload_all()
                continue
            try:
                async with self._sessions() as db:
                    rows = (await db.execute(_UNITS, {"ids": sorted(ids)})).all()
            except (DBAPIError, OSError) as error:
                log.warning("database_not_reached", error=type(error).__name__)
                self._reload_all()
                continue
            for reader in self._readers:
                _hand(reader, rows)

    def _reload_all(self) -> None:
        for reader in self._readers:
            reader.reload = True
            reader.news.set()

    async def changes(
        self, scope: Scope, again: Callable[[], Awaitable[Scope | None]]
    ) -> AsyncIterator[LiveNews | None]:
        """What changes in sight, from now on; at first ``reload``. None: all is quiet.

        ``again``: the reader's sight; None ends it. Nothing is told by a sight that was asked for longer ago than a
        heartbeat, however busy it is.
        """
        reader, asked = _Reader(scope), self._clock()
        reader.news.set()
        self._readers.add(reader)
        try:
            while True:
                quiet = False
                try:
                    await asyncio.wait_for(reader.news.wait(), _HEARTBEAT_S)
                except TimeoutError:
                    quiet = True
                if quiet or self._clock() - asked >= _HEARTBEAT_S:
                    found = await again()
                    if found is None:
                        return
                    asked = self._clock()
                    reader.reload = reader.reload or (found != reader.scope and reader.news.is_set())
                    reader.scope = found
                if quiet:
                    yield None
                    continue
                reader.news.clear()
                told = LiveNews(reload=True) if reader.reload else LiveNews(nos=sorted(reader.nos))
                reader.nos, reader.reload = set(), False
                yield told
        finally:
            self._readers.discard(reader)


def _hand(reader: _Reader, rows: Iterable[tuple[str, list[str]]]) -> None:
    mine = set(reader.scope.units)
    found = {no for no, units in rows if reader.scope.city or not mine.isdisjoint(units)}
    if found:
        reader.nos |= found
        reader.reload = reader.reload or len(reader.nos) > _MOST
        reader.news.set()
