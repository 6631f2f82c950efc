"""What a step does to a ticket's clocks: started, stopped, paused, resumed, armed with their next rung."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.clock import local_iso
from app.tickets.facts import is_standing
from models.codes import ClockKind
from models.ticket import Clock, Ticket
from routing.calendar.limit import Limit
from routing.calendar.shifts import resume_due
from routing.errors import CalendarError
from routing.ladder import Course, rung_at, stage_again, warned
from routing.rulebook import Rulebook
from routing.workflow import ENDED

HOLDERS = frozenset({ClockKind.SIGN, ClockKind.CONTACT, ClockKind.FEEDBACK, ClockKind.FINISH, ClockKind.PROGRESS})
"""Clocks of the unit that answers for the ticket."""
PAUSED_WITH_THE_TICKET = HOLDERS | {ClockKind.CITIZEN, ClockKind.DISPATCH, ClockKind.CALLBACK}
CLOSED = "closed"
REVIEWED = "reply_review"
"""Why a clock stood still where nobody had to approve it: the ticket was closed, the hotline had the reply."""


@dataclass(slots=True)
class Clockwork:
    """The clocks of one ticket during one step; what was done to them is told for the event."""

    db: AsyncSession
    ticket: Ticket
    clocks: list[Clock]
    book: Rulebook
    now: datetime
    told: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unwanted: set[str] = field(default_factory=set)
    """Kinds that were stopped: whoever waited for one of them waits no more."""

    @property
    def urgent(self) -> bool:
        return self.book.is_urgent(self.ticket.profile)

    def live(self, kind: ClockKind, ref: int | None = None) -> Clock | None:
        """The live clock of a kind (of a sub-dispatch or helper)."""
        return next((c for c in self.clocks if c.kind == kind and (ref is None or c.ref == ref)), None)

    def start(
        self,
        kind: ClockKind,
        *,
        limit: str | None,
        holder: str | None = None,
        ref: int | None = None,
        due: datetime | None = None,
        since: datetime | None = None,
    ) -> Clock | None:
        """A clock from now (or ``since``) on. None: no such limit, one runs, or it cannot be computed (missing)."""
        if limit is None or self.live(kind, ref) is not None:
            return None
        try:
            due = due or self.book.due(limit, since or self.now)
        except CalendarError:
            self.missing.append(kind.value)
            self.told.setdefault("missing", []).append(kind.value)
            return None
        assert self.ticket.id is not None
        clock = Clock(
            ticket_id=self.ticket.id,
            kind=kind.value,
            family="citizen" if kind is ClockKind.CITIZEN else "unit",
            holder=holder,
            limit=limit,
            started_at=since or self.now,
            due=due,
            ref=ref,
        )
        arm(clock, self.book, urgent=self.urgent)
        self.db.add(clock)
        self.clocks.append(clock)
        self.told.setdefault("started", {})[kind.value] = local_iso(due)
        return clock

    def stop(self, kinds: Iterable[ClockKind], outcome: str, ref: int | None = None) -> None:
        """Stop the live clocks of these kinds. A pause ends with its clock."""
        for kind in kinds:
            if ref is None:
                self.unwanted.add(kind.value)
            for clock in [c for c in self.clocks if c.kind == kind and (ref is None or c.ref == ref)]:
                self._count_overdue(clock)
                if is_standing(clock):
                    clock.paused = [*clock.paused[:-1], {**clock.paused[-1], "to": self.now.isoformat()}]
                clock.stopped_at = max(self.now, clock.started_at)
                clock.outcome, clock.next_at = outcome, None
                self.clocks.remove(clock)
                self.told.setdefault("stopped", []).append(kind.value)

    def hold(self, kinds: Iterable[ClockKind], reason: str) -> None:
        """Let clocks stand still from now on."""
        for clock in [c for c in self.clocks if c.kind in set(kinds) and not is_standing(c)]:
            self._count_overdue(clock)
            clock.paused = [*clock.paused, {"from": self.now.isoformat(), "reason": reason}]
            clock.next_at = None
            self.told.setdefault("paused", []).append(clock.kind)

    def release(self, kinds: Iterable[ClockKind]) -> None:
        """Let clocks that stand still go on: what was left is left. CalendarError: the year is not known."""
        for clock in [c for c in self.clocks if c.kind in set(kinds) and is_standing(c)]:
            since = datetime.fromisoformat(clock.paused[-1]["from"])
            clock.paused = [*clock.paused[:-1], {**clock.paused[-1], "to": self.now.isoformat()}]
            due = resume_due(Limit.parse(clock.limit).unit, clock.due, since, self.now, self.book.calendar)
            self.move(clock, due, str(clock.paused[-1]["reason"]))
            arm(clock, self.book, urgent=self.urgent)
            self.told.setdefault("resumed", {})[clock.kind] = local_iso(clock.due)

    def move(self, clock: Clock, due: datetime, why: str, **by: str) -> None:
        """Another due; the old one is kept, with why and by what it was moved."""
        if due != clock.due:
            old = {"due": clock.due.isoformat(), "at": self.now.isoformat(), "why": why, **by}
            clock.history = [*clock.history, old]
            if clock.due <= self.now < due:
                self._set_overdue(clock, overdue=False)
            clock.due = due
            self.told.setdefault("moved", {})[clock.kind] = local_iso(due)

    def _count_overdue(self, clock: Clock) -> None:
        """A clock that stops or is held after its due is overdue, also where no ticker ran in time to say so."""
        if not is_standing(clock) and clock.due < self.now:
            self._set_overdue(clock, overdue=True)

    def _set_overdue(self, clock: Clock, *, overdue: bool) -> None:
        name = overdue_field(ClockKind.of(clock.kind), self.ticket.profile, self.book)
        if name is not None:
            setattr(self.ticket, name, overdue)

    def rearm(self, clock: Clock) -> None:
        """After a due was moved: what lies ahead again will be warned of again."""
        clock.stage = stage_again(course_of(clock, urgent=self.urgent), clock.stage, self.now, self.book)
        arm(clock, self.book, urgent=self.urgent)

    async def reopen(self, kind: ClockKind, outcome: str | None = None, ref: int | None = None) -> Clock | None:
        """The newest stopped clock of a kind goes on, the time in between is not counted. None: there is none.

        Args:
            kind: of the clock.
            outcome: only one that was stopped with it.
            ref: only one of this helper.
        """
        if (live := self.live(kind, ref)) is not None:
            return live
        newest = select(Clock).filter_by(ticket_id=self.ticket.id, kind=kind.value).order_by(col(Clock.id).desc())
        if ref is not None:
            newest = newest.filter_by(ref=ref)
        clock = (await self.db.execute(newest.limit(1))).scalar_one_or_none()
        if clock is None or clock.stopped_at is None or outcome not in {None, clock.outcome}:
            return None
        since = clock.stopped_at
        clock.paused = [*clock.paused, {"from": since.isoformat(), "to": self.now.isoformat(), "reason": CLOSED}]
        due = resume_due(Limit.parse(clock.limit).unit, clock.due, since, self.now, self.book.calendar)
        self.move(clock, due, CLOSED)
        clock.stopped_at, clock.outcome = None, None
        arm(clock, self.book, urgent=self.urgent)
        self.clocks.append(clock)
        return clock

    def relimit(self, kinds: Iterable[ClockKind], limit: str) -> None:
        """Another limit from the same start, where that gives more time. CalendarError: the year is not known."""
        for clock in [c for c in self.clocks if c.kind in set(kinds)]:
            due = self.book.due(limit, clock.started_at)
            if due > clock.due:
                clock.limit = limit
                self.move(clock, due, "relimit")
                arm(clock, self.book, urgent=self.urgent)

    def settle(self) -> None:
        """The ticket's own fields follow its clocks."""
        finish, citizen = self.live(ClockKind.FINISH), self.live(ClockKind.CITIZEN)
        feedback = self.live(ClockKind.FEEDBACK)
        if finish is not None:
            self.ticket.due = finish.due
        elif feedback is not None:
            self.ticket.due = feedback.due
        if citizen is not None:
            self.ticket.citizen_due = citizen.due
        # one that runs meanwhile by the city's default limit is waited for all the same
        waiting = [k for k in self.ticket.missing_clocks if k not in self.unwanted or k == ClockKind.CITIZEN]
        started = self.told.get("started", {})
        self.ticket.missing_clocks = [k for k in dict.fromkeys((*waiting, *self.missing)) if k not in started]
        cards = [
            warned(ClockKind.of(clock.kind), clock.limit, clock.stage, urgent=self.urgent).value
            for clock in self.clocks
        ]
        self.ticket.warn_state = 0 if self.ticket.status in ENDED else max(cards, default=0)


