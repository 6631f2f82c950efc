"""Instants that lie a limit before or after a due: resumption, extension, what must be done earlier, cut-offs.

A due in working days lies at office close, and so does every day counted from it. One that lies elsewhere (half a day
before another) keeps its time of day.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from routing.calendar.limit import NATURAL, Limit, Unit
from routing.calendar.working import WorkingCalendar
from routing.calendar.worktime import back, forward, worked
from routing.errors import LimitError

_NONE = timedelta(0)
_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def resume_due(
    unit: Unit, due: datetime, paused_at: datetime, resumed_at: datetime, calendar: WorkingCalendar
) -> datetime:
    """The due of a clock that stood still from ``paused_at`` to ``resumed_at``: what was left is left from now on.

    Natural limits: as much time. Working hours: as much working time. Working days are kept whole: as many office
    closes as lay ahead when it was paused lie ahead when it is resumed, so that the due is again an office close, and
    a pause within one working day moves nothing. Never earlier than ``due``; a pause of no length changes nothing; two
    pauses end to end are as one. What was up before the pause stays up.

    Raises:
        ValueError: it is resumed before it is paused.
        CalendarError: a year that is needed is not known.
    """
    if resumed_at < paused_at:
        raise ValueError("a clock is resumed after it is paused")
    due = due.astimezone(calendar.zone)
    if paused_at >= due:
        return due
    if unit in NATURAL:
        return (due.astimezone(UTC) + (resumed_at - paused_at)).astimezone(calendar.zone)
    if unit == "wd" and _is_close(due, calendar):
        return _nth_close(resumed_at, _closes(paused_at, due, calendar), calendar)
    left = worked(paused_at, due, calendar)
    return max(due, forward(resumed_at, left, calendar)) if left else due


def extended(limit: Limit | str, due: datetime, calendar: WorkingCalendar) -> datetime:
    """The due of a clock that is given ``limit`` more from its old ``due`` on: 5wd are 5 further working days.

    Raises:
        LimitError: the text is no limit.
        CalendarError: a year that is needed is not known.
    """
    limit = Limit.of(limit)
    if limit.unit == "wd":
        return calendar.close(calendar.shifted(due.astimezone(calendar.zone).date(), limit.amount))
    if limit.unit == "wh":
        return forward(due, timedelta(hours=limit.amount), calendar)
    return (due.astimezone(UTC) + limit.amount * NATURAL[limit.unit]).astimezone(calendar.zone)


def before(limit: Limit | str, due: datetime, calendar: WorkingCalendar) -> datetime:
    """The instant a limit before ``due``: so many working days earlier at the same point of the day, or so much time.

    Raises:
        LimitError: the text is no limit.
        CalendarError: a year that is needed is not known.
    """
    limit = Limit.of(limit)
    if limit.unit == "wd":
        end = back(due, _NONE, calendar)
        return same_point(end, calendar.shifted(end.date(), -limit.amount), calendar)
    if limit.unit == "wh":
        return back(due, timedelta(hours=limit.amount), calendar)
    return (due.astimezone(UTC) - limit.amount * NATURAL[limit.unit]).astimezone(calendar.zone)


def half_day_before(due: datetime, calendar: WorkingCalendar) -> datetime:
    """Half a working day before ``due``: half of the working time of its day (domain.md §3: a sub-unit's own due).

    Raises:
        CalendarError: a year that is needed is not known.
    """
    end = back(due, _NONE, calendar)
    whole = sum((close - start for start, close in calendar.open(end.date())), _NONE)
    return back(end, whole / 2, calendar)


def same_point(due: datetime, day: date, calendar: WorkingCalendar) -> datetime:
    """The point of a working day ``day`` where ``due`` lies in its own: close for close, else the time of day."""
    close = calendar.close(day)
    return close if _is_close(due, calendar) else min(datetime.combine(day, due.timetz()), close)


def cutoff(due: datetime, clock: str, calendar: WorkingCalendar) -> datetime:
    """Before which instant a request about a limit due then must be in: that day at ``clock``, never after ``due``.

    Where nobody works on that day, the last working day before it (domain.md §3.1, rule 7).

    Raises:
        LimitError: ``clock`` is no time of day like 17:00.
        CalendarError: a year that is needed is not known.
    """
    due = due.astimezone(calendar.zone)
    day = due.date() if calendar.open(due.date()) else calendar.shifted(due.date(), -1)
    return min(due, datetime.combine(day, _time_of_day(clock), calendar.zone))


def before_cutoff(at: datetime, clock: str, calendar: WorkingCalendar) -> bool:
    """Whether ``at`` is on a working day and before that day's ``clock`` (17:00): what comes later is the next day's.

    Raises:
        LimitError: ``clock`` is no time of day like 17:00.
        CalendarError: the year is not known.
    """
    at = at.astimezone(calendar.zone)
    return bool(calendar.open(at.date())) and at.time() < _time_of_day(clock)


def _time_of_day(text: str) -> time:
    if _CLOCK.fullmatch(text) is None:
        raise LimitError(f"无法识别的时刻 {text!r}：应写作 17:00")
    return time.fromisoformat(text)


def _is_close(due: datetime, calendar: WorkingCalendar) -> bool:
    intervals = calendar.open(due.date())
    return bool(intervals) and due == intervals[-1][1]


def _closes(after: datetime, until: datetime, calendar: WorkingCalendar) -> int:
    """How many office closes lie in (after, until]."""
    day, last = after.astimezone(calendar.zone).date(), until.date()
    count = 0
    while day <= last:
        intervals = calendar.open(day)
        count += bool(intervals) and after < intervals[-1][1] <= until
        day += _DAY
    return count


def _nth_close(after: datetime, count: int, calendar: WorkingCalendar) -> datetime:
    """The ``count``-th office close (at least the first) after an instant."""
    day = after.astimezone(calendar.zone).date()
    if calendar.open(day) and after < calendar.close(day):
        count -= 1
    return calendar.close(calendar.shifted(day, count))
