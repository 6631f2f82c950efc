"""What is due on one ticket's clocks: the warnings at once, then the first rung on which the system acts. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.clock import local_iso
from app.tickets.clockwork import ended_pauses, overdue_field
from models.codes import ClockKind, TicketEventKind, TicketStatus, Urgency
from models.workflow_codes import TicketAction
from routing.ladder import MARKS, STALLED, Course, Deed, deeds_of, rung_at, warned
from routing.rulebook import Rulebook
from routing.workflow import TABLE
from routing.workflow_terms import SYSTEM


@dataclass(slots=True)
class LiveClock:
    """A running clock as the ticker reads it."""

    id: int
    kind: ClockKind
    holder: str | None
    limit: str
    started_at: datetime
    due: datetime
    paused: list[dict[str, Any]]
    stage: int
    next_at: datetime | None


@dataclass(slots=True)
class DueTicket:
    """A ticket, locked, with all its live clocks; ``climb`` changes it as the rungs are taken."""

    id: int
    no: str
    status: int
    profile: str | None
    urgency: int
    warn_state: int
    unit_overdue: bool
    citizen_overdue: bool
    clocks: list[LiveClock] = field(default_factory=list)


@dataclass(slots=True)
class Climbed:
    """What came of one ticket: its events in order, the clocks that moved on, and whose turn it is to act."""

    events: list[tuple[TicketAction | TicketEventKind, dict[str, Any]]] = field(default_factory=list)
    moved: dict[int, LiveClock] = field(default_factory=dict)
    taken: list[Deed] = field(default_factory=list)
    to_act: LiveClock | None = None
    """What is due after it waits for it."""


_MAY = {
    action: frozenset(
        source
        for step in TABLE
        if step.action is action and any(who.admits(SYSTEM) for who in step.who)
        for source in step.sources
    )
    for action in (TicketAction.WARN, TicketAction.OVERDUE, TicketAction.URGE)
}
"""In which states the table lets the system say so; elsewhere the rung is only taken."""
_STALLED = frozenset(
    {
        TicketStatus.DRAFT,
        TicketStatus.REVIEW,
        TicketStatus.DISPATCH,
        TicketStatus.ARBITRATE,
        TicketStatus.RETURN_REQUESTED,
    }
)
"""Where a ticket waits for the hotline."""


def climb(ticket: DueTicket, now: datetime, book: Rulebook) -> Climbed:
    """Take the rungs that are due in the order of time, up to the first one that needs an action of its own."""
    climbed = Climbed()
    urgent = book.is_urgent(ticket.profile)
    while due := [clock for clock in ticket.clocks if clock.next_at is not None and clock.next_at <= now]:
        clock = min(due, key=lambda clock: (clock.next_at, clock.id))
        deeds = deeds_of(clock.kind, clock.limit, urgent=urgent)
        deed = deeds[clock.stage] if clock.stage < len(deeds) else None
        if deed is not None and deed not in MARKS:
            climbed.to_act = clock
            break
        if deed is not None:
            _mark(ticket, clock, deed, book, climbed)
            climbed.taken.append(deed)
        clock.stage += 1
        clock.next_at = next_rung(clock, book, urgent=urgent)
        climbed.moved[clock.id] = clock
    cards = [warned(clock.kind, clock.limit, clock.stage, urgent=urgent).value for clock in ticket.clocks]
    ticket.warn_state = max(cards, default=0)
    return climbed


def next_rung(clock: LiveClock, book: Rulebook, *, urgent: bool) -> datetime | None:
    """When the next rung is due."""
    course = Course(
        clock.kind, clock.limit, clock.started_at, clock.due, urgent, () if clock.stage else ended_pauses(clock.paused)
    )
    rung = rung_at(course, clock.stage, book)
    return None if rung is None else rung.at


def _mark(ticket: DueTicket, clock: LiveClock, deed: Deed, book: Rulebook, climbed: Climbed) -> None:
    said = {
        "from": ticket.status,
        "to": ticket.status,
        "clock": clock.kind.value,
        "clock_id": clock.id,
        "due": local_iso(clock.due),
        "unit": clock.holder,
    }
    status = TicketStatus.of(ticket.status)
    if deed is Deed.ALARM:
        if ticket.urgency == Urgency.EXTREME and status in _STALLED:
            climbed.events.append((TicketEventKind.ALARMED, {**said, "waits_minutes": STALLED.seconds // 60}))
        return
    actions = [TicketAction.WARN if deed is Deed.YELLOW else TicketAction.OVERDUE]
    if deed is Deed.RED:
        name = overdue_field(clock.kind, ticket.profile, book)
        if name is not None:
            setattr(ticket, name, True)
        if clock.kind is ClockKind.FINISH:
            actions.append(TicketAction.URGE)
    climbed.events += [(action, said) for action in actions if status in _MAY[action]]
