"""Resumption, extension, what lies before a due, and cut-offs: by hand and against the minute walk."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, seed
from hypothesis import strategies as st

from routing.calendar.deadline import deadline
from routing.calendar.shifts import before, before_cutoff, cutoff, extended, half_day_before, resume_due
from routing.calendar.working import WorkingCalendar
from routing.city.schema import OfficeHours
from routing.errors import CalendarError, LimitError

from .calendar_worlds import SEED, World, instants, outcome, profile, worlds
from .conftest import at

DUE = "2026-03-09 18:00"  # a Monday; 5wd from Monday the 2nd
MIDDLE = range(30, 60)
WORKING = st.sampled_from(["wh", "wd"])
ANY = st.sampled_from(["nm", "nh", "nd", "wh", "wd"])


def due_of(data: st.DataObject, world: World, unit: str, start: int, amount: int) -> datetime:
    found = outcome(lambda: deadline(f"{amount}{unit}", world.at(start), world.calendar).due)
    assume(found is not None)
    return found


# -- a pause


@pytest.mark.parametrize(
    ("unit", "due", "paused", "resumed", "moved", "why"),
    [
        ("wd", DUE, "2026-03-04 09:00", "2026-03-06 10:00", "2026-03-11 18:00", "Wed, Thu, Fri, Mon ahead: Fri to Wed"),
        ("wd", DUE, "2026-03-04 09:00", "2026-03-04 17:59:59", DUE, "the day is kept whole: nothing is lost"),
        ("wd", DUE, "2026-03-04 17:59:59", "2026-03-05 08:30", "2026-03-10 18:00", "over a close: a day"),
        ("wd", DUE, "2026-03-04 18:00", "2026-03-05 08:30", DUE, "overnight nothing would have been done"),
        ("wd", DUE, "2026-03-06 18:00", "2026-03-09 08:00", DUE, "nor over a weekend"),
        (
            "wd",
            DUE,
            "2026-03-09 17:59:59",
            "2026-09-30 18:00",
            "2026-10-08 18:00",
            "one close is ahead: after the holiday",
        ),
        ("wd", DUE, "2026-03-09 18:00", "2026-03-12 10:00", DUE, "it was up already"),
        ("wd", DUE, "2026-03-10 10:00", "2026-03-12 10:00", DUE, "it was overdue already"),
        (
            "wd",
            "2026-03-03 14:15",
            "2026-03-03 09:15",
            "2026-03-04 14:00",
            "2026-03-04 17:00",
            "no close: 3 h are left",
        ),
        ("wh", "2026-03-02 15:00", "2026-03-02 11:00", "2026-03-03 16:00", "2026-03-03 18:00", "2 h are left"),
        ("wh", "2026-03-02 15:00", "2026-03-02 12:10", "2026-03-02 13:50", "2026-03-02 15:00", "in lunch"),
        (
            "wh",
            "2026-03-02 14:00",
            "2026-03-02 11:00",
            "2026-03-02 11:00",
            "2026-03-02 14:00",
            "due at an opening: kept",
        ),
        ("wh", "2026-03-02 14:00", "2026-03-02 11:00", "2026-03-02 11:15", "2026-03-02 14:15", "1 h is left"),
        ("nh", "2026-10-03 10:00", "2026-10-01 10:00", "2026-10-01 11:00:01", "2026-10-03 11:00:01", "by the wall"),
        ("nd", "2026-12-31 10:00", "2026-12-30 10:00", "2027-01-30 10:00", "2027-01-31 10:00", "no calendar needed"),
    ],
)
def test_what_was_left_when_paused_is_left_when_resumed(calendar, unit, due, paused, resumed, moved, why):
    assert resume_due(unit, at(due), at(paused), at(resumed), calendar) == at(moved), why


def test_a_clock_that_is_resumed_before_it_is_paused_is_a_mistake(calendar):
    with pytest.raises(ValueError, match="resumed after"):
        resume_due("wd", at(DUE), at("2026-03-05 10:00"), at("2026-03-05 09:59:59"), calendar)


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds(), unit=WORKING, amount=st.integers(1, 12))
def test_resumption_agrees_with_the_walk(data, world, unit, amount):
    start, paused, resumed = sorted(data.draw(instants(world)) for _ in range(3))
    due = due_of(data, world, unit, start, amount)
    due_s = world.walk.second(due)

    def walked() -> datetime:
        if paused >= due_s:
            return due
        if unit == "wh":
            left = world.walk.worked(paused, due_s)
            return world.at(max(due_s, world.walk.after(resumed, left))) if left else due
        ahead, close = len(world.walk.closes(paused, due_s)), resumed
        for _ in range(ahead):
            close = world.walk.close((world.walk.after(close, 1) - 1) // 86400)
        return world.at(close)

    found = outcome(lambda: resume_due(unit, due, world.at(paused), world.at(resumed), world.calendar))
    assert found == outcome(walked)


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds(), unit=ANY, amount=st.integers(1, 12))
def test_pauses_end_to_end_are_as_one_and_a_longer_one_never_ends_earlier(data, world, unit, amount):
    moments = sorted(data.draw(instants(world)) for _ in range(4))
    paused, between, resumed = (world.at(moment) for moment in moments[1:])
    due = due_of(data, world, unit, moments[0], amount)
    whole = outcome(lambda: resume_due(unit, due, paused, resumed, world.calendar))
    assume(whole is not None)
    first = resume_due(unit, due, paused, between, world.calendar)
    assert due <= first <= whole
    assert resume_due(unit, first, between, resumed, world.calendar) == whole
    assert resume_due(unit, due, paused, paused, world.calendar) == due


# -- an extension, and back from a due


@pytest.mark.parametrize(
    ("limit", "due", "moved", "why"),
    [
        ("5wd", "2026-09-28 18:00", "2026-10-10 18:00", "29, 30, Thu 8, 9, worked Sat 10"),
        ("1wd", "2026-03-06 15:00", "2026-03-09 18:00", "its own day is not counted"),
        ("1wd", "2026-10-03 10:00", "2026-10-08 18:00", "from a holiday"),
        ("4wh", "2026-03-06 18:00", "2026-03-09 14:30", "3.5 h in the morning"),
        ("24h", "2026-09-30 12:00", "2026-10-01 12:00", "natural"),
    ],
)
def test_an_extension_counts_from_the_old_due(calendar, limit, due, moved, why):
    assert extended(limit, at(due), calendar) == at(moved), why


@pytest.mark.parametrize(
    ("limit", "due", "moment", "why"),
    [
        ("1wd", "2026-10-08 18:00", "2026-09-30 18:00", "close for close, over the holiday"),
        ("3wd", "2026-10-12 18:00", "2026-10-08 18:00", "worked Sat 10, Fri 9, Thu 8"),
        ("1wd", "2026-03-03 14:15", "2026-03-02 14:15", "within work the time of day is kept"),
        ("1wd", "2026-10-03 10:00", "2026-09-29 18:00", "a due in the holiday is as one at the close before"),
        ("1wd", "2026-03-03 08:30", "2026-02-28 18:00", "at opening too: Mon 2 lies between, worked Sat 28 before"),
        ("4wh", "2026-03-03 18:00", "2026-03-03 12:00", "the afternoon: at the end of the morning"),
        ("1wh", "2026-03-03 08:45", "2026-03-02 17:15", "0.25 h, then 0.75 h the day before"),
        ("90m", "2026-03-03 00:30", "2026-03-02 23:00", "natural"),
    ],
)
def test_an_instant_lies_a_limit_before_a_due(calendar, limit, due, moment, why):
    assert before(limit, at(due), calendar) == at(moment), why


def test_a_day_before_keeps_within_the_hours_of_that_day():
    winter = OfficeHours(date(2026, 1, 1), ((time(9), time(17, 30)),))
    summer = OfficeHours(date(2026, 6, 1), ((time(8), time(18, 30)),))  # a Monday
    calendar = WorkingCalendar([], [winter, summer], "Asia/Shanghai")
    assert before("1wd", at("2026-06-01 18:30"), calendar) == at("2026-05-29 17:30")
    assert before("1wd", at("2026-06-01 18:15"), calendar) == at("2026-05-29 17:30")
    assert before("1wd", at("2026-06-01 17:15"), calendar) == at("2026-05-29 17:15")


@pytest.mark.parametrize(
    ("due", "moment"),
    [
        ("2026-03-03 18:00", "2026-03-03 14:15"),  # 3.75 of 7.5 hours
        ("2026-03-03 14:15", "2026-03-02 18:00"),
        ("2026-03-03 10:00", "2026-03-02 15:45"),
        ("2026-10-08 08:30", "2026-09-30 14:15"),
        ("2026-10-03 12:00", "2026-09-30 14:15"),
    ],
)
def test_half_a_working_day_is_half_of_its_work(calendar, due, moment):
    assert half_day_before(at(due), calendar) == at(moment)


@seed(SEED)
@profile(200)
@given(data=st.data(), world=worlds(), amount=st.integers(1, 12))
def test_extension_agrees_with_the_walk_and_before_takes_it_back(data, world, amount):
    moment = data.draw(instants(world, MIDDLE))
    due = outcome(lambda: deadline("1wd", world.at(moment), world.calendar).due)
    assume(due is not None)
    second = world.walk.second(due)
    further = outcome(lambda: extended(f"{amount}wd", due, world.calendar))
    assert further == outcome(lambda: world.at(world.walk.deadline(amount, "wd", second - 1)))
    assume(further is not None)
    assert before(f"{amount}wd", further, world.calendar) == due
    hours = outcome(lambda: extended(f"{amount}wh", due, world.calendar))
    assume(hours is not None)
    assert before(f"{amount}wh", hours, world.calendar) == due


@seed(SEED)
@profile(200)
@given(data=st.data(), world=worlds(), hours=st.integers(1, 20))
def test_working_time_before_a_due_agrees_with_the_walk(data, world, hours):
    due = data.draw(instants(world, MIDDLE))
    walked = outcome(lambda: world.at(world.walk.earlier(due, hours * 3600)))
    assert outcome(lambda: before(f"{hours}wh", world.at(due), world.calendar)) == walked
    assume(walked is not None)
    assert world.walk.worked(world.walk.second(walked), due) == hours * 3600


@seed(SEED)
@profile(200)
@given(data=st.data(), world=worlds(), limit=st.sampled_from(["1wd", "3wd", "2wh", "9wh", "3h", "2d"]))
def test_a_later_due_never_has_an_earlier_instant_before_or_after_it(data, world, limit):
    first, second = sorted(world.at(data.draw(instants(world, MIDDLE))) for _ in range(2))
    for shift in (before, extended):
        later = outcome(lambda: shift(limit, second, world.calendar))  # noqa: B023 - called at once
        assume(later is not None)
        assert shift(limit, first, world.calendar) <= later
        assert (shift(limit, first, world.calendar) > first) == (shift is extended)


@seed(SEED)
@profile(100)
@given(data=st.data(), world=worlds())
def test_two_halves_before_a_close_are_the_close_of_the_working_day_before(data, world):
    due = outcome(lambda: deadline("1wd", world.at(data.draw(instants(world, MIDDLE))), world.calendar).due)
    assume(due is not None)
    half = half_day_before(due, world.calendar)
    assert half_day_before(half, world.calendar) == before("1wd", due, world.calendar)


# -- cut-offs


@pytest.mark.parametrize(
    ("due", "last"),
    [
        ("2026-03-03 18:00", "2026-03-03 17:00"),
        ("2026-10-10 18:00", "2026-10-10 17:00"),  # a worked Saturday
        ("2026-10-03 10:00", "2026-09-30 17:00"),  # a holiday: the last working day before it
        ("2026-03-03 15:00", "2026-03-03 15:00"),  # never after the due itself
    ],
)
def test_a_request_about_a_limit_must_be_in_by_the_cut_off_of_its_last_day(calendar, due, last):
    assert cutoff(at(due), "17:00", calendar) == at(last)


@pytest.mark.parametrize(
    ("moment", "in_time"),
    [
        ("2026-03-03 16:59:59", True),
        ("2026-03-03 17:00", False),
        ("2026-03-07 10:00", False),  # a Saturday
        ("2026-10-10 10:00", True),  # a worked one
        ("2026-10-01 10:00", False),
    ],
)
def test_what_comes_at_the_cut_off_is_the_next_days(calendar, moment, in_time):
    assert before_cutoff(at(moment), "17:00", calendar) is in_time


@pytest.mark.parametrize("clock", ["", "25:00", "17:60", "5pm", "17:00+08:00", "17"])
def test_what_is_no_time_of_day_is_refused(calendar, clock):
    with pytest.raises(LimitError, match="应写作 17:00"):
        before_cutoff(at("2026-03-03 10:00"), clock, calendar)


# -- years that are not known


@pytest.mark.parametrize(
    "work",
    [
        lambda c: resume_due("wd", at("2026-12-31 18:00"), at("2026-12-31 17:00"), at("2027-01-05 10:00"), c),
        lambda c: resume_due("wh", at("2026-12-31 18:00"), at("2026-12-31 17:00"), at("2026-12-31 17:01"), c),
        lambda c: extended("1wd", at("2026-12-31 18:00"), c),
        lambda c: extended("1wh", at("2026-12-31 18:00"), c),
        lambda c: before("1wd", at("2027-01-05 18:00"), c),
        lambda c: before("1wd", at("2025-01-02 18:00"), c),
        lambda c: before("9wh", at("2025-01-02 18:00"), c),
        lambda c: half_day_before(at("2027-01-05 18:00"), c),
        lambda c: cutoff(at("2027-01-05 18:00"), "17:00", c),
        lambda c: before_cutoff(at("2027-01-05 10:00"), "17:00", c),
    ],
)
def test_an_unknown_year_is_refused(calendar, work):
    with pytest.raises(CalendarError, match=r"缺少 20(24|27) 年的国务院"):
        work(calendar)


def test_a_pause_that_ends_the_year_within_a_day_needs_no_other_year(calendar):
    due = at("2026-12-31 18:00")
    assert resume_due("wd", due, due - timedelta(hours=2), due - timedelta(hours=1), calendar) == due
