"""How far a running limit has got: what has passed of it, which share, and when it turns yellow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from routing.calendar.limit import NATURAL, Limit
from routing.calendar.shifts import before
from routing.calendar.working import WorkingCalendar
from routing.calendar.worktime import forward, worked

Pause = tuple[datetime, datetime | None]
"""When a clock stood still, from and until; None: it still does."""
_NONE = timedelta(0)


def elapsed(limit: Limit | str, start: datetime, at: datetime, calendar: WorkingCalendar) -> timedelta:
    """Time that has passed from ``start`` to ``at`` as the limit counts it: working time, or all time (natural limits).

    Nothing before ``start``. The day of receipt, which a limit in working days does not count as one of its days, is
    worked nevertheless and passes here, so that the time from receipt to due is whole.

    Raises:
        LimitError: the text is no limit.
        CalendarError: a year that is needed is not known.
    """
    if Limit.of(limit).unit in NATURAL:
        return max(at.astimezone(UTC) - start.astimezone(UTC), _NONE)
    return worked(start, at, calendar)


def share(
    limit: Limit | str,
    start: datetime,
    due: datetime,
    at: datetime,
    paused: Sequence[Pause],
    calendar: WorkingCalendar,
) -> float:
    """The part of the time from ``start`` to ``due`` that is used up: 0 at the start, 1 when due, more afterwards.

    ``due`` is the present one, moved by every pause that has ended; an open pause holds the share where it began.

    Raises:
        LimitError: the text is no limit.
        CalendarError: a year that is needed is not known.
    """
    standing = [begin for begin, end in paused if end is None]
    closed = [(begin, end) for begin, end in paused if end is not None]
    used = _ran(limit, start, min([at, *standing]), closed, calendar)
    whole = _ran(limit, start, due, closed, calendar)
    if whole == _NONE:
        return float(at >= due)
    return used / whole


def yellow_at(
    limit: Limit | str,
    start: datetime,
    due: datetime,
    calendar: WorkingCalendar,
    *,
    share: float = 0.8,
    paused: Sequence[tuple[datetime, datetime]] = (),
) -> datetime:
    """When a clock turns yellow: at ``share`` of its time or a working day before it is due, whichever is earlier.

    Only a limit of several working days has the second (domain.md §1.5: "80 % of limit or due−1wd"). ``paused`` holds
    pauses that have ended. Always after ``start`` and before ``due``.

    Raises:
        ValueError: ``due`` is not after ``start``.
        LimitError: the text is no limit.
        CalendarError: a year that is needed is not known.
    """
    if due <= start:
        raise ValueError("a limit ends after it starts")
    limit = Limit.of(limit)
    at = _when(limit, start, due, share, paused, calendar)
    if limit.unit == "wd" and limit.amount > 1:
        eve = before("1wd", due, calendar)
        at = min(at, eve) if eve > start else at
    at = at.replace(microsecond=0)
    if start < at < due:
        return at
    # Nothing is worked in between, or too little to be divided: by the wall clock then.
    return (start.astimezone(UTC) + (due - start) * share).astimezone(calendar.zone)


def _when(
    limit: Limit, start: datetime, due: datetime, part: float, paused: Sequence[Pause], calendar: WorkingCalendar
) -> datetime:
    """The instant at which ``part`` of the time from start to due has run."""
    left = _ran(limit, start, due, paused, calendar) * part
    for begin, end in _running(start, due, paused):
        here = elapsed(limit, begin, end, calendar)
        if here >= left:
            if limit.unit in NATURAL:
                return (begin.astimezone(UTC) + left).astimezone(calendar.zone)
            return forward(begin, left, calendar)
        left -= here
    return due


def _ran(
    limit: Limit | str, start: datetime, end: datetime, paused: Sequence[Pause], calendar: WorkingCalendar
) -> timedelta:
    return sum((elapsed(limit, a, b, calendar) for a, b in _running(start, end, paused)), _NONE)


def _running(start: datetime, end: datetime, paused: Sequence[Pause]) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of [start, end) outside of the pauses, which may overlap and lie in any order."""
    for begin, resumed in sorted(paused, key=lambda pause: pause[0]):
        if begin >= end:
            break
        if begin > start:
            yield start, begin
        start = max(start, resumed or end)
    if start < end:
        yield start, end
