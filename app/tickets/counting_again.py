"""The dues of one ticket counted again on the calendar as it is now, each by the rule by which it was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.clock import local_iso
from app.tickets.clockwork import Clockwork, arm, ended_pauses
from app.tickets.facts import Present
from app.tickets.helpers import helper_due, sub_latest
from models.codes import ClockKind
from models.ownership import SubDispatch
from models.ticket import Clock, Ticket
from routing.calendar.limit import NATURAL, Limit
from routing.calendar.replay import Extended, Relimited, Shift, Stood, replay
from routing.errors import CalendarError
from routing.rulebook import Rulebook

CALENDAR = "calendar"
_ANEW = frozenset({"classified", "amend", "relimit"})
"""Why a due was moved by another limit from the same start."""
_SUBS = frozenset({ClockKind.SUB_SIGN, ClockKind.SUB_FINISH})


@dataclass(slots=True)
class Recount:
    """What came of one ticket."""

    moved: list[dict[str, Any]] = field(default_factory=list)
    """Clock (``return``: the window for returning it), from, to."""
    kept: int = 0
    """Dues that would have passed at once: a notice takes no time away that somebody has counted on."""
    unknown: int = 0
    """Clocks that need a year which is not known (any more): they stay."""


def recount(work: Clockwork, present: Present, chosen: frozenset[int]) -> Recount:
    """Move the dues of a locked ticket's live clocks, and arm them anew.

    ``chosen``: sub-dispatches whose date a person has named.
    """
    done = Recount()
    ticket, now = work.ticket, work.now
    for clock in sorted(work.clocks, key=lambda clock: clock.id or 0):  # who sends down before who is sent
        old = clock.due
        try:
            due = _due(work, clock, present, chosen)
        except CalendarError:
            done.unknown += 1
            due = None
        if due is not None and due < old and due <= now:
            done.kept += due != old
        elif due is not None and due != old:
            work.move(clock, due, CALENDAR)
            done.moved.append({"clock": clock.kind, "id": clock.id, "from": local_iso(old), "to": local_iso(due)})
            _carry(clock, present)
            work.rearm(clock)
        arm(clock, work.book, urgent=work.urgent)  # what lies beyond the due may have moved too
    _return_window(ticket, work.book, now, done)
    return done


def shifts_of(clock: Clock, longest: str | None) -> list[Shift]:
    """All that has moved a clock's due. ``longest``: of an extension whose limit was not kept with it."""
    shifts: list[Shift] = [Stood(since, until) for since, until in ended_pauses(clock.paused)]
    for old in clock.history:
        at = datetime.fromisoformat(old["at"])
        if old["why"] == "extension" and (limit := old.get("limit") or longest):
            shifts.append(Extended(at, limit))
        elif old["why"] in _ANEW:
            shifts.append(Relimited(at))
    return shifts


def _due(work: Clockwork, clock: Clock, present: Present, chosen: frozenset[int]) -> datetime | None:
    """None: it does not hang on the calendar, or a person has named the day."""
    kind = ClockKind.of(clock.kind)
    if kind is ClockKind.CO:
        return _of_helper(work, clock, present)
    if kind in _SUBS:
        return _of_sub(work, clock, present, chosen)
    if Limit.parse(clock.limit).unit in NATURAL:
        return None
    return _replayed(work, clock)


def _replayed(work: Clockwork, clock: Clock, until: datetime | None = None) -> datetime:
    longest = work.book.extension_limit(work.ticket.profile)
    return replay(
        clock.limit, clock.started_at, shifts_of(clock, longest), work.book.calendar,
        count_from_next_day=work.book.city.count_from_next_day, until=until,
    )  # fmt: skip


def _lead_due(work: Clockwork, at: datetime) -> datetime | None:
    """The lead's due as it stood when somebody was asked to work for it."""
    lead = work.live(ClockKind.FINISH)
    if lead is None:
        return None
    return lead.due if Limit.parse(lead.limit).unit in NATURAL else _replayed(work, lead, at)


def _of_helper(work: Clockwork, clock: Clock, present: Present) -> datetime | None:
    helper = next((helper for helper in present.helpers if helper.id == clock.ref), None)
    lead_due = _lead_due(work, clock.started_at)
    if helper is None or lead_due is None:
        return None
    return helper_due(lead_due, clock.started_at, work.book)


def _of_sub(work: Clockwork, clock: Clock, present: Present, chosen: frozenset[int]) -> datetime | None:
    sub = next((sub for sub in present.subs if sub.id == clock.ref), None)
    if sub is None:
        return None
    due = sub.due if sub.id in chosen else _latest(work, sub, present)
    if due is None or clock.kind == ClockKind.SUB_FINISH:
        return due
    return min(due, work.book.due(clock.limit, clock.started_at))


def _latest(work: Clockwork, sub: SubDispatch, present: Present) -> datetime | None:
    above = next((row for row in present.subs if row.id == sub.above), None)
    due = above.due if above is not None else _lead_due(work, sub.started_at)
    return None if due is None else sub_latest(due, sub.started_at, work.book)


def _carry(clock: Clock, present: Present) -> None:
    """Rows that say the same due."""
    kind = ClockKind.of(clock.kind)
    if kind is ClockKind.SUPERVISION and present.supervision is not None:
        present.supervision.due = clock.due
    elif kind is ClockKind.SUB_FINISH:
        for sub in present.subs:
            sub.due = clock.due if sub.id == clock.ref else sub.due
    elif kind is ClockKind.CO:
        for helper in present.helpers:
            helper.due = clock.due if helper.id == clock.ref else helper.due


def _return_window(ticket: Ticket, book: Rulebook, now: datetime, done: Recount) -> None:
    """Until when the unit may return it: a window that has closed stays closed."""
    old = ticket.return_until
    if old is None or old <= now or ticket.dispatched_at is None:
        return
    try:
        new = book.return_until(ticket.profile, ticket.urgency, ticket.dispatched_at)
    except CalendarError:
        return
    if new is not None and new != old and new > now:
        ticket.return_until = new
        done.moved.append({"clock": "return", "from": local_iso(old), "to": local_iso(new)})
