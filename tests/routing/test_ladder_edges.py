"""Ladders where the calendar ends, and that no deed is done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.codes import ClockKind
from routing.city import load
from routing.ladder import Course, Deed, deeds_of, ladder, rung_at
from routing.rulebook import Rulebook

from .conftest import ROOT, at

BOOK = Rulebook.of(load(ROOT / "cities" / "yinchuan"))
MONDAY = at("2026-11-02 09:00")
LIMITS = ["5m", "10m", "15m", "2h", "24h", "3d", "4wh", "1wd", "2wd", "5wd", "15wd", "30d"]


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("kind", list(ClockKind), ids=lambda kind: kind.value)
def test_no_deed_is_done_twice_on_one_ladder(kind, urgent):
    for limit in LIMITS:
        deeds = deeds_of(kind, limit, urgent=urgent)
        assert len(set(deeds)) == len(deeds)


@given(kind=st.sampled_from(list(ClockKind)), minute=st.integers(0, 270 * 24 * 60),
       urgent=st.booleans(), limit=st.sampled_from(LIMITS))  # fmt: skip
def test_rungs_follow_each_other_in_time_after_the_start(kind, minute, urgent, limit):
    begun = at("2026-01-01 00:00") + timedelta(minutes=minute)
    rungs = ladder(Course(kind, limit, begun, BOOK.due(limit, begun), urgent), BOOK)
    assert tuple(rung.deed for rung in rungs) == deeds_of(kind, limit, urgent=urgent)
    assert [rung.at for rung in rungs] == sorted(rung.at for rung in rungs)
    assert all(rung.at > begun for rung in rungs)


def test_a_yellow_card_is_given_by_the_wall_clock_where_the_days_before_are_unknown():
    made = Course(ClockKind.FINISH, "5wd", at("2019-12-28 09:00"), at("2020-01-07 09:00"))
    yellow = rung_at(made, 0, BOOK)
    assert yellow is not None
    assert (yellow.deed, yellow.at) == (Deed.YELLOW, at("2020-01-05 09:00"))


def test_a_clock_that_was_due_when_it_began_is_yellow_and_red_at_once():
    made = Course(ClockKind.CITIZEN, "5wd", MONDAY, MONDAY)
    assert [(rung.deed, rung.at) for rung in ladder(made, BOOK)] == [(Deed.YELLOW, MONDAY), (Deed.RED, MONDAY)]
