"""Ticket numbers of the web side: ``<prefix><yyyymmdd>0<5-digit day counter>`` (ADR 2: 1-9 are telephony's nodes)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import CITY_ZONE
from app.settings import AppSettings

_LOCK = 12345_00
_WEB_DIGIT = "0"


async def next_number(session: AsyncSession, now: datetime) -> str:
    """The next number of the day; taken once the caller has committed a ticket with it (others wait until then)."""
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    stem = f"{AppSettings().ticket_prefix}{now.astimezone(CITY_ZONE):%Y%m%d}{_WEB_DIGIT}"
    query = text("SELECT max(no) FROM tickets WHERE no >= :first AND no <= :last")
    last = (await session.execute(query, {"first": f"{stem}00000", "last": f"{stem}99999"})).scalar_one()
    return f"{stem}{int(last[len(stem) :]) + 1 if last else 1:05d}"
