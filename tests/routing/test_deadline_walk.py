"""Deadlines agree with a walk through time, minute by minute, on at least 2,000 random cases in every run."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from routing.calendar.deadline import deadline
from routing.errors import CalendarError

from .calendar_walk import UnknownYear
from .calendar_worlds import SEED, World, instants, profile, worlds

CASES = {"nm": 150, "nh": 150, "nd": 150, "wh": 850, "wd": 1000}
"""Different cases that every run tries, by unit."""
LONGEST = {"nm": 2000, "nh": 300, "nd": 90, "wh": 60, "wd": 30}


def expected(world: World, amount: int, unit: str, start: int, *, next_day: bool) -> datetime | None:
    """By the walk; None: it comes to a year that nobody knows."""
    try:
        return world.at(world.walk.deadline(amount, unit, start, next_day=next_day))
    except UnknownYear:
        return None


def test_two_thousand_cases_are_tried():
    assert sum(CASES.values()) >= 2000


@pytest.mark.parametrize(("unit", "cases"), CASES.items())
def test_deadlines_agree_with_the_walk(unit, cases):
    print(f"WALK_SEED={SEED}")  # noqa: T201 - shown with a failure
    tried: set[tuple[str, int, int, bool]] = set()
    refused = 0

    @seed(SEED)
    @profile(cases + cases // 4)  # a few are drawn twice
    @given(data=st.data(), world=worlds(), amount=st.integers(1, LONGEST[unit]), next_day=st.booleans())
    def agree(data: st.DataObject, world: World, amount: int, next_day: bool) -> None:
        nonlocal refused
        start = data.draw(instants(world))
        due = expected(world, amount, unit, start, next_day=next_day)
        arguments = (f"{amount}{unit}", world.at(start), world.calendar)
        if due is None:
            refused += 1
            with pytest.raises(CalendarError, match="缺少 2029 年的国节假日安排"):
                deadline(*arguments, count_from_next_day=next_day)
        else:
            assert deadline(*arguments, count_from_next_day=next_day).due == due
        tried.add((repr(world), start, amount, next_day))

    agree()
    print(f"{unit}: {len(tried)} cases, {refused} of them into the unknown year")  # noqa: T201
    assert len(tried) >= cases
    assert (refused > 0) == (unit in {"wh", "wd"})


@pytest.mark.parametrize("unit", ["wh", "wd"])
def test_a_later_start_is_never_due_earlier(unit):
    @seed(SEED)
    @profile(150)
    @given(data=st.data(), world=worlds(), amount=st.integers(1, 12))
    def monotone(data: st.DataObject, world: World, amount: int) -> None:
        first, second = sorted((data.draw(instants(world)), data.draw(instants(world))))
        try:
            later = deadline(f"{amount}{unit}", world.at(second), world.calendar).due
        except CalendarError:
            return
        assert deadline(f"{amount}{unit}", world.at(first), world.calendar).due <= later

    monotone()


def test_natural_limits_that_start_in_another_zone_are_not_moved_by_its_summer_time(calendar):
    start = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))  # the clock goes forward that night
    due = deadline("1d", start, calendar).due
    assert due.timestamp() - start.timestamp() == timedelta(days=1).total_seconds()
