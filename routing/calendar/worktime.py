"""How much working time lies between two instants, and which instant lies so much further on or back.

An end of working time is told as the end of work, never as the beginning of what follows: after the last minute of
Tuesday it is Tuesday's office close, not Wednesday's opening (between which nobody works).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.calendar.working import WorkingCalendar

_NONE = timedelta(0)
_DAY = timedelta(days=1)


def worked(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """Working time in [start, end); nothing where ``end`` is not after ``start``.

    Raises:
        CalendarError: a day between them is of a year that is not known.
    """
    start, end = start.astimezone(calendar.zone), end.astimezone(calendar.zone)
    total, day = _NONE, start.date()
    last = (end - timedelta(microseconds=1)).date()
    while start < end and day <= last:
        total += sum((max(min(b, end) - max(a, start), _NONE) for a, b in calendar.open(day)), _NONE)
        day += _DAY
    return total


def forward(at: datetime, amount: timedelta, calendar: WorkingCalendar) -> datetime:
    """The first instant by which ``amount`` has been worked since ``at``.

    Raises:
        CalendarError: a day that is needed is of a year that is not known.
    """
    if amount > _NONE:
        for start, end in calendar.intervals_from(at):
            if end - start >= amount:
                return start + amount
            amount -= end - start
    return at.astimezone(calendar.zone)


def back(at: datetime, amount: timedelta, calendar: WorkingCalendar) -> datetime:
    """The instant from which ``amount`` is worked until ``at``; with no amount, the last end of work up to ``at``.

    Raises:
        CalendarError: a day that is needed is of a year that is not known.
    """
    at = at.astimezone(calendar.zone)
    day = at.date()
    while True:
        for start, close in reversed(calendar.open(day)):
            end = min(close, at)
            if end - start > amount:
                return end - amount
            amount -= max(end - start, _NONE)
        day = calendar.shifted(day, -1)