def overdue_field(kind: ClockKind, profile: str | None, book: Rulebook) -> str | None:
    """Which of the ticket's marks tells that a clock of this kind is overdue: of its ``due`` or ``citizen_due``."""
    if kind is ClockKind.CITIZEN:
        return "citizen_overdue"
    of_unit = ClockKind.FEEDBACK if book.profile(profile).finish is None else ClockKind.FINISH
    return "unit_overdue" if kind is of_unit else None


def arm(clock: Clock, book: Rulebook, *, urgent: bool) -> None:
    """Set when the next rung of a clock's ladder is due; a clock that stands still has none."""
    if is_standing(clock) or clock.stopped_at is not None:
        clock.next_at = None
        return
    rung = rung_at(course_of(clock, urgent=urgent), clock.stage, book)
    clock.next_at = rung.at if rung is not None else None


def course_of(clock: Clock, *, urgent: bool) -> Course:
    """A clock as its ladder sees it."""
    ended = ended_pauses(clock.paused)
    return Course(ClockKind.of(clock.kind), clock.limit, clock.started_at, clock.due, urgent, ended)


def ended_pauses(paused: list[dict[str, Any]]) -> tuple[tuple[datetime, datetime], ...]:
    """From and until, of those that are over."""
    return tuple(
        (datetime.fromisoformat(pause["from"]), datetime.fromisoformat(pause["to"]))
        for pause in paused
        if "to" in pause
    )
