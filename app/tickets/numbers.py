"""Ticket numbers of the web side: ``<prefix><yyyymmdd>0<5-digit day counter>`` (ADR 2: 1-9 are telephony's nodes).

Nobody waits for anybody: the count is a sequence's, less what it stood at when the day began. What is rolled back
leaves a gap, and so may a crash of PostgreSQL; no number is ever given twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import CITY_ZONE
from app.settings import AppSettings

_WEB_DIGIT = "0"
_RESERVE = text(
    "WITH known AS (SELECT id FROM citizens WHERE phone = :phone), "
    "new AS (INSERT INTO citizens (phone, created_at) SELECT CAST(:phone AS varchar), now() "
    "WHERE CAST(:phone AS varchar) IS NOT NULL AND NOT EXISTS (SELECT FROM known) "
    "ON CONFLICT (phone) DO UPDATE SET phone = excluded.phone RETURNING id) "
    "SELECT nextval('tickets_id_seq') AS id, nextval('ticket_numbers') - d.base AS count, "
    "coalesce((SELECT id FROM known), (SELECT id FROM new)) AS citizen_id FROM ticket_days d WHERE d.stem = :stem"
)
"""Whoever comes for the first time becomes a citizen; by two ways at once he is still one."""
_BEGIN_DAY = text(
    "INSERT INTO ticket_days (stem, base) SELECT CAST(:stem AS varchar), s.last_value - CAST(NOT s.is_called AS int) "
    "- coalesce((SELECT max(CAST(substr(t.no, length(CAST(:stem AS varchar)) + 1) AS bigint)) FROM tickets t "
    "WHERE t.no >= :first AND t.no <= :last), 0) FROM ticket_numbers s ON CONFLICT DO NOTHING"
)
"""Numbers that were given before there was a sequence (an upgrade during the day) are counted in."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a new ticket will be: its row's id, its number, and its citizen's id; None: nobody knows his number."""

    id: int
    no: str
    citizen_id: int | None


async def reserve(session: AsyncSession, now: datetime, phone: str | None = None) -> Reserved:
    """The next number of the day. Waits only for the first of a day, until its commit."""
    stem = f"{_prefix()}{now.astimezone(CITY_ZONE):%Y%m%d}{_WEB_DIGIT}"
    values = {"stem": stem, "phone": phone}
    row = (await session.execute(_RESERVE, values)).one_or_none()
    if row is None:
        await session.execute(_BEGIN_DAY, {"stem": stem, "first": f"{stem}00000", "last": f"{stem}99999"})
        row = (await session.execute(_RESERVE, values)).one()
    return Reserved(row.id, f"{stem}{row.count:05d}", row.citizen_id)


async def next_number(session: AsyncSession, now: datetime) -> str:
    """The number alone."""
    return (await reserve(session, now)).no


@cache
def _prefix() -> str:
    return AppSettings().ticket_prefix
