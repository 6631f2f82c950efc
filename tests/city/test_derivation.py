"""The derived catalogue: the tier letter decides who takes a leaf."""

from __future__ import annotations

import pytest

from routing.city import CityError
from routing.city.derivation import Functions, catalogue_text, derive
from routing.city.duties import FunctionAlias
from routing.city.schema import CatalogueRow, Category, Unit


def unit(code: str, function: str, kind: str = "department", district: str | None = None) -> Unit:
    return Unit(code, code, code, kind, 2, None, district, function)


UNITS = [
    unit("城管", "综合执法;环卫"),
    unit("公安", "公安"),
    unit("卫健", "卫健"),
    unit("疾控", "卫健(疾控)"),
    unit("水务集团", "供水企业", "utility"),
    unit("东区水厂", "供水企业", "utility", "东"),
    unit("120", "120", "emergency"),
    unit("东区城管", "综合执法", district="东"),
    unit("东区公安", "公安", district="东"),
    unit("东区卫健", "卫健", district="东"),
    unit("河街街道", "街镇", "street", "东"),
]
ALIASES = [
    FunctionAlias("企业", "0306", ("供水企业",)),
    FunctionAlias("城管", "", ("综合执法",)),
    FunctionAlias("街道", "", ("街镇",)),
]


def rows_of(lead: str, tier: str, *co: str, code: str = "010101") -> dict[str | None, CatalogueRow]:
    category = Category(code, "类", "组", "叶", lead, co, tier, "N5")
    backstop = {"东": "东区政府", "西": "西区政府", "*": "热线"}
    return {row.district: row for row in derive([category], ["东", "西"], Functions(UNITS, ALIASES), backstop)}


def test_a_city_matter_goes_to_the_city_department_wherever_it_happens():
    rows = rows_of("公安", "C")
    assert {district: row.unit for district, row in rows.items()} == {None: "公安"}


def test_a_district_matter_goes_to_the_districts_department_and_to_the_citys_where_it_has_none():
    rows = rows_of("综合执法", "D", "公安")
    assert {district: (row.unit, row.co_units) for district, row in rows.items()} == {
        None: ("城管", ("公安",)),
        "东": ("东区城管", ("东区公安",)),
        "西": ("城管", ("公安",)),
    }


def test_of_several_leads_the_first_leads_and_the_others_help():
    row = rows_of("公安/综合执法", "D")["东"]
    assert (row.unit, row.co_units) == ("东区公安", ("东区城管",))


def test_a_qualified_word_prefers_the_body_of_that_name_and_falls_back_to_the_plain_one():
    assert rows_of("卫健(疾控)", "C")[None].unit == "疾控"
    assert rows_of("卫健(疾控)", "D")["东"].unit == "东区卫健"
    assert rows_of("公安(治安)", "C")[None].unit == "公安"


def test_a_street_helps_but_is_never_dispatched_to():
    row = rows_of("综合执法", "D", "街道")["东"]
    assert row.co_units == ()
    assert "属地街道配合，不作派单对象" in row.basis


def test_a_street_matter_names_the_districts_matching_body_for_addresses_that_do_not_tell_the_street():
    rows = rows_of("街道", "S", "综合执法")
    assert rows["东"].unit == "东区城管"
    assert rows["西"].unit == "西区政府"
    assert rows[None].unit == "城管"
    assert "地址落到街镇的由街镇主办" in rows["东"].basis


def test_a_utility_matter_goes_to_the_utility_of_the_district_or_of_the_city():
    assert {d: row.unit for d, row in rows_of("120+供水企业", "U").items()} == {None: "水务集团", "东": "东区水厂"}


def test_a_utility_matter_of_no_utility_goes_to_who_is_named_first():
    row = rows_of("公安/综合执法", "U")[None]
    assert row.unit == "公安"
    assert row.basis.startswith("企业不是派单对象")


def test_a_transfer_prefers_the_emergency_line():
    row = rows_of("卫健+120", "T")[None]
    assert (row.unit, row.co_units) == ("120", ("卫健",))


def test_a_duty_nobody_has_falls_to_the_backstop():
    rows = rows_of("天文", "D")
    assert {district: row.unit for district, row in rows.items()} == {None: "热线", "东": "东区政府", "西": "西区政府"}


def test_an_alias_holds_only_in_its_categories():
    assert rows_of("企业", "C", code="030601")[None].unit == "水务集团"
    assert rows_of("企业", "C", code="040101")[None].unit == "热线"
    assert rows_of("城管", "C")[None].unit == "城管"


def test_a_catalogue_is_not_made_from_files_with_faults(small):
    small.change("units.csv", "ZJ,市住建局", "D1,市住建局")
    with pytest.raises(CityError, match=r"units\.csv:4"):
        catalogue_text(small.root)
