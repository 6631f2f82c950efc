"""协办 and 下派: whoever works for the lead is due half a working day before it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets.clockwork import arm
from models.codes import ClockKind
from models.ownership import CoHandling
from models.ticket import Clock, Ticket
from routing.calendar.shifts import before, extended
from routing.errors import CalendarError
from routing.rulebook import Rulebook


def helper_due(lead_due: datetime | None, now: datetime, book: Rulebook) -> datetime | None:
    """When a helper must have answered; None: the lead has no due, or the year is not known.

    Half a working day before the lead; by the lead's own due where that is past, and where the lead is late already,
    within half a working day.
    """
    if lead_due is None:
        return None
    half_a_day = book.city.rules.sub_due_before
    try:
        if lead_due <= now:
            return extended(half_a_day, now, book.calendar)
        early = before(half_a_day, lead_due, book.calendar)
    except CalendarError:
        return None
    return early if early > now else lead_due


def sub_latest(above_due: datetime, now: datetime, book: Rulebook) -> datetime:
    """When a sub-dispatch made at ``now`` is due at the latest; CalendarError: the year is not known.

    Half a working day before the sender's own due; a sender that has less than that halves what is left, and one that
    is late already gives half a working day.
    """
    if above_due <= now:
        return extended(book.city.rules.sub_due_before, now, book.calendar)
    latest = before(book.city.rules.sub_due_before, above_due, book.calendar)
    return latest if latest > now else now + (above_due - now) / 2


async def name_helpers(
    db: AsyncSession, ticket: Ticket, lead_due: datetime | None, now: datetime, book: Rulebook
) -> None:
    """The helpers of a ticket that goes out for the first time."""
    assert ticket.id is not None
    due = helper_due(lead_due, now, book)
    limit = book.limit_of(ClockKind.CO, ticket.profile)
    for code in ticket.co_units:
        row = CoHandling(ticket_id=ticket.id, unit=code, started_at=now, due=due)
        db.add(row)
        await db.flush()
        if due is not None and limit is not None:
            clock = Clock(
                ticket_id=ticket.id, kind=ClockKind.CO.value, family="unit", holder=code, limit=limit,
                started_at=now, due=max(due, now), ref=row.id,
            )  # fmt: skip
            arm(clock, book, urgent=book.is_urgent(ticket.profile))
            db.add(clock)
        elif limit is not None and ClockKind.CO not in ticket.missing_clocks:
            ticket.missing_clocks = [*ticket.missing_clocks, ClockKind.CO.value]  # once the lead's due is known
