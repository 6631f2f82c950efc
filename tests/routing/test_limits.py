"""Which limits hold for an appeal: type × leaf's profile × urgency; and when each clock is up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.city.schema import Category, LimitProfile
from routing.limits import limits_of, profile_of

from .conftest import at

TYPES = ("咨询", "求助", "投诉", "举报", "建议", "表扬", "其他")
# profile of the leaf → the profile that holds, in the order of TYPES (domain.md §5)
MATRIX = {
    "E1": ("E1", "E1", "E1", "E1", "E1", "E1", "E1"),
    "E2": ("E2", "E2", "E2", "E2", "E2", "E2", "E2"),
    "Q": ("Q", "Q", "Q", "N10", "N10", "P", "Q"),
    "N5": ("Q", "N5", "N5", "N10", "N10", "P", "N5"),
    "N10": ("Q", "N10", "N10", "N10", "N10", "P", "N10"),
    "ST": ("Q", "ST", "ST", "ST", "N10", "P", "ST"),
    "T": ("Q", "T", "T", "T", "N10", "P", "T"),
}


def category(profile: str) -> Category:
    return Category("010101", "类", "组", "叶", "", (), "D", profile)


@pytest.mark.parametrize(
    ("leaf", "kind", "held"),
    [(leaf, kind, held) for leaf, row in MATRIX.items() for kind, held in zip(TYPES, row, strict=True)],
)
def test_the_type_may_change_the_leafs_profile_and_an_emergency_always_does(city, leaf, kind, held):
    assert profile_of(category(leaf), kind, 3, city) == held
    assert profile_of(category(leaf), kind, 2, city) == held
    assert profile_of(category(leaf), kind, 1, city) == "E1"


def test_every_profile_of_a_leaf_of_the_city_is_in_the_matrix(city):
    assert {leaf.profile for leaf in city.categories} == set(MATRIX)


def due_of(limits) -> tuple[str | None, ...]:
    times = (limits.dispatch_due, limits.sign_due, limits.contact_due, limits.feedback_due, limits.due)
    return tuple(f"{time:%m-%d %H:%M}" if time else None for time in times)


@pytest.mark.parametrize(
    ("profile", "due"),
    [
        # from Wednesday 30 September 2026, 17:30: on 8 October work goes on
        ("E1", ("09-30 17:35", "09-30 17:45", "09-30 18:00", "09-30 19:30", "10-01 17:30")),
        ("E2", ("09-30 17:40", "09-30 18:00", "09-30 19:30", "10-01 17:30", "10-03 17:30")),
        ("Q", ("10-08 18:00", "10-08 18:00", "10-08 18:00", None, "10-09 18:00")),
        ("N5", ("10-08 18:00", "10-08 18:00", "10-08 18:00", None, "10-13 18:00")),
        ("N10", ("10-08 18:00", "10-08 18:00", "10-08 18:00", None, "10-20 18:00")),
        ("ST", ("10-08 18:00", "10-08 18:00", "10-08 18:00", "10-13 18:00", "10-13 18:00")),
        ("P", ("10-08 18:00", None, None, None, "10-08 18:00")),
        ("T", ("10-08 18:00", None, None, "10-01 17:30", "10-01 17:30")),
    ],
)
def test_each_clock_is_up_where_its_limit_ends(city, calendar, profile, due):
    limits, faults = limits_of(profile, at("2026-09-30 17:30"), city, calendar)
    assert due_of(limits) == due
    assert (limits.profile, faults) == (profile, [])
    assert limits.citizen_due == (None if profile == "T" else limits.due)


def test_the_limits_are_told_as_the_city_wrote_them(city, calendar):
    limits, _ = limits_of("N5", at("2026-09-30 17:30"), city, calendar)
    assert limits.texts == {"dispatch": "1wd", "sign": "1wd", "contact": "1wd", "finish": "5wd", "citizen": "5wd"}
    limits, _ = limits_of("ST", at("2026-09-30 17:30"), city, calendar)
    assert (limits.texts["citizen"], "finish" in limits.texts) == ("5wd", False)
    limits, _ = limits_of("T", at("2026-09-30 17:30"), city, calendar)
    assert limits.texts == {"dispatch": "1wd", "backfill": "24h"}  # the citizen is promised nothing


def test_a_due_time_in_an_unknown_year_is_none_and_said_once(city, calendar):
    limits, faults = limits_of("N5", at("2026-12-31 10:00"), city, calendar)
    assert due_of(limits) == (None,) * 5
    assert limits.citizen_due is None
    assert [fault[:22] for fault in faults] == ["时限未计：缺少 2027 年的国务院节假日安"]
    assert limits.texts["finish"] == "5wd"


def test_natural_clocks_run_on_in_an_unknown_year(city, calendar):
    limits, faults = limits_of("E2", at("2026-12-31 23:00"), city, calendar)
    assert (f"{limits.due:%Y-%m-%d %H:%M}", faults) == ("2027-01-03 23:00", [])


def test_a_finish_that_cannot_be_computed_is_not_replaced_by_the_feedback(city, calendar):
    mixed = replace(city, limits={"M": LimitProfile("M", None, None, None, "24h", "5wd")})
    limits, faults = limits_of("M", at("2026-12-31 10:00"), mixed, calendar)
    assert limits.feedback_due == at("2027-01-01 10:00")
    assert (limits.due, limits.citizen_due, len(faults)) == (None, None, 1)


def test_a_city_that_counts_the_day_of_receipt_is_a_day_earlier(city, calendar):
    counting = replace(city, count_from_next_day=False)
    limits, _ = limits_of("N5", at("2026-09-30 17:30"), counting, calendar)
    assert limits.due == at("2026-10-12 18:00")


def test_a_profile_without_clocks_has_no_due_time(city, calendar):
    empty = replace(city, limits={"M": LimitProfile("M", None, None, None, None, None)})
    limits, faults = limits_of("M", at("2026-03-02 10:00"), empty, calendar)
    assert (due_of(limits), limits.citizen_due, limits.texts, faults) == ((None,) * 5, None, {}, [])
