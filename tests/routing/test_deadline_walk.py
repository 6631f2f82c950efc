"""Deadlines agree with a walk through time, minute by minute, on calendars of every shape."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.calendar.deadline import deadline
from routing.calendar.working import WorkingCalendar
from routing.city.schema import CalendarDay, CalendarLayer, OfficeHours

from .conftest import SHANGHAI

FIRST = date(2026, 3, 2)
SPAN = 40
MINUTE = timedelta(minutes=1)

Spans = tuple[tuple[time, time], ...]


class Walk:
    """The rules once more, as a table of days and a pace of one minute: slow, and nothing shared with the code."""

    def __init__(self, off: set[date], make_up: set[date], spans: Spans) -> None:
        self.off, self.make_up, self.spans = off, make_up, spans

    def working_day(self, day: date) -> bool:
        return day in self.make_up or (day.isoweekday() <= 5 and day not in self.off)

    def working(self, moment: datetime) -> bool:
        return self.working_day(moment.date()) and any(a <= moment.time() < b for a, b in self.spans)

    def hours(self, start: datetime, amount: int) -> datetime:
        """Steps of a minute from the second of the start; a step is worked when its beginning is."""
        moment, left = start, amount * 60
        while True:
            if self.working(moment):
                left -= 1
            moment += MINUTE
            if left == 0:
                return moment

    def days(self, start: datetime, amount: int, *, next_day: bool) -> datetime:
        close = self.spans[-1][1]
        received = start.date()
        late = start.time() >= close
        while late or not self.working_day(received):
            received, late = received + timedelta(days=1), False
        left = amount if next_day else amount - 1
        while left:
            received += timedelta(days=1)
            left -= self.working_day(received)
        return datetime.combine(received, close, SHANGHAI)


@st.composite
def offices(draw: st.DrawFn) -> Spans:
    """One to three intervals of whole minutes, with breaks between them."""
    count = draw(st.integers(1, 3))
    marks = draw(st.lists(st.integers(6 * 60, 22 * 60), min_size=2 * count, max_size=2 * count, unique=True))
    times = [time(mark // 60, mark % 60) for mark in sorted(marks)]
    return tuple(zip(times[::2], times[1::2], strict=True))


DAYS = st.sets(st.integers(0, SPAN).map(lambda n: FIRST + timedelta(days=n)), max_size=12)
STARTS = st.integers(0, 14 * 24 * 60).map(lambda n: datetime.combine(FIRST, time(0), SHANGHAI) + n * MINUTE)


def calendar_of(off: set[date], make_up: set[date], spans: Spans) -> WorkingCalendar:
    """Days off in a lower layer, make-up days in a higher one: the higher wins where both name a day."""
    lower = CalendarLayer("国", (2026,), True, tuple(CalendarDay(day, False, "国", "假", "") for day in sorted(off)))
    upper = CalendarLayer("市", (2026,), False, tuple(CalendarDay(d, True, "市", "补", "") for d in sorted(make_up)))
    return WorkingCalendar([lower, upper], [OfficeHours(date(2026, 1, 1), spans)], "Asia/Shanghai")


@settings(max_examples=150, deadline=None)
@given(off=DAYS, make_up=DAYS, spans=offices(), start=STARTS, amount=st.integers(1, 15), next_day=st.booleans())
def test_working_days_agree_with_the_walk(off, make_up, spans, start, amount, next_day):
    calendar = calendar_of(off, make_up, spans)
    due = deadline(f"{amount}wd", start, calendar, count_from_next_day=next_day).due
    assert due == Walk(off, make_up, spans).days(start, amount, next_day=next_day)


@settings(max_examples=100, deadline=None)
@given(off=DAYS, make_up=DAYS, spans=offices(), start=STARTS, amount=st.integers(1, 9))
def test_working_hours_agree_with_the_walk(off, make_up, spans, start, amount):
    # Long days only: the walk costs a step a minute.
    spans = ((spans[0][0], max(spans[-1][1], time(22, 30))),) if len(spans) == 1 else spans
    worked = sum(b.hour * 60 + b.minute - a.hour * 60 - a.minute for a, b in spans)
    amount = min(amount, max(1, worked // 12))
    due = deadline(f"{amount}wh", start, calendar_of(off, make_up, spans)).due
    assert due == Walk(off, make_up, spans).hours(start, amount)


@settings(max_examples=40, deadline=None)
@given(start=STARTS, seconds=st.integers(0, 59), amount=st.integers(1, 6))
def test_working_hours_are_exact_to_the_second(start, seconds, amount):
    """The due time less a second is too early by a second of work, counted second by second on the usual office."""
    spans: Spans = ((time(8, 30), time(12)), (time(14), time(18)))
    walk = Walk(set(), set(), spans)
    start += timedelta(seconds=seconds)
    due = deadline(f"{amount}wh", start, calendar_of(set(), set(), spans)).due
    moment, worked = start, 0
    while moment < due:  # whole minutes first, seconds at the edges of work
        step = MINUTE if walk.working(moment) == walk.working(moment + MINUTE - timedelta(seconds=1)) else None
        step = step or timedelta(seconds=1)
        step = min(step, due - moment)
        worked += int(step.total_seconds()) * walk.working(moment)
        moment += step
    assert worked == amount * 3600
    assert walk.working(due - timedelta(seconds=1))


@settings(max_examples=60, deadline=None)
@given(off=DAYS, start=STARTS, amount=st.integers(1, 500), unit=st.sampled_from([("m", 60), ("h", 3600), ("d", 86400)]))
def test_natural_limits_run_day_and_night_on_any_calendar(off, start, amount, unit):
    calendar = calendar_of(off, set(), ((time(9), time(10)),))
    due = deadline(f"{amount}{unit[0]}", start, calendar).due
    assert due.timestamp() - start.timestamp() == amount * unit[1]
    assert deadline(f"{amount}n{unit[0]}", start, calendar).due == due
