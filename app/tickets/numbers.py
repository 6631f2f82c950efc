"""Ticket numbers of the web side: ``<prefix><yyyymmdd>0<5-digit day counter>`` (ADR 2: 1-9 are telephony's nodes).

Nobody waits for anybody: the count is a sequence's, less what it stood at when the day began. What is rolled back
leaves a gap, and so may a crash of PostgreSQL; no number is ever given twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import CITY_ZONE
from app.settings import AppSettings
from models.direct import Direct

_WEB_DIGIT = "0"
_HURRY = timedelta(seconds=1)
_MOST_AHEAD = 32
_RESERVE = (
    "SELECT nextval('tickets_id_seq') AS id, nextval('ticket_numbers') - d.base AS count "
    "FROM ticket_days d, generate_series(1, CAST({count} AS int)) WHERE d.stem = {stem}"
)
_BEGIN_DAY = (
    "INSERT INTO ticket_days (stem, base) SELECT CAST({stem} AS varchar), s.last_value - CAST(NOT s.is_called AS int) "
    "- coalesce((SELECT max(CAST(substr(t.no, length(CAST({stem} AS varchar)) + 1) AS bigint)) FROM tickets t "
    "WHERE t.no >= {first} AND t.no <= {last}), 0) FROM ticket_numbers s ON CONFLICT DO NOTHING"
)
"""Numbers that were given before there was a sequence (an upgrade during the day) are counted in."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a new ticket will be: its row's id and its number."""

    id: int
    no: str


async def reserve(session: AsyncSession, now: datetime) -> Reserved:
    """The next number of the day. Waits only for the first of a day, until its commit."""
    stem = _stem(now)
    query, values = text(_RESERVE.format(count=":count", stem=":stem")), {"stem": stem, "count": 1}
    row = (await session.execute(query, values)).one_or_none()
    if row is None:
        await session.execute(text(_BEGIN_DAY.format(stem=":stem", first=":first", last=":last")), _range(stem))
        row = (await session.execute(query, values)).one()
    return Reserved(row.id, f"{stem}{row.count:05d}")


class NumberStock:
    """Numbers of one process ahead of their use, while many come in a second; one by one, in order, otherwise.

    What is left when a day or the process ends is a gap.
    """

    def __init__(self, direct: Direct) -> None:
        self._direct = direct
        self._fetching = asyncio.Lock()
        self._left: deque[Reserved] = deque()
        self._stem = ""
        self._size = 1
        self._fetched_at: datetime | None = None

    async def take(self, now: datetime) -> Reserved:
        """The next one of the day."""
        async with self._fetching:
            stem = _stem(now)
            if stem != self._stem or not self._left:
                await self._fetch(stem, now)
            return self._left.popleft()

    async def _fetch(self, stem: str, now: datetime) -> None:
        hurried = self._fetched_at is not None and now - self._fetched_at < _HURRY
        self._size = min(self._size * 2, _MOST_AHEAD) if hurried else 1
        query = _RESERVE.format(count="%(count)s", stem="%(stem)s")
        values = {"stem": stem, "count": self._size}
        rows = await self._direct.rows(query, values)
        if not rows:
            begin = _BEGIN_DAY.format(stem="%(stem)s", first="%(first)s", last="%(last)s") + " RETURNING base"
            await self._direct.rows(begin, _range(stem))
            rows = await self._direct.rows(query, values)
        self._left = deque(Reserved(row.id, f"{stem}{row.count:05d}") for row in rows)
        self._stem, self._fetched_at = stem, now


def _stem(now: datetime) -> str:
    return f"{_prefix()}{now.astimezone(CITY_ZONE):%Y%m%d}{_WEB_DIGIT}"


def _range(stem: str) -> dict[str, str]:
    return {"stem": stem, "first": f"{stem}00000", "last": f"{stem}99999"}


async def next_number(session: AsyncSession, now: datetime) -> str:
    """The number alone."""
    return (await reserve(session, now)).no


@cache
def _prefix() -> str:
    return AppSettings().ticket_prefix
