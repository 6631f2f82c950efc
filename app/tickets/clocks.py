"""Clocks of a ticket: the citizen's, which never restarts, and the unit's (or the dispatcher's until then)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_iso
from app.tickets.clockwork import arm, course_of
from models.codes import ClockKind
from models.ticket import Clock, Ticket
from routing.assessment import Limits
from routing.ladder import stage_again
from routing.rulebook import Rulebook


@dataclass(slots=True)
class Settled:
    """What became of the clocks, for the ticket's events."""

    started: dict[str, Any] = field(default_factory=dict)
    adjusted: dict[str, Any] = field(default_factory=dict)
    """Kind → from and to; ``to`` None: the clock was stopped."""


def first_clocks(ticket: Ticket, limits: Limits, accepted: datetime, book: Rulebook) -> tuple[list[Clock], list[str]]:
    """The clocks of a ticket that has just come in, not in the database yet, and kinds that cannot be computed."""
    clocks, missing = [], []
    for kind, holder, due, limit in _wanted(ticket, limits, dispatched=False):
        if due is None:
            missing.append(kind.value)
        else:
            clocks.append(_new_clock(ticket, kind, holder, limit, accepted, due, book))
    return clocks, missing


def _new_clock(
    ticket: Ticket, kind: ClockKind, holder: str | None, limit: str, accepted: datetime, due: datetime, book: Rulebook
) -> Clock:
    assert ticket.id is not None
    family = "citizen" if kind is ClockKind.CITIZEN else "unit"
    clock = Clock(
        ticket_id=ticket.id, kind=kind.value, family=family, holder=holder, limit=limit, started_at=accepted, due=due
    )
    arm(clock, book, urgent=book.is_urgent(ticket.profile))
    return clock


async def settle_clocks(
    session: AsyncSession,
    ticket: Ticket,
    limits: Limits,
    accepted: datetime,
    now: datetime,
    book: Rulebook,
    *,
    dispatched: bool,
) -> Settled:
    """Make a ticket's clocks those of its limits; doing it again changes nothing.

    What runs is adjusted, not started anew: the citizen has one clock, from acceptance. A clock that cannot be computed
    yet is noted on the ticket; one that runs already (by the city's default) runs on until it can.
    """
    assert ticket.id is not None
    settled = Settled()
    clocks = (await session.execute(select(Clock).filter_by(ticket_id=ticket.id))).scalars()
    present = {clock.kind: clock for clock in clocks if clock.stopped_at is None}
    missing = []
    for kind, holder, due, limit in _wanted(ticket, limits, dispatched=dispatched):
        clock = present.pop(kind.value, None)
        if due is None:
            missing.append(kind.value)
        elif clock is None:
            session.add(_new_clock(ticket, kind, holder, limit, accepted, due, book))
            settled.started[kind.value] = local_iso(due)
        elif (clock.due, clock.limit) != (due, limit):
            settled.adjusted[kind.value] = {"from": local_iso(clock.due), "to": local_iso(due)}
            clock.history = [*clock.history, {"due": clock.due.isoformat(), "at": now.isoformat(), "why": "classified"}]
            urgent = book.is_urgent(ticket.profile)
            clock.due, clock.limit = due, limit
            clock.stage = stage_again(course_of(clock, urgent=urgent), clock.stage, now, book)
            arm(clock, book, urgent=urgent)
        if clock is not None and kind is ClockKind.CITIZEN:
            ticket.citizen_due = clock.due
    for kind in (ClockKind.DISPATCH, ClockKind.CITIZEN):
        clock = present.get(kind.value)
        if clock is not None:
            clock.stopped_at, clock.next_at = now, None
            clock.outcome = "dispatched" if kind is ClockKind.DISPATCH else "not_counted"
            settled.adjusted[kind.value] = {"from": local_iso(clock.due), "to": None}
    ticket.missing_clocks = missing
    await session.flush()
    return settled


def _wanted(
    ticket: Ticket, limits: Limits, *, dispatched: bool
) -> list[tuple[ClockKind, str | None, datetime | None, str]]:
    """(kind, holder, due or None where it could not be computed, limit) of what runs from acceptance on."""
    texts, unit = limits.texts, ticket.host_unit
    feedback = texts.get("first_feedback") or texts.get("backfill")
    wanted: list[tuple[ClockKind, str | None, datetime | None, str | None]] = [
        (ClockKind.CITIZEN, None, limits.citizen_due, texts.get("citizen")),
    ]
    if dispatched:
        wanted += [
            (ClockKind.SIGN, unit, limits.sign_due, texts.get("sign")),
            (ClockKind.CONTACT, unit, limits.contact_due, texts.get("contact")),
            (ClockKind.FEEDBACK, unit, limits.feedback_due, feedback),
            # without a finish limit `due` is the first feedback's, which has its clock
            (ClockKind.FINISH, unit, limits.due, texts.get("finish")),
        ]
    else:
        wanted.append((ClockKind.DISPATCH, None, limits.dispatch_due, texts.get("dispatch")))
    return [(kind, holder, due, limit) for kind, holder, due, limit in wanted if limit]
