"""How much of a limit is left, or how long it has been up, as people say it: 还剩 1 个工作日 3 小时."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from routing.calendar.limit import NATURAL, Unit
from routing.calendar.shifts import same_point
from routing.calendar.working import WorkingCalendar
from routing.calendar.worktime import back, worked

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Remaining:
    """``days`` (working days where ``working``) and ``time`` beside them, left or, ``overdue``, past the due."""

    overdue: bool
    days: int
    time: timedelta
    working: bool
    due_now: bool = False
    """The instant of the due itself."""

    @property
    def hours(self) -> int:
        """Whole hours beside the days."""
        return self.time // _HOUR

    @property
    def minutes(self) -> int:
        """Whole minutes beside the hours."""
        return self.time % _HOUR // _MINUTE

    @property
    def label(self) -> str:
        """In Chinese; minutes only where there is no whole day."""
        if self.due_now:
            return "已到期"
        parts = [f"{self.days} {'个工作日' if self.working else '天'}"] if self.days else []
        parts += [f"{self.hours} 小时"] if self.hours else []
        parts += [f"{self.minutes} 分钟"] if self.minutes and not self.days else []
        if self.overdue:
            return " ".join(["已超期", *parts])
        return " ".join(["还剩", *parts]) if parts else "还剩不到 1 分钟"


def remaining(unit: Unit, due: datetime, at: datetime, calendar: WorkingCalendar) -> Remaining:
    """What is left at ``at`` of a limit of ``unit`` that is up at ``due``, or by how much it is overdue.

    A working day lasts from one point of a working day to the same point of the next (close to close), however long
    the office is open; what is beside whole ones is working time. Never grows while time goes on to the due.

    Raises:
        CalendarError: a year that is needed is not known.
    """
    overdue = at > due
    if unit in NATURAL:
        days, time = divmod(abs(at.astimezone(UTC) - due.astimezone(UTC)), _DAY)
        return Remaining(overdue, days, time, working=False, due_now=at == due)
    now, at, end = at, at.astimezone(calendar.zone), back(due, _NONE, calendar)
    if overdue:
        points = [p for day in _days(end.date(), at.date()) if (p := _point(end, day, calendar)) and end < p <= at]
        time = worked(points[-1] if points else end, at, calendar)
    else:
        at = back(at, _NONE, calendar)  # the night before a whole day belongs to the evening
        points = [p for day in _days(at.date(), end.date()) if (p := _point(end, day, calendar)) and at <= p < end]
        time = worked(at, points[0] if points else end, calendar)
    return Remaining(overdue, len(points), time, working=True, due_now=now == due)


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _point(end: datetime, day: date, calendar: WorkingCalendar) -> datetime | None:
    return same_point(end, day, calendar) if calendar.open(day) else None
