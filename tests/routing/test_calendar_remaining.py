"""What is left of a limit, as it is told: by hand and against the minute walk."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, seed
from hypothesis import strategies as st

from routing.calendar.deadline import deadline
from routing.calendar.remaining import Remaining, remaining
from routing.calendar.shifts import half_day_before
from routing.calendar.worktime import worked
from routing.errors import CalendarError

from .calendar_worlds import SEED, instants, outcome, profile, worlds
from .conftest import at

TUESDAY = "2026-03-03 18:00"
HOLIDAY = "2026-10-08 18:00"
NONE = timedelta(0)
WORKING = st.sampled_from(["wh", "wd"])


@pytest.mark.parametrize(
    ("unit", "due", "now", "label"),
    [
        ("wd", TUESDAY, "2026-03-02 10:00", "还剩 1 个工作日 6 小时"),  # 2 h to lunch, 4 h after, then Tuesday
        ("wd", TUESDAY, "2026-03-02 10:20", "还剩 1 个工作日 5 小时"),
        ("wd", TUESDAY, "2026-03-02 17:40", "还剩 1 个工作日"),
        ("wd", TUESDAY, "2026-03-02 18:00", "还剩 1 个工作日"),
        ("wd", TUESDAY, "2026-03-02 22:00", "还剩 1 个工作日"),  # the night takes nothing away
        ("wd", TUESDAY, "2026-03-03 08:30", "还剩 1 个工作日"),
        ("wd", TUESDAY, "2026-03-03 08:30:01", "还剩 7 小时 29 分钟"),
        ("wd", TUESDAY, "2026-03-02 08:00", "还剩 2 个工作日"),
        ("wd", TUESDAY, "2026-03-01 12:00", "还剩 2 个工作日"),
        ("wd", TUESDAY, "2026-03-03 15:00", "还剩 3 小时"),
        ("wd", TUESDAY, "2026-03-03 17:25", "还剩 35 分钟"),
        ("wd", TUESDAY, "2026-03-03 17:59:01", "还剩不到 1 分钟"),
        ("wd", TUESDAY, TUESDAY, "已到期"),
        ("wd", TUESDAY, "2026-03-03 18:00:01", "已超期"),
        ("wd", TUESDAY, "2026-03-03 23:00", "已超期"),
        ("wd", TUESDAY, "2026-03-04 08:45", "已超期 15 分钟"),
        ("wd", TUESDAY, "2026-03-04 10:30", "已超期 2 小时"),
        ("wd", TUESDAY, "2026-03-04 18:00", "已超期 1 个工作日"),
        ("wd", TUESDAY, "2026-03-05 11:30", "已超期 1 个工作日 3 小时"),
        ("wd", HOLIDAY, "2026-09-29 18:00", "还剩 2 个工作日"),  # the 30th and the 8th
        ("wd", HOLIDAY, "2026-10-04 12:00", "还剩 1 个工作日"),
        ("wd", HOLIDAY, "2026-10-11 12:00", "已超期 2 个工作日"),  # Friday and the worked Saturday
        ("wd", "2026-03-03 14:15", "2026-03-02 14:15", "还剩 1 个工作日"),
        ("wd", "2026-03-03 14:15", "2026-03-02 11:00", "还剩 1 个工作日 1 小时"),
        ("wd", "2026-03-03 14:15", "2026-03-04 15:15", "已超期 1 个工作日 1 小时"),
        ("wh", "2026-03-03 11:00", "2026-03-02 16:30", "还剩 4 小时"),
        ("wh", "2026-03-03 11:00", "2026-03-03 12:30", "已超期 1 小时"),
        ("nh", "2026-10-03 02:00", "2026-10-01 23:00", "还剩 1 天 3 小时"),
        ("nd", "2026-10-03 02:00", "2026-10-05 02:30", "已超期 2 天"),
        ("nm", "2026-10-03 02:00", "2026-10-03 01:45", "还剩 15 分钟"),
        ("nm", "2026-10-03 02:00", "2026-10-03 01:59:30", "还剩不到 1 分钟"),
        ("nm", "2026-10-03 02:00", "2026-10-03 02:00:59", "已超期"),
        ("nm", "2026-10-03 02:00", "2026-10-03 03:01", "已超期 1 小时 1 分钟"),
        ("nd", "2027-10-03 02:00", "2026-12-31 02:00", "还剩 276 天"),  # needs no calendar
    ],
)
def test_what_is_left_is_told_as_people_say_it(calendar, unit, due, now, label):
    assert remaining(unit, at(due), at(now), calendar).label == label


def test_what_is_left_is_exact_to_the_second(calendar):
    left = remaining("wd", at(TUESDAY), at("2026-03-02 10:00:01"), calendar)
    assert left == Remaining(overdue=False, days=1, time=timedelta(hours=5, minutes=59, seconds=59), working=True)
    assert (left.hours, left.minutes) == (5, 59)


@pytest.mark.parametrize(
    ("due", "now"), [("2026-12-31 18:00", "2027-01-05 10:00"), ("2027-01-05 18:00", "2026-12-31 10:00")]
)
def test_an_unknown_year_is_refused(calendar, due, now):
    with pytest.raises(CalendarError, match="缺少 2027 年的国务院"):
        remaining("wd", at(due), at(now), calendar)


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds(), amount=st.integers(1, 9))
def test_whole_days_are_closes_and_the_rest_is_work_as_walked(data, world, amount):
    start, now = data.draw(instants(world)), data.draw(instants(world))
    due = outcome(lambda: deadline(f"{amount}wd", world.at(start), world.calendar).due)
    assume(due is not None)
    due_s, walk = world.walk.second(due), world.walk

    def walked() -> tuple[bool, int, int]:
        if now > due_s:
            closes = walk.closes(due_s, now)
            return True, len(closes), walk.worked(closes[-1] if closes else due_s, now)
        closes = walk.closes(now, due_s)[:-1]
        rest = walk.worked(now, closes[0] if closes else due_s)
        day = (closes[0] if closes else due_s) // 86400
        whole = rest > 0 and rest == walk.worked(day * 86400, day * 86400 + 86400)
        return False, len(closes) + whole, 0 if whole else rest

    def told() -> tuple[bool, int, int]:
        left = remaining("wd", due, world.at(now), world.calendar)
        return left.overdue, left.days, int(left.time.total_seconds())

    assert outcome(told) == outcome(walked)


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds(), unit=st.sampled_from(["nh", "nd", "wh", "wd"]), half=st.booleans())
def test_what_is_left_never_grows_and_what_is_overdue_never_shrinks(data, world, unit, half):
    moments = sorted(world.at(data.draw(instants(world))) for _ in range(4))
    due = outcome(lambda: deadline(f"3{unit}", moments[1], world.calendar).due)
    assume(due is not None)
    due = half_day_before(due, world.calendar) if half else due

    def signed(moment: datetime) -> tuple[int, timedelta] | None:
        left = outcome(lambda: remaining(unit, due, moment, world.calendar))
        sign = -1 if left is not None and left.overdue else 1
        return None if left is None else (sign * left.days, sign * left.time)

    known = [left for left in map(signed, moments) if left is not None]
    assert known == sorted(known, reverse=True)


@seed(SEED)
@profile(200)
@given(data=st.data(), world=worlds(), unit=WORKING, part=st.floats(0, 1))
def test_nothing_beside_whole_days_is_longer_than_the_work_to_the_due(data, world, unit, part):
    start = world.at(data.draw(instants(world)))
    due = outcome(lambda: deadline(f"2{unit}", start, world.calendar).due)
    assume(due is not None)
    now = start + (due - start) * part
    left, whole = remaining(unit, due, now, world.calendar), worked(now, due, world.calendar)
    assert left.time <= whole
    assert (left.days, left.time) != (0, NONE) or whole == NONE
    assert left.days or left.time == whole
