"""The due of a clock counted again from its start, with all that has moved it since: after the calendar has changed.

Each shift is taken in the order of time and by the rule by which it was made, on the calendar as it is now. On an
unchanged calendar the result is the due the clock has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.calendar.deadline import deadline
from routing.calendar.limit import Limit
from routing.calendar.shifts import extended, resume_due
from routing.calendar.working import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Stood:
    """It stood still, and went on with what was left."""

    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Extended:
    """It was given more time from its due on."""

    at: datetime
    limit: str


@dataclass(frozen=True, slots=True)
class Relimited:
    """It was given another limit from the same start: what had moved it before counts no more."""

    at: datetime


Shift = Stood | Extended | Relimited


def replay(
    limit: Limit | str,
    start: datetime,
    shifts: Sequence[Shift],
    calendar: WorkingCalendar,
    *,
    count_from_next_day: bool = True,
    until: datetime | None = None,
) -> datetime:
    """The due as it would be now. ``limit``: the present one. ``until``: as it was at that instant.

    Raises:
        LimitError: a text is no limit.
        CalendarError: a year that is needed is not known.
    """
    limit = Limit.of(limit)
    base = due = deadline(limit, start, calendar, count_from_next_day=count_from_next_day).due
    for shift in sorted(shifts, key=lambda shift: shift.at):
        if until is not None and shift.at > until:
            break
        if isinstance(shift, Stood):
            due = resume_due(limit.unit, due, shift.since, shift.at, calendar)
        elif isinstance(shift, Extended):
            due = extended(shift.limit, due, calendar)
        else:
            due = base
    return due
