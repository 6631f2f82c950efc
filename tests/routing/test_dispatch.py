"""Who takes it: catalogue, overrides, streets, unknown places, backstop; and when a person must confirm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.assessment import PlaceFound
from routing.city.schema import CatalogueRow, Category, City, Unit
from routing.dispatch import Dispatcher


def category(code: str, tier: str = "D", profile: str = "N5") -> Category:
    return Category(code, "类", "组", "叶", "", (), tier, profile)


def unit(code: str, tier: int, kind: str = "department") -> Unit:
    return Unit(code, f"{code}全称", f"{code}简称", kind, tier, None, None, None)


def row(id_: str, leaf: str, district: str | None, taker: str, *co: str) -> CatalogueRow:
    return CatalogueRow(id_, leaf, district, taker, co, f"{id_}的依据")


def place(district: str | None, street: str | None = None) -> PlaceFound:
    return PlaceFound(None, district, None, None, None, None, None, 0.9, "", street_code=street)


UNITS = (
    unit("HL", 1, "hotline"),
    unit("D1", 2, "district"),
    unit("CITY", 2),
    unit("D1-X", 3),
    unit("S1", 3, "street"),
)
ROWS = (
    row("TZ1", "010101", "D1", "CITY"),  # an override: it comes first
    row("ML1", "010101", "D1", "D1-X"),
    row("ML2", "010101", None, "CITY"),
    row("ML3", "020202", "D1", "D1-X", "CITY"),
    row("ML4", "030303", "D1", "D1-X", "CITY"),
    row("ML5", "030303", None, "CITY"),
)


@pytest.fixture
def town(city) -> City:
    """Yinchuan's rules of confirmation over units and rows that fit on a page."""
    return replace(city, units=UNITS, catalogue=ROWS, backstop={"D1": "D1", "*": "HL"})


@pytest.fixture
def dispatch(town):
    def call(leaf: str, where: PlaceFound | None, tier: str = "D"):
        return Dispatcher(town).dispatch(category(leaf, tier), where, "求助", 3, 1.0)

    return call


def test_the_row_of_the_district_decides_before_that_of_the_city(dispatch):
    found = dispatch("030303", place("D1"))
    assert (found.unit, found.unit_name, found.tier, found.co_units) == ("D1-X", "D1-X全称", 3, ("CITY",))
    assert (found.row_id, found.basis, found.confirm) == ("ML4", "ML4的依据", ())


@pytest.mark.parametrize("where", [None, place(None), place("D9")])
def test_without_a_row_for_the_place_that_of_the_city_decides(dispatch, where):
    assert (dispatch("030303", where).unit, dispatch("030303", where).row_id) == ("CITY", "ML5")


def test_an_override_wins_over_the_derived_row(dispatch):
    assert (dispatch("010101", place("D1")).unit, dispatch("010101", place("D1")).row_id) == ("CITY", "TZ1")


def test_a_streets_own_duty_goes_to_the_street_and_the_catalogues_bodies_assist(dispatch):
    found = dispatch("030303", place("D1", "S1"), tier="S")
    assert (found.unit, found.tier, found.co_units, found.row_id) == ("S1", 3, ("D1-X", "CITY"), "ML4")
    assert "S1简称" in found.basis


def test_a_departments_duty_never_goes_down_to_the_street(dispatch):
    assert dispatch("030303", place("D1", "S1"), tier="D").unit == "D1-X"


def test_a_street_without_a_unit_leaves_its_duty_with_the_catalogue(dispatch):
    assert dispatch("030303", place("D1", "S9"), tier="S").unit == "D1-X"


@pytest.mark.parametrize("where", [None, place(None)])
def test_a_duty_of_districts_without_a_known_place_stays_with_the_centre_until_the_place_is_known(dispatch, where):
    found = dispatch("020202", where)
    assert (found.unit, found.tier, found.row_id) == ("HL", 1, "rule:place-unknown")
    assert found.confirm == ("地点不明",)


@pytest.mark.parametrize(
    ("leaf", "where", "unit_", "rule"),
    [
        ("090909", place("D1"), "D1", "rule:backstop:D1"),
        ("090909", place("D9"), "HL", "rule:backstop:*"),
        ("090909", None, "HL", "rule:backstop:*"),
        ("020202", place("D9"), "HL", "rule:backstop:*"),
    ],
)
def test_what_the_catalogue_does_not_list_falls_to_the_backstop_and_a_person(dispatch, leaf, where, unit_, rule):
    found = dispatch(leaf, where)
    assert (found.unit, found.row_id, found.confirm) == (unit_, rule, ("目录未列",))


