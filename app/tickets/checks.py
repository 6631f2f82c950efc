"""Checks of single fields that many actions share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.clock import in_city
from app.tickets.errors import InputError, TimeError, UnknownCodeError
from app.tickets.step import Stepping
from models.attachment import Attachment
from models.call import Call
from models.codes import CallDirection
from models.ticket import Ticket
from routing.city.schema import Unit

MOST_ATTACHMENTS = 20
"""Of one ticket."""


def unit_of(s: Stepping, code: str | None, field: str = "unit") -> Unit:
    """A unit of the city. UnknownCodeError: there is none."""
    unit = s.book.units.get(code or "")
    if unit is None:
        raise UnknownCodeError(f"没有代码为“{code}”的单位", field)
    return unit


def code_of(kind: Any, code: object, field: str) -> Any:
    """A member of a code list. UnknownCodeError: there is none."""
    try:
        return kind.of(code)
    except ValueError:
        raise UnknownCodeError(f"没有代码“{code}”", field) from None


def later(s: Stepping, at: datetime | None, field: str = "until") -> datetime:
    """A time to come. TimeError: it is past."""
    at = in_city(at)
    if at is None or at <= s.now:
        raise TimeError("时间须晚于现在", field)
    return at


def earlier(s: Stepping, at: datetime | None, field: str = "at") -> datetime:
    """A time that is past, not before the ticket. TimeError: it is not."""
    at = in_city(at)
    if at is None or at > s.now:
        raise TimeError("时间不能晚于现在", field)
    if at < s.ticket.created_at:
        raise TimeError("时间不能早于受理时间", field)
    return at


async def take_attachments(s: Stepping) -> list[int]:
    """The attachments given, now the ticket's. UnknownCodeError: one is not there, or another ticket's."""
    return await attach(s.db, s.body.attachments or (), s.ticket_id)


async def attach(db: AsyncSession, ids: Iterable[int], ticket_id: int) -> list[int]:
    """Give uploaded files to a ticket.

    Raises:
        UnknownCodeError: one is not there, or another ticket's.
        InputError: the ticket would have too many.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return []
    query = select(Attachment).where(col(Attachment.id).in_(wanted)).with_for_update()
    found = {row.id: row for row in (await db.execute(query)).scalars()}
    for number in wanted:
        row = found.get(number)
        if row is None or row.ticket_id not in {None, ticket_id}:
            raise UnknownCodeError(f"没有附件 {number}", "attachments")
    others = select(func.count()).where(col(Attachment.ticket_id) == ticket_id, col(Attachment.id).not_in(wanted))
    if (await db.execute(others)).scalar_one() + len(wanted) > MOST_ATTACHMENTS:
        raise InputError(f"一张工单最多 {MOST_ATTACHMENTS} 个附件", "attachments")
    await db.execute(update(Attachment).where(col(Attachment.id).in_(wanted)).values(ticket_id=ticket_id))
    return wanted


async def known_call(s: Stepping, *, with_the_citizen: bool = False) -> str | None:
    """The call given. UnknownCodeError: there is none (with him whose ticket it is)."""
    if s.body.call_id is not None:
        call = (await s.db.execute(select(Call).filter_by(id=s.body.call_id))).scalar_one_or_none()
        if call is None or (with_the_citizen and not _is_with_the_citizen(call, s.ticket)):
            raise UnknownCodeError("没有这通电话", "call_id")
    return s.body.call_id


def _is_with_the_citizen(call: Call, ticket: Ticket) -> bool:
    far = call.dialled if call.direction == CallDirection.OUT else call.ani
    same = call.citizen_id is not None and call.citizen_id == ticket.citizen_id
    return same or call.id == ticket.call_id or far in {ticket.caller_phone, ticket.contact_phone} - {None}
