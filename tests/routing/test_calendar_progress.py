"""What has passed of a limit and when it turns yellow: by hand and against the minute walk."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, seed
from hypothesis import strategies as st

from routing.calendar.deadline import deadline
from routing.calendar.progress import elapsed, share, yellow_at
from routing.calendar.shifts import before, resume_due
from routing.errors import CalendarError

from .calendar_worlds import SEED, World, instants, outcome, profile, worlds
from .conftest import at

ANY = st.sampled_from(["nm", "nh", "nd", "wh", "wd"])
SECOND = timedelta(seconds=1)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@pytest.mark.parametrize(
    ("limit", "start", "now", "passed"),
    [
        ("5wd", "2026-09-30 17:00", "2026-10-08 09:00", hours(1.5)),
        ("5wd", "2026-10-01 17:00", "2026-10-07 09:00", hours(0)),
        ("4wh", "2026-03-02 11:59:59", "2026-03-02 14:00:01", 2 * SECOND),
        ("4wh", "2026-03-02 00:00", "2026-03-03 00:00", hours(7.5)),
        ("4wh", "2026-03-02 10:00", "2026-03-02 09:00", hours(0)),
        (
            "4wh",
            "2026-12-31 10:00",
            "2027-01-01 00:00",
            hours(6),
        ),  # to the year's last instant: no other year is needed
        ("24h", "2026-09-30 17:00", "2026-10-01 18:00:01", hours(25) + SECOND),
        ("3d", "2026-12-31 12:00", "2027-01-01 12:00", hours(24)),
        ("3d", "2026-12-31 12:00", "2026-12-31 11:00", hours(0)),
    ],
)
def test_time_passes_as_the_limit_counts_it(calendar, limit, start, now, passed):
    assert elapsed(limit, at(start), at(now), calendar) == passed


MONDAY_10 = "2026-03-02 10:00"  # 6 h are left of that day


@pytest.mark.parametrize(
    ("limit", "due", "now", "used"),
    [
        ("1wd", "2026-03-03 18:00", MONDAY_10, 0),
        ("1wd", "2026-03-03 18:00", "2026-03-02 20:00", 6 / 13.5),
        ("1wd", "2026-03-03 18:00", "2026-03-03 18:00", 1),
        ("1wd", "2026-03-03 18:00", "2026-03-04 12:00", 17 / 13.5),
        ("1wd", "2026-03-03 18:00", "2026-03-01 12:00", 0),
        ("24h", "2026-03-03 10:00", "2026-03-02 22:00", 0.5),
    ],
)
def test_the_share_of_a_limit_runs_from_nought_to_one_and_beyond(calendar, limit, due, now, used):
    assert share(limit, at(MONDAY_10), at(due), at(now), (), calendar) == pytest.approx(used)


def test_the_share_stands_still_in_a_pause_and_takes_it_for_no_use(calendar):
    begin, end = at("2026-03-02 12:00"), at("2026-03-03 14:00")
    due = resume_due("wd", at("2026-03-03 18:00"), begin, end, calendar)
    assert due == at("2026-03-04 18:00")
    for now in ("2026-03-02 12:00", "2026-03-02 17:00", "2026-03-09 17:00"):
        assert share("1wd", at(MONDAY_10), at("2026-03-03 18:00"), at(now), [(begin, None)], calendar) == (
            pytest.approx(2 / 13.5)
        )
    # resumed: 2 h before, 4 h on Tuesday, 7.5 h on Wednesday
    assert share("1wd", at(MONDAY_10), due, end, [(begin, end)], calendar) == pytest.approx(2 / 13.5)
    assert share("1wd", at(MONDAY_10), due, at("2026-03-03 18:00"), [(begin, end)], calendar) == pytest.approx(6 / 13.5)


def test_where_nothing_is_to_be_worked_the_share_is_all_or_nothing(calendar):
    start, due = at("2026-03-07 10:00"), at("2026-03-07 11:00")  # a Saturday
    assert [share("1wh", start, due, now, (), calendar) for now in (start, due)] == [0, 1]


@pytest.mark.parametrize(
    ("limit", "start", "due", "yellow", "why"),
    [
        (
            "5wd",
            MONDAY_10,
            "2026-03-09 18:00",
            "2026-03-06 16:48",
            "80 % of 43.5 h: 8.7 h before due, earlier than a day",
        ),
        ("2wd", MONDAY_10, "2026-03-04 18:00", "2026-03-03 18:00", "a day before; 80 % would be 4.2 h before"),
        ("1wd", MONDAY_10, "2026-03-03 18:00", "2026-03-03 15:18", "80 % of 13.5 h: 2.7 h before"),
        ("3wd", "2026-09-28 10:00", "2026-10-08 18:00", "2026-09-30 18:00", "a day before, over the holiday"),
        ("2wd", "2026-03-03 18:00", "2026-03-04 18:00", "2026-03-04 16:30", "a day before is the start: only 80 %"),
        ("4wh", "2026-03-02 09:00", "2026-03-02 15:00", "2026-03-02 14:12", "3.2 h, lunch between"),
        ("15m", "2026-10-01 02:00", "2026-10-01 02:15", "2026-10-01 02:12", "natural"),
        ("24h", "2026-10-01 02:00", "2026-10-02 02:00", "2026-10-01 21:12", "natural"),
        ("3d", "2026-10-01 02:00", "2026-10-04 02:00", "2026-10-03 11:36", "natural days know no working day before"),
        ("1wh", "2026-03-07 10:00", "2026-03-07 11:00", "2026-03-07 10:48", "nothing worked between: by the wall"),
        ("1m", "2026-10-01 02:00", "2026-10-01 02:00:01", "2026-10-01 02:00:00.800", "less than whole seconds"),
    ],
)
def test_a_clock_turns_yellow_at_four_fifths_or_a_day_before(calendar, limit, start, due, yellow, why):
    assert yellow_at(limit, at(start), at(due), calendar) == at(yellow), why


def test_pauses_put_yellow_off(calendar):
    start, pauses = at("2026-10-01 00:00"), [(at("2026-10-01 08:00"), at("2026-10-01 10:00"))]
    assert yellow_at("10h", start, at("2026-10-01 12:00"), calendar, paused=pauses) == at("2026-10-01 08:00")
    assert yellow_at("10h", start, at("2026-10-01 12:00"), calendar, share=0.9, paused=pauses) == at("2026-10-01 11:00")


def test_pauses_that_overlap_are_counted_once(calendar):
    start, due = at("2026-10-01 00:00"), at("2026-10-01 14:00")
    pauses = [(at(f"2026-10-01 {a}"), at(f"2026-10-01 {b}")) for a, b in (("03:00", "04:00"), ("02:00", "06:00"))]
    assert share("10h", start, due, at("2026-10-01 05:00"), pauses, calendar) == pytest.approx(0.2)
    assert share("10h", start, due, at("2026-10-01 09:00"), pauses, calendar) == pytest.approx(0.5)
    assert yellow_at("10h", start, due, calendar, paused=pauses) == at("2026-10-01 12:00")


def test_a_limit_that_ends_before_it_starts_has_no_yellow(calendar):
    with pytest.raises(ValueError, match="ends after it starts"):
        yellow_at("1wd", at(MONDAY_10), at(MONDAY_10), calendar)


@pytest.mark.parametrize(
    "work",
    [
        lambda c: elapsed("1wd", at("2026-12-31 10:00"), at("2027-01-01 10:00"), c),
        lambda c: share("1wd", at("2026-12-30 10:00"), at("2026-12-31 18:00"), at("2027-01-04 10:00"), (), c),
        lambda c: yellow_at("1wd", at("2026-12-31 10:00"), at("2027-01-04 18:00"), c),
    ],
)
def test_an_unknown_year_is_refused(calendar, work):
    with pytest.raises(CalendarError, match="缺少 2027 年的国务院"):
        work(calendar)


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds())
def test_what_passes_agrees_with_the_walk_and_adds_up(data, world):
    a, b, c = sorted(data.draw(instants(world, range(50))) for _ in range(3))

    def passed(start: int, end: int) -> timedelta | None:
        return outcome(lambda: elapsed("1wd", world.at(start), world.at(end), world.calendar))

    assert passed(a, c) == outcome(lambda: world.walk.worked(a, c) * SECOND)
    if passed(a, c) is not None:
        assert passed(a, b) + passed(b, c) == passed(a, c)
        assert elapsed("9wh", world.at(a), world.at(c), world.calendar) == passed(a, c)
    assert elapsed("9nd", world.at(a), world.at(c), world.calendar) == (c - a) * SECOND


def _running(data: st.DataObject, world: World, unit: str, amount: int) -> tuple[datetime, datetime]:
    start = world.at(data.draw(instants(world)))
    due = outcome(lambda: deadline(f"{amount}{unit}", start, world.calendar).due)
    assume(due is not None)
    return start, due


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds(), unit=ANY, amount=st.integers(1, 9))
def test_the_share_is_nought_at_the_start_one_at_the_due_and_never_falls(data, world, unit, amount):
    start, due = _running(data, world, unit, amount)

    def used(moment: datetime) -> float | None:
        return outcome(lambda: share(f"{amount}{unit}", start, due, moment, (), world.calendar))

    moments = sorted(world.at(data.draw(instants(world))) for _ in range(3))
    known = [part for part in map(used, moments) if part is not None]
    assert known == sorted(known)
    assert (used(start), used(due)) == (0, 1)


@seed(SEED)
@profile(300)
@given(data=st.data(), world=worlds(), unit=ANY, amount=st.integers(1, 9))
def test_yellow_lies_within_the_limit_where_four_fifths_are_used_or_a_day_before(data, world, unit, amount):
    start, due = _running(data, world, unit, amount)
    limit = f"{amount}{unit}"
    yellow = yellow_at(limit, start, due, world.calendar)
    assert start < yellow < due
    eve = outcome(lambda: before("1wd", due, world.calendar)) if unit == "wd" and amount > 1 else None
    if yellow != eve:
        assert share(limit, start, due, yellow, (), world.calendar) <= 0.8
        assert share(limit, start, due, yellow + SECOND, (), world.calendar) >= 0.8 or not _works(world, yellow)
        assert eve is None or yellow < eve or eve <= start


def _works(world: World, moment: datetime) -> bool:
    return world.walk.works(world.walk.second(moment) // 60)


@seed(SEED)
@profile(200)
@given(data=st.data(), world=worlds(), unit=ANY, amount=st.integers(1, 9), part=st.integers(0, 99))
def test_a_pause_stops_the_share_and_time_that_ran_is_all_there_is_at_the_new_due(data, world, unit, amount, part):
    start, due = _running(data, world, unit, amount)
    begin = start + (due - start) * part / 100
    end, now = (begin + data.draw(st.integers(0, 9 * 86400)) * SECOND for _ in range(2))
    moved = outcome(lambda: resume_due(unit, due, begin, end, world.calendar))
    assume(moved is not None)
    limit, pauses = f"{amount}{unit}", [(begin, end)]
    assert share(limit, start, due, max(begin, now), [(begin, None)], world.calendar) == share(
        limit, start, due, begin, (), world.calendar
    )
    paused = [share(limit, start, moved, moment, pauses, world.calendar) for moment in (begin, end)]
    assert paused[0] == paused[1]
    assert share(limit, start, moved, moved, pauses, world.calendar) == 1
    if unit != "wd":  # no more and no less time than before
        ran = sum((elapsed(limit, a, b, world.calendar) for a, b in ((start, begin), (end, moved))), timedelta(0))
        assert ran == elapsed(limit, start, due, world.calendar)
    assert start < yellow_at(limit, start, moved, world.calendar, paused=pauses) < moved
