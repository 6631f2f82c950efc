"""What happens to a running clock by itself, and when: warnings, then what the system does. Each rung once, in order.

Warnings: yellow at 80 % of the limit or one working day before, red when due (domain.md §1.5). The unit's finish: the
system urges when due (催办), then supervises (督办), then circulates a notice (通报); a supervision not answered
in time goes one level up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from models.codes import ClockKind
from models.workflow_codes import WarnState
from routing.calendar.limit import NATURAL, Limit
from routing.calendar.progress import yellow_at
from routing.calendar.shifts import extended
from routing.errors import CalendarError
from routing.rulebook import Rulebook


class Deed(StrEnum):
    """One thing that happens when a rung is reached."""

    YELLOW = "yellow"
    RED = "red"
    ACT = "act"
    """The system's own action for the kind (routing.rulebook.event_of)."""
    SUPERVISE = "supervise"
    CIRCULATE = "circulate"
    RAISE = "raise"
    """The supervision's level, by one."""
    ALARM = "alarm"
    """An urgent ticket waits for the hotline: a 特急 one must not for longer than ten minutes (domain.md §3)."""


MARKS = frozenset({Deed.YELLOW, Deed.RED, Deed.ALARM})
"""What only warns: the ticket stays what it is."""
STALLED = timedelta(minutes=10)
"""How long a 特急 ticket may wait without an alarm."""


@dataclass(frozen=True, slots=True)
class Rung:
    at: datetime
    deed: Deed


@dataclass(frozen=True, slots=True)
class Course:
    """A clock as its ladder sees it."""

    kind: ClockKind
    limit: str
    started: datetime
    due: datetime
    urgent: bool = False
    """Of a ticket with profile E1 or E2."""
    paused: tuple[tuple[datetime, datetime], ...] = ()
    """Pauses that have ended."""


_WARNED = (Deed.YELLOW, Deed.RED)
_SILENT = frozenset({ClockKind.ARCHIVE, ClockKind.SUSPENSION, ClockKind.APPRAISAL, ClockKind.WAIT_INFO})
"""Not somebody's duty: nobody is warned."""
_WAITED_FOR = frozenset({ClockKind.DISPATCH, ClockKind.RETURN_REVIEW, ClockKind.ARBITRATE})
"""They run while a ticket waits in 20, 30, 35 or 45 for the hotline."""
_BEYOND = {
    ClockKind.SIGN: (Deed.ACT,),
    ClockKind.RETURN_REVIEW: (Deed.ACT,),
    ClockKind.SUPERVISION: (Deed.RAISE,),
    ClockKind.FINISH: (Deed.SUPERVISE, Deed.CIRCULATE),
}


def deeds_of(kind: ClockKind, limit: str, *, urgent: bool) -> tuple[Deed, ...]:
    """The rungs of a clock from the lowest up, whenever they are reached."""
    if kind in _SILENT:
        return (Deed.ACT,)
    beyond = _BEYOND.get(kind, ())
    if urgent and kind in _WAITED_FOR:
        span = _span(limit)
        if span is None or span > STALLED:
            return (Deed.ALARM, *_WARNED, *beyond)
        return (*_WARNED, Deed.ALARM, *beyond) if span == STALLED else (*_WARNED, *beyond, Deed.ALARM)
    return _WARNED + beyond


def _span(limit: str) -> timedelta | None:
    """How long a natural limit is; None: it is in working time."""
    parsed = Limit.parse(limit)
    return parsed.amount * NATURAL[parsed.unit] if parsed.unit in NATURAL else None


def ladder(course: Course, book: Rulebook) -> tuple[Rung, ...]:
    """The rungs in the order of time. One that needs an unknown year is left out with those after it."""
    rungs: list[Rung] = []
    for stage in range(len(deeds_of(course.kind, course.limit, urgent=course.urgent))):
        rung = rung_at(course, stage, book)
        if rung is None:
            break
        rungs.append(rung)
    return tuple(rungs)


def rung_at(course: Course, stage: int, book: Rulebook) -> Rung | None:
    """The rung that follows when ``stage`` of them are taken. None: there is none, or it needs an unknown year."""
    deeds = deeds_of(course.kind, course.limit, urgent=course.urgent)
    if stage >= len(deeds):
        return None
    try:
        return Rung(_when(deeds[stage], course, book), deeds[stage])
    except CalendarError:
        return None


def _when(deed: Deed, course: Course, book: Rulebook) -> datetime:
    rules = book.city.rules
    if deed is Deed.YELLOW:
        return _yellow(course, book)
    if deed is Deed.SUPERVISE:
        return extended(rules.escalate_supervise, course.due, book.calendar)
    if deed is Deed.CIRCULATE:
        return extended(rules.escalate_circulate, course.due, book.calendar)
    if deed is Deed.ALARM:
        span = _span(course.limit)
        begun = course.started if span is None else course.due - span  # a pause has moved it on
        return begun + STALLED
    if deed is Deed.ACT and course.kind is ClockKind.SIGN:
        grace = rules.sign_grace_urgent if course.urgent else rules.sign_grace
        return extended(grace, course.due, book.calendar)
    return course.due


def _yellow(course: Course, book: Rulebook) -> datetime:
    start, due, share = course.started, course.due, book.city.rules.warn_share
    if due <= start:
        return due
    try:
        return yellow_at(Limit.parse(course.limit), start, due, book.calendar, share=share, paused=course.paused)
    except CalendarError:  # the due was known, the days before the start are not: by the wall clock
        return (start.astimezone(UTC) + (due - start) * share).astimezone(book.calendar.zone)


def stage_again(course: Course, stage: int, now: datetime, book: Rulebook) -> int:
    """How many rungs count as taken after the due of a clock that stood at ``stage`` was moved.

    What was given is not given again while its time is past; what lies ahead again will be given again.
    """
    up = sum(rung.at <= now for rung in ladder(course, book))
    return min(stage, up)


def warned(kind: ClockKind, limit: str, stage: int, *, urgent: bool) -> WarnState:
    """The card a clock shows that has taken ``stage`` rungs."""
    taken = deeds_of(kind, limit, urgent=urgent)[:stage] if stage else ()
    if Deed.RED in taken:
        return WarnState.RED
    return WarnState.YELLOW if Deed.YELLOW in taken else WarnState.NORMAL
