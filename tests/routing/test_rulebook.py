"""A city's rules for the life of a ticket: limits, windows, extensions, the units' tree, who acts meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.codes import ClockKind, Urgency
from models.workflow_codes import TicketAction
from routing.city import City
from routing.city.schema import CatalogueRow, Unit
from routing.errors import CalendarError
from routing.rulebook import Rulebook, event_of

from .conftest import at

K = ClockKind
MONDAY = at("2026-11-02 09:00")


@pytest.fixture(scope="module")
def rulebook(city: City) -> Rulebook:
    return Rulebook.of(city)


def with_rules(city: City, **rules) -> Rulebook:
    return Rulebook.of(replace(city, rules=replace(city.rules, **rules)))


def unit(code: str, parent: str | None, kind: str = "department", tier: int = 2) -> Unit:
    return Unit(code, code, code, kind, tier, parent, None, None)


LIMITS = [
    (K.DISPATCH, "N5", "1wd"), (K.DISPATCH, "E1", "5m"), (K.DISPATCH, "T", "1wd"),
    (K.SIGN, "N5", "1wd"), (K.SIGN, "E1", "15m"), (K.SIGN, "E2", "30m"), (K.SIGN, "P", None), (K.SIGN, "T", None),
    (K.CONTACT, "E1", "30m"), (K.CONTACT, "E2", "2h"), (K.CONTACT, "P", None),
    (K.FEEDBACK, "E1", "2h"), (K.FEEDBACK, "ST", "5wd"), (K.FEEDBACK, "T", "24h"), (K.FEEDBACK, "N5", None),
    (K.FINISH, "E1", "24h"), (K.FINISH, "E2", "3d"), (K.FINISH, "N5", "5wd"), (K.FINISH, "ST", None),
    (K.CITIZEN, "N10", "10wd"), (K.CITIZEN, "ST", "5wd"), (K.CITIZEN, "T", None), (K.CITIZEN, "E1", "24h"),
    (K.RETURN_REVIEW, "N5", "4wh"), (K.RETURN_REVIEW, "E1", "10m"), (K.RETURN_REVIEW, "E2", "10m"),
    (K.ARBITRATE, "N5", "2wd"), (K.WAIT_INFO, "N5", "3wd"), (K.REVIEW, "N5", "1wd"), (K.CALLBACK, "N5", "3wd"),
    (K.EXTENSION_REVIEW, "N5", "4wh"), (K.SUSPENSION_REVIEW, "N5", "1wd"), (K.PAUSE_REVIEW, "N5", "1wd"),
    (K.EXCLUSION_REVIEW, "N5", "3wd"), (K.WITHDRAWAL_REVIEW, "N5", "1wd"), (K.SUSPENSION, "N5", "270d"),
    (K.APPRAISAL, "N5", "60d"), (K.PROGRESS, "N5", "30d"), (K.SUB_SIGN, "E1", "15m"), (K.SUB_FINISH, "E1", "24h"),
    (K.CO, "N5", "5wd"), (K.APPEAL_REVIEW, "N5", "3wd"), (K.ARCHIVE, "N5", "7d"), (K.SUPERVISION, "N5", "3wd"),
    (K.EVALUATION_VERIFY, "CP", "1wd"), (K.EVALUATION_RECTIFY, "CP", "5wd"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "profile", "limit"), LIMITS, ids=[f"{k.value}-{p}" for k, p, _ in LIMITS])
def test_the_limit_of_a_clock_is_the_citys(rulebook, kind, profile, limit):
    assert rulebook.limit_of(kind, profile) == limit


def test_every_clock_has_its_limit_looked_at_here():
    assert {kind for kind, _, _ in LIMITS} == set(K)


def test_a_rework_has_its_own_limit_and_a_supervision_that_of_its_level(rulebook):
    assert rulebook.limit_of(K.FINISH, "N10", rework=True) == "3wd"
    assert rulebook.limit_of(K.CONTACT, "N10", rework=True) == "1wd"
    assert [rulebook.limit_of(K.SUPERVISION, "N5", level=level) for level in (1, 2, 3)] == ["3wd", "3wd", "5wd"]


@pytest.mark.parametrize("name", [None, "", "of a city before"])
def test_without_a_known_profile_the_citys_default_holds(rulebook, city, name):
    assert rulebook.profile(name).name == city.default_profile
    assert not rulebook.is_urgent(name)


@pytest.mark.parametrize(
    ("category", "type_", "urgency", "profile"),
    [
        ("010101", "02", 3, "N5"),
        ("010101", "01", 3, "Q"),
        ("010101", "04", 3, "N10"),
        ("010101", "05", 3, "N10"),
        ("010101", "02", 1, "E1"),
        ("010101", "02", 4, "X15"),  # declared by a chief, whatever the leaf says
        ("010104", "01", 3, "E2"),
    ],
)
def test_the_profile_follows_class_type_and_urgency(rulebook, category, type_, urgency, profile):
    assert rulebook.profile_for(category, type_, urgency) == profile


RETURNS = [
    # profile, urgency, dispatched, until
    ("N5", Urgency.NORMAL, MONDAY, at("2026-11-03 18:00")),  # one working day, counted from the next
    ("N5", Urgency.NORMAL, at("2026-11-06 19:00"), at("2026-11-10 18:00")),  # after hours: as if on Monday
    ("Q", Urgency.NORMAL, MONDAY, at("2026-11-03 18:00")),
    ("ST", Urgency.NORMAL, MONDAY, at("2026-11-03 18:00")),
    ("N5", Urgency.DIFFICULT, MONDAY, at("2026-11-04 18:00")),  # 疑难: two
    ("N10", Urgency.NORMAL, MONDAY, at("2026-11-04 18:00")),  # ten days or more: two
    ("X15", Urgency.DIFFICULT, MONDAY, at("2026-11-04 18:00")),
    ("E1", Urgency.EXTREME, at("2026-11-07 03:00"), at("2026-11-07 03:15")),  # within the sign limit, at night too
    ("E2", Urgency.URGENT, at("2026-11-07 03:00"), at("2026-11-07 03:30")),
    ("P", Urgency.NORMAL, MONDAY, None),  # nothing is signed for: nothing is returned
    ("T", Urgency.NORMAL, MONDAY, None),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "urgency", "sent", "until"), RETURNS)
def test_a_ticket_may_be_returned_within_its_window(rulebook, profile, urgency, sent, until):
    assert rulebook.return_until(profile, urgency, sent) == until


def test_a_long_limit_in_hours_or_days_of_the_clock_is_no_complex_matter(city):
    """Ten working days are; 24 hours are not, though 24 is the greater number."""
    limits = city.limits | {
        "N5": replace(city.limits["N5"], finish="24h"),
        "Q": replace(city.limits["Q"], finish="12nd"),
    }
    book = Rulebook.of(replace(city, limits=limits))
    assert book.return_until("N5", Urgency.NORMAL, MONDAY) == at("2026-11-03 18:00")
    assert book.return_until("Q", Urgency.NORMAL, MONDAY) == at("2026-11-04 18:00")


def test_a_window_into_an_unknown_year_is_refused(rulebook):
    with pytest.raises(CalendarError):
        rulebook.return_until("N5", Urgency.NORMAL, at("2040-12-31 10:00"))


@pytest.mark.parametrize(
    ("profile", "limit"),
    [
        ("N5", "5wd"),
        ("N10", "10wd"),
        ("Q", "3wd"),
        ("E1", None),
        ("E2", None),
        ("ST", None),
        ("P", None),
        ("X15", None),
    ],
)
def test_an_extension_is_the_profiles(rulebook, profile, limit):
    assert rulebook.extension_limit(profile) == limit


@pytest.mark.parametrize(
    ("own", "longest", "limit"),
    [
        ("15wd", "10wd", "10wd"),
        ("10wd", "10wd", "10wd"),
        ("5wd", "10wd", "5wd"),
        ("5wd", "24h", "24h"),
        ("3d", "24h", "24h"),
        ("20h", "1d", "20h"),
        ("8wh", "1wd", "8wh"),
        ("30m", "1h", "30m"),
    ],
)
def test_no_extension_is_longer_than_the_citys_longest(city, own, longest, limit):
    limits = city.limits | {"N5": replace(city.limits["N5"], extension=own)}
    book = with_rules(replace(city, limits=limits), extension_longest=longest)
    assert book.extension_limit("N5") == limit


@pytest.mark.parametrize(
    ("below", "above", "is_below"),
    [
        ("640106-ZJ", "640106-ZJ", True),
        ("640106-ZJ", "640106", True),
        ("640106", "640106-ZJ", False),
        ("640105-ZJ", "640106", False),
        ("640106-ZJ", "640100-12345", True),  # everything is below the hotline
        (None, "640106", False),
        ("640106", None, False),
        ("NOBODY", "640106", False),
        ("NOBODY", "NOBODY", True),
    ],
)
def test_a_unit_is_below_itself_and_those_above_it(rulebook, below, above, is_below):
    assert rulebook.is_below(below, above) is is_below


def test_a_tree_that_bites_its_tail_is_no_endless_walk(city):
    ring = replace(city, units=(unit("A", "B"), unit("B", "C"), unit("C", "A")))
    book = Rulebook.of(ring)
    assert book.is_below("A", "C")
    assert not book.is_below("A", "D")


def test_the_hotline_is_the_unit_of_that_kind(rulebook):
    assert rulebook.hotline() == "640100-12345"
    assert rulebook.units[rulebook.hotline()].tier == 1


def row(category: str, district: str | None, taker: str) -> CatalogueRow:
    return CatalogueRow(f"{category}-{district}", category, district, taker, (), "依据")


@pytest.fixture(scope="module")
def arguing(city: City) -> Rulebook:
    units = (
        unit("HL", None, "hotline", 1), unit("CITY", "HL"), unit("D1", "HL", "district"), unit("D1-X", "D1", tier=3),
        unit("D1-S", "D1", "street", 3),
    )  # fmt: skip
    rows = (
        row("010101", "D1", "D1-X"), row("010101", None, "CITY"), row("020202", "D1", "D1-X"),
        row("030303", None, "HL"), row("030303", "D1", "D1-X"), row("040404", None, "HL"),
    )  # fmt: skip
    return Rulebook.of(replace(city, units=units, catalogue=rows, backstop={"D1": "D1", "*": "CITY"}))


@pytest.mark.parametrize(
    ("category", "district", "owner"),
    [
        ("010101", "D1", "CITY"),  # the department that supervises the matter in the whole city
        ("010101", "D9", "CITY"),
        ("010101", None, "CITY"),
        ("020202", "D1", "D1-X"),  # else the district's
        ("020202", "D9", "CITY"),  # else the backstop
        ("030303", "D1", "D1-X"),  # the hotline itself acts for nobody
        ("030303", None, "CITY"),
        ("040404", "D1", "D1"),
        ("090909", "D1", "D1"),
        (None, "D1", "D1"),
        (None, None, "CITY"),
    ],
)
def test_while_units_argue_the_supervising_department_acts(arguing, category, district, owner):
    assert arguing.interim_owner(category, district) == owner


RULED = (row("010101", "D1", "D1-X"), row("020202", "D1", "D1-S"), row("040404", "D1", "GONE"))


@pytest.mark.parametrize(
    ("category", "district", "owner"),
    [
        ("010101", "D1", "D1-X"),
        ("010101", None, "CITY"),  # it was decided for a district
        ("010101", "D9", "CITY"),
        ("020202", "D1", "D1-X"),  # a street answers for its own ground only
        ("040404", "D1", "D1"),  # that unit is no more
    ],
)
def test_whoever_an_earlier_dispute_of_the_same_was_decided_for_acts(arguing, category, district, owner):
    assert arguing.interim_owner(category, district, RULED) == owner


def test_what_the_system_does_when_a_clock_is_up():
    acts = {kind: event_of(kind) for kind in K if event_of(kind) is not None}
    assert acts == {
        K.SIGN: TicketAction.AUTO_SIGN,
        K.RETURN_REVIEW: TicketAction.LAPSE_RETURN,
        K.WAIT_INFO: TicketAction.CLOSE_UNREACHABLE,
        K.SUSPENSION: TicketAction.RESUME,
        K.APPRAISAL: TicketAction.END_PAUSE,
        K.ARCHIVE: TicketAction.ARCHIVE,
    }
