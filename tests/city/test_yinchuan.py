"""The data of Yinchuan itself: complete, consistent, derived files up to date, no invented telephone numbers."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from routing.city import City
from routing.city.derivation import Functions, catalogue_text
from routing.city.duties import read_aliases
from routing.city.faults import Findings
from routing.city.schema import CatalogueRow
from scripts.derive_calendar import national_layer

from .conftest import YINCHUAN

DISTRICTS = {
    "640104": "兴庆区",
    "640105": "西夏区",
    "640106": "金凤区",
    "640121": "永宁县",
    "640122": "贺兰县",
    "640181": "灵武市",
}
PHONES = {
    "95598",
    "12315",
    "12333",
    "12366",
    "12329",
    "12348",
    "12328",
    "12320",
    "12393",
    "96110",
    "110",
    "119",
    "120",
    "122",
}


def days(*spans: tuple[str, int]) -> set[date]:
    return {date.fromisoformat(start) + timedelta(n) for start, length in spans for n in range(length)}


def takers(city: City, category: str, district: str | None) -> CatalogueRow:
    rows = {row.district: row for row in city.catalogue if row.category == category}
    return rows.get(district, rows[None])


def test_the_tree_has_118_leaves_in_14_classes(yinchuan):
    assert len(yinchuan.categories) == 118
    assert len({category.top for category in yinchuan.categories}) == 14


@pytest.mark.shared
def test_the_leaves_are_those_of_the_domain_report():
    report = YINCHUAN.parents[2] / "shared" / "domain.md"
    if not report.exists():
        pytest.skip("../shared is not here")
    leaves = re.findall(r"^\d{6},.*$", report.read_text(encoding="utf-8"), re.MULTILINE)
    assert (YINCHUAN / "categories.csv").read_text(encoding="utf-8").splitlines()[1:] == leaves


def test_the_six_districts_are_places_and_units(yinchuan):
    assert {p.code: p.name for p in yinchuan.places if p.kind == "district"} == DISTRICTS
    assert {u.code for u in yinchuan.units if u.kind == "district"} == set(DISTRICTS)
    assert set(yinchuan.backstop) == {*DISTRICTS, "*"}


def test_units_stand_on_four_tiers(yinchuan):
    tiers = Counter(unit.tier for unit in yinchuan.units)
    assert tiers[1] == 1
    assert tiers[2] >= 60
    assert tiers[3] >= 150
    assert tiers[4] >= 60


def test_units_and_places_of_streets_and_communities_share_their_codes(yinchuan):
    kinds = {"street", "community"}
    assert {u.code for u in yinchuan.units if u.kind in kinds} == {p.code for p in yinchuan.places if p.kind in kinds}


def test_the_gazetteer_is_rich_enough(yinchuan):
    kinds = Counter(place.kind for place in yinchuan.places)
    assert kinds["street"] >= 55
    assert kinds["road"] >= 200
    assert kinds["poi"] >= 80


KNOWN = {
    "兴庆区": "民族北街 民族南街 丽景街 丽景北街 丽景南街 凤凰北街 凤凰南街 北京东路 清和街 清和北街 清和南街 上海东路 "
    "解放东街 解放西街 文化街 胜利街 玉皇阁北街 中山南街 南薰路 湖滨街 银古路 友爱街 贺兰山东路 南门广场 鼓楼",
    "金凤区": "宁安北街 宁安大街 宁安南街 正源街 正源北街 正源南街 北京中路 亲水大街 上海西路 满城街 "
    "福州街 新昌路 贺兰山中路 银川站",
    "西夏区": "贺兰山西路 怀远西路 怀远东路 北京西路 朔方路 同心街 金波街 学院路 文萃街 文昌街 宁夏大学",
    "永宁县": "望远镇 闽宁镇",
    "贺兰县": "习岗镇 金贵镇",
    "灵武市": "东塔镇 河东机场",
}


@pytest.mark.parametrize(("district", "name"), [(d, name) for d, names in KNOWN.items() for name in names.split()])
def test_a_well_known_name_lies_in_its_district(yinchuan, district, name):
    places = {place.code: place for place in yinchuan.places}
    place = next(place for place in yinchuan.places if place.name == name)
    assert places[place.parent].name == district


def test_no_two_roads_or_points_share_a_name_or_alias(yinchuan):
    names = Counter(n for p in yinchuan.places if p.kind in {"road", "poi"} for n in (p.name, *p.aliases))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("district", [None, *DISTRICTS])
def test_every_category_has_a_taker_in_every_district(yinchuan, district):
    units = {unit.code: unit for unit in yinchuan.units}
    for category in yinchuan.categories:
        taker = units[takers(yinchuan, category.code, district).unit]
        assert taker.district in {None, district}, f"{category.path} → {taker.name}"


def test_no_category_falls_to_a_street_or_community_and_tiers_agree_with_the_letter(yinchuan):
    units = {unit.code: unit for unit in yinchuan.units}
    tiers = {category.code: category.tier for category in yinchuan.categories}
    for row in yinchuan.catalogue:
        bodies = [units[code] for code in (row.unit, *row.co_units)]
        assert not [unit.name for unit in bodies if unit.kind in {"street", "community"}], row.id
        if tiers[row.category] == "C":
            assert row.district is None, row.id
        if tiers[row.category] == "D" and row.district is not None:
            assert bodies[0].district == row.district, row.id


def test_every_word_of_the_lead_and_co_columns_has_a_body_behind_it(yinchuan):
    functions = Functions(yinchuan.units, read_aliases(YINCHUAN, Findings()))
    missing = {
        (category.code, text)
        for category in yinchuan.categories
        for text in (category.lead, *category.co)
        if not all(functions.bodies(token) for token in functions.tokens(text, category.code) or [""])
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("category", "district", "unit"),
    [
        ("010101", "640106", "640106-ZJ"),
        ("020403", "640106", "640100-SZ"),
        ("030101", "640104", "640100-U-GS"),
        ("030201", "640122", "640100-U-GD"),
        ("030301", "640104", "640100-U-RQ"),
        ("060101", "640105", "640105-RS"),
        ("080101", "640121", "640121-JY"),
        ("100201", None, "640100-E-119"),
        ("100301", "640104", "640100-E-120"),
        ("110101", "640121", "640121-MZ"),
        ("110501", "640104", "640104"),
        ("110501", None, "640100-12345"),
        ("149901", None, "640100-12345"),
    ],
)
def test_a_typical_appeal_finds_its_unit(yinchuan, category, district, unit):
    assert takers(yinchuan, category, district).unit == unit


def test_the_derived_catalogue_is_up_to_date():
    assert (YINCHUAN / "catalogue.csv").read_text(encoding="utf-8") == catalogue_text(YINCHUAN)


def test_the_derived_national_calendar_is_up_to_date():
    assert (YINCHUAN / "calendar" / "national.csv").read_text(encoding="utf-8") == national_layer([2025, 2026])


def test_a_national_calendar_without_a_notice_is_not_made():
    with pytest.raises(SystemExit, match="2035"):
        national_layer([2026, 2035])


def test_the_national_calendar_of_2026_is_the_one_announced(yinchuan):
    national = next(layer for layer in yinchuan.layers if layer.name == "国务院")
    year = [day for day in national.days if day.day.year == 2026]
    assert {day.day for day in year if not day.working} == days(
        ("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5), ("2026-06-19", 3),
        ("2026-09-25", 3), ("2026-10-01", 7),
    )  # fmt: skip
    assert {day.day for day in year if day.working} == days(
        ("2026-01-04", 1), ("2026-02-14", 1), ("2026-02-28", 1), ("2026-05-09", 1), ("2026-09-20", 1), ("2026-10-10", 1)
    )


def test_years_without_notices_are_warned_of_and_not_claimed(yinchuan):
    years = {layer.name: (layer.required, layer.years) for layer in yinchuan.layers}
    assert years == {"国务院": (True, (2025, 2026)), "宁夏": (False, ()), "银川市": (False, ())}
    warned = [warning for warning in yinchuan.warnings if "日历层" in warning]
    assert [re.sub(r"\D", "", warning)[:4] for warning in warned] == ["2027", "2025", "2026", "2027"]
    assert any("regional layer missing for 2026" in warning for warning in warned)


def test_every_profile_of_the_domain_report_has_its_limits(yinchuan):
    limits = yinchuan.limits
    assert {"E1", "E2", "Q", "N5", "N10", "X15", "ST", "LONG", "P", "T", "REWORK", "CP"} <= set(limits)
    assert (limits["E1"].dispatch, limits["E1"].sign, limits["E1"].first_feedback) == ("5m", "15m", "2h")
    assert (limits["E2"].dispatch, limits["E2"].sign, limits["E2"].finish) == ("10m", "30m", "3d")
    assert (limits["N10"].finish, limits["ST"].first_feedback, limits["ST"].finish) == ("10wd", "5wd", None)


def test_only_the_well_known_numbers_are_given_as_telephone_numbers(yinchuan):
    assert {unit.phone for unit in yinchuan.units if unit.phone} <= PHONES


def test_no_file_holds_anything_like_a_telephone_number():
    number = re.compile(r"(?<!\d)(?:0\d{2,3}[- ]?\d{7,8}|1[3-9]\d{9}|400[- ]?\d{3}[- ]?\d{4}|[2-8]\d{6,7})(?!\d)")
    for path in YINCHUAN.rglob("*"):
        if path.suffix in {".csv", ".yaml"}:
            # Codes begin with the six digits of a district and are nine long.
            assert not number.findall(path.read_text(encoding="utf-8")), path


def test_the_prompts_the_telephony_plays_are_all_there(yinchuan):
    wanted = {"greeting", "intake", "reprompt", "number_intro", "thanks_bye", "silent_bye", "late_bye"}
    assert {*wanted, "beep", "reprompt2", *(f"digit_{n}" for n in range(10))} <= set(yinchuan.prompts)
    assert "录音" in yinchuan.prompts["greeting"]
    # Four and a half syllables a second: ten seconds of greeting.
    assert len(re.findall(r"[一-龥]", yinchuan.prompts["greeting"])) <= 45


def test_messages_never_carry_the_appeal_itself(yinchuan):
    slots = {slot for text in yinchuan.messages.values() for slot in re.findall(r"{(\w+)}", text)}
    assert slots.isdisjoint({"content", "title", "transcript", "caller", "phone"})
    assert {"受理", "派单", "延期", "挂账", "办结", "并案", "不予受理", "漏接", "转接失败"} <= set(yinchuan.messages)


def test_emergency_words_cover_what_costs_lives(yinchuan):
    groups = {group for _, group, _ in yinchuan.emergency_words}
    assert {"火情", "燃气", "坍塌", "暴力", "事故", "轻生", "中毒", "被困", "走失", "急病", "触电", "诈骗"} <= groups
    alone = {phrase for phrase, _, companion in yinchuan.emergency_words if not companion}
    assert {"着火", "燃气泄漏", "晕倒"} <= alone
    assert alone.isdisjoint({"打人", "火灾", "被困", "楼上", "救护车"})


def test_the_data_files_name_no_path_of_a_machine():
    for path in YINCHUAN.rglob("*"):
        if path.suffix in {".csv", ".yaml"}:
            assert "/work" not in path.read_text(encoding="utf-8")
            assert Path.home().as_posix() not in path.read_text(encoding="utf-8") or Path.home() == Path("/")


def test_every_danger_but_a_bare_cry_for_help_stands_for_a_leaf(yinchuan):
    strong = {group for _, group, companions in yinchuan.emergency_words if not companions}
    assert set(yinchuan.emergency_leaves) == strong - {"求救"}
