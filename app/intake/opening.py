"""Opening a ticket: number, query code, citizen, first event, and who answers for it until a unit does."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.intake.writing import write_new
from app.tickets.clocks import first_clocks
from app.tickets.numbers import Reserved, reserve
from models.base import Table
from models.codes import ClockKind, TicketEventKind, TicketStatus, Urgency
from models.ledger import GENESIS, chained, ticket_event_entry
from models.ownership import Holding
from models.ticket import Ticket, TicketEvent
from models.workflow_codes import HoldingKind
from routing.assessment import Limits
from routing.limits import limits_of
from routing.rulebook import Rulebook

_INTAKE = "热线受理"
_CODES = 10**6

Beside = Callable[[Ticket], Sequence[Table]]


async def open_ticket(
    db: AsyncSession,
    book: Rulebook,
    ticket: Ticket,
    by: str,
    now: datetime,
    told: dict[str, Any],
    *,
    accepted: datetime | None = None,
    beside: Beside = lambda _: (),
) -> Ticket:
    """Write a new ticket in 登记中, not judged yet. The caller commits.

    Args:
        db: the caller's transaction.
        book: the city's rules.
        ticket: its fields; ``no`` when telephony reserved one. The rest is filled in here.
        by: whose event it is.
        now: when it is written.
        told: what the event says besides.
        accepted: from when on its limits run; None: whoever opens it judges it in the same transaction, and then they
            do. The limits are those of its profile, the city's default where it has none.
        beside: makes rows that are to be written with it, once its number is known.
    """
    given = await reserve(db, now)
    await write_new(db, ticket, opened(book, ticket, given, by, now, told, accepted=accepted, beside=beside))
    return ticket


def opened(
    book: Rulebook,
    ticket: Ticket,
    given: Reserved,
    by: str,
    now: datetime,
    told: dict[str, Any],
    *,
    accepted: datetime | None,
    beside: Beside,
) -> list[Table]:
    """A ticket's own fields filled in, and the rows to be written with it; see :func:`open_ticket`."""
    ticket.id = given.id
    ticket.no = ticket.no or given.no
    ticket.query_code = f"{secrets.randbelow(_CODES):06d}"
    ticket.status = TicketStatus.DRAFT.value
    rows: list[Table] = [_created(ticket, by, now, told)]
    if accepted is not None:
        limits, faults = limits_of(_profile(ticket, book), accepted, book.city, book.calendar)
        rows += _timed(ticket, limits, faults, accepted, book)
        rows.append(
            Holding(
                ticket_id=given.id, unit=book.hotline(), kind=HoldingKind.INTAKE.value, started_at=now, reason=_INTAKE
            )
        )
    return [*rows, *beside(ticket)]


def _profile(ticket: Ticket, book: Rulebook) -> str:
    """Of what a person has said it is about; until it is judged, the citizen waits for an answer in any case."""
    default = book.city.default_profile
    if ticket.profile is not None:
        return ticket.profile
    if ticket.category is None:
        return "E1" if ticket.urgency == Urgency.EXTREME else default
    name = book.profile_for(ticket.category, ticket.type, ticket.urgency)
    return name if book.limit_of(ClockKind.CITIZEN, name) is not None else default


def _timed(ticket: Ticket, limits: Limits, faults: list[str], accepted: datetime, book: Rulebook) -> list[Table]:
    ticket.profile, ticket.due, ticket.citizen_due = limits.profile, limits.due, limits.citizen_due
    clocks, ticket.missing_clocks = first_clocks(ticket, limits, accepted, book)
    ticket.confirm = faults
    return list(clocks)


def _created(ticket: Ticket, by: str, now: datetime, told: dict[str, Any]) -> TicketEvent:
    assert ticket.id is not None
    event = TicketEvent(
        ticket_id=ticket.id,
        seq=1,
        kind=TicketEventKind.CREATED.value,
        actor=by,
        at=now.astimezone(UTC),
        payload={"channel": ticket.channel, **told},
        prev_hash=GENESIS,
        hash="",
    )
    event.hash = chained(GENESIS, ticket_event_entry(event))
    return event