RULINGS = (
    row("CD1", "010101", "D1", "D1-X"),
    row("CD2", "030303", "D1", "S1"),
    row("CD3", "030303", "D1", "S2"),
    row("CD4", "040404", None, "CITY"),
    row("CD5", "020202", "D1", "GONE"),
    row("CD6", "050505", "D1", "D1", "GONE"),
)


@pytest.fixture
def taught(town):
    def call(leaf: str, where: PlaceFound | None, tier: str = "D"):
        two_streets = replace(town, units=(*UNITS, unit("S2", 3, "street")))
        return Dispatcher(two_streets, RULINGS).dispatch(category(leaf, tier), where, "求助", 3, 1.0)

    return call


@pytest.mark.parametrize(
    ("leaf", "where", "tier", "row_id", "unit_"),
    [
        ("010101", place("D1"), "D", "CD1", "D1-X"),  # before the city's own row, an override too
        ("010101", place("D9"), "D", "ML2", "CITY"),  # another district
        ("010101", None, "D", "ML2", "CITY"),
        ("030303", place("D1", "S1"), "D", "CD2", "S1"),  # what a street was designated for holds there …
        ("030303", place("D1", "S2"), "S", "CD3", "S2"),
        ("030303", place("D1"), "D", "ML4", "D1-X"),  # … and nowhere else
        ("030303", place("D2", "S1"), "D", "ML5", "CITY"),
        ("040404", None, "D", "CD4", "CITY"),  # where the catalogue has nothing
        ("040404", place("D1"), "D", "CD4", "CITY"),
        ("020202", place("D1"), "D", "ML3", "D1-X"),  # its unit is no more
        ("050505", place("D1"), "D", "rule:backstop:D1", "D1"),  # its helper is no more
        ("010101", place("D1", "S1"), "S", "CD1", "D1-X"),  # it binds in a matter of the streets as well
    ],
)
def test_what_a_dispute_was_decided_by_comes_first_where_it_holds(taught, leaf, where, tier, row_id, unit_):
    found = taught(leaf, where, tier)
    assert (found.row_id, found.unit) == (row_id, unit_)
    if row_id.startswith("CD"):
        assert found.basis == f"{row_id}的依据"


KINDS = ("咨询", "求助", "投诉", "举报", "建议", "表扬", "其他")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("urgency", [1, 2, 3])
@pytest.mark.parametrize(
    ("confidence", "doubt"),
    [
        (1.0, []),
        (0.97, []),
        (0.96, ["分类置信度未达自动派单线（96%）"]),
        (0.6, ["分类置信度未达自动派单线（60%）"]),
        (0.59, ["分类置信度低（59%）"]),
    ],
)
def test_a_person_confirms_by_type_urgency_and_confidence(town, kind, urgency, confidence, doubt):
    reasons = Dispatcher(town).dispatch(category("030303"), place("D1"), kind, urgency, confidence).confirm
    expected = [*doubt]
    expected += [f"{kind}须人工确认"] if kind in {"举报", "投诉"} else []
    expected += ["紧急诉求须人工复核"] if urgency < 3 else []
    assert list(reasons) == expected


@pytest.mark.parametrize(("score", "reasons"), [(0.48, ("地点待核实：东区河街",)), (0.6, ()), (0.98, ())])
def test_a_place_that_is_in_doubt_is_confirmed_by_a_person(town, score, reasons):
    where = replace(place("D1"), score=score, address="东区河街")
    assert Dispatcher(town).dispatch(category("030303"), where, "求助", 3, 1.0).confirm == reasons


@pytest.mark.parametrize("profile", ["E1", "E2"])
def test_a_leaf_of_an_urgent_profile_is_confirmed_even_when_the_appeal_is_not_urgent(town, profile):
    found = Dispatcher(town).dispatch(category("030303", profile=profile), place("D1"), "表扬", 3, 1.0)
    assert found.confirm == ("紧急诉求须人工复核",)


def test_a_city_that_confirms_nothing_dispatches_by_itself(town):
    trusting = replace(town, human_confirm=(), auto_dispatch_confidence=0.5, suggest_confidence=0.1)
    assert Dispatcher(trusting).dispatch(category("030303", profile="E1"), place("D1"), "举报", 1, 0.5).confirm == ()


@pytest.mark.parametrize(
    ("leaf", "where", "taker"),
    [
        ("030101", place("640106"), "640100-U-GS"),
        ("060101", place("640105"), "640105-RS"),
        ("110501", place("640121", "640121102"), "640121102"),
        ("120102", place("640121", "640121102"), "640121102"),
        ("110501", None, "640100-12345"),
        ("100201", None, "640100-E-119"),
    ],
)
def test_in_the_real_city_typical_appeals_find_their_unit(city, leaf, where, taker):
    leaves = {category.code: category for category in city.categories}
    assert Dispatcher(city).dispatch(leaves[leaf], where, "求助", 3, 1.0).unit == taker
