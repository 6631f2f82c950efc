"""Where it is: exact, misheard, by alias, with house numbers, of several districts, or nowhere."""

from __future__ import annotations

import pytest

from routing.city.schema import Place
from routing.places.finder import PlaceFinder
from routing.text import normalise


@pytest.fixture(scope="module")
def find(city):
    finder = PlaceFinder(city.places)
    return lambda text: finder.find(normalise(text))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("我家在金凤区宁安北街", "金凤区宁安北街"),
        ("宁安北街的路灯坏了", "金凤区宁安北街"),
        ("兴庆区丽景街暖气不热", "兴庆区丽景街"),
        ("在丽景街街道办事处", "兴庆区丽景街街道"),
        ("永宁县望远镇", "永宁县望远镇"),
        ("贺兰县的习岗", "贺兰县习岗镇"),
        ("河东机场的停车场", "灵武市河东机场"),
        ("怀远夜市门口", "西夏区怀远夜市"),
        ("灵武东塔镇的水管", "灵武市东塔镇"),
        ("灵武东塔旁边", "灵武市灵武东塔"),
        ("我住在灵武市", "灵武市"),
    ],
)
def test_a_name_that_is_written_is_found_with_its_district(find, text, address):
    assert find(text).address == address


@pytest.mark.parametrize(
    ("text", "district"),
    [
        ("我住老城", "兴庆区"),
        ("老城区的巷子", "兴庆区"),
        ("新市区这边", "西夏区"),
        ("新城这边停水", "金凤区"),
        ("永宁那边", "永宁县"),
        ("贺兰县城", "贺兰县"),
        ("灵武的", "灵武市"),
    ],
)
def test_a_district_is_known_by_its_aliases(find, text, district):
    place = find(text)
    assert (place.district, place.name, place.address) == (district, None, district)
    assert place.score == 0.9


@pytest.mark.parametrize(
    ("text", "heard", "address"),
    [
        ("我在星庆区名族北街", "名族北街", "兴庆区民族北街"),
        ("兴庆区民族北接停水", "民族北接", "兴庆区民族北街"),
        ("地址是宁安北接", "宁安北接", "金凤区宁安北街"),
        ("望原镇没水", "望原镇", "永宁县望远镇"),
        ("在今风区", "今风区", "金凤区"),
        ("住在西下区怀元西路", "怀元西路", "西夏区怀远西路"),
    ],
)
def test_a_misheard_name_is_found_by_its_sound(find, text, heard, address):
    place = find(text)
    assert (place.heard, place.address) == (heard, address)


def test_the_more_a_name_was_misheard_the_lower_its_score(find):
    said, misheard, badly = (find(f"我在兴庆区{name}").score for name in ("民族北街", "民族北接", "名祖北接"))
    assert 1 >= said > misheard > badly > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "今天天气不错",
        "账目贴得清清楚楚",
        "我给了五十块",
        "在电梯里打轿厢电话",
        "看东西重影",
        "我在贺兰山上看见的",
        "你好我想问一下",
        "银川市的政策",
    ],
)
def test_where_no_place_was_said_none_is_found(find, text):
    assert find(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("金凤区宁安北街一百七十七号", "177号"),
        ("宁安北街177号", "177号"),
        ("宁安北街，177号", "177号"),
        ("宁安北街那边的12号楼", "12号楼"),
        ("宁安北街五号院", "5号院"),
        ("宁安北街甲5号", "甲5号"),
        ("宁安北街12-3号", "12-3号"),
        ("宁安北街", None),
        ("宁安北街三月五号停的水", None),
        ("宁安北街从十五号停水", None),
        ("宁安北街附近有家店是8号开的", None),
        ("三号线旁边的宁安北街", None),
    ],
)
def test_a_house_number_stands_right_behind_the_name_and_is_no_date(find, text, number):
    place = find(text)
    assert (place.name, place.number) == ("宁安北街", number)
    assert place.address == f"金凤区宁安北街{number or ''}"


@pytest.mark.parametrize(
    ("text", "district"),
    [
        ("我从贺兰县搬到兴庆区，住在丽景街", "兴庆区"),
        ("坐车从金凤区到西夏区怀远西路，路不平", "西夏区"),
        ("兴庆区和金凤区的人都来，地址在永宁县望远镇", "永宁县"),
        ("金凤区的物业，西夏区的人", "金凤区"),
    ],
)
def test_of_several_districts_the_one_that_is_pointed_at_is_taken(find, text, district):
    assert find(text).district == district


def test_a_road_through_several_districts_tells_none_unless_one_is_said(find):
    assert (find("贺兰山路上").district, find("贺兰山路上").address) == (None, "贺兰山路")
    assert find("西夏区贺兰山路上").address == "西夏区贺兰山路"


def test_a_crossing_tells_the_district_by_the_road_that_lies_in_one(find):
    place = find("正源街和贺兰山路路口有个坑")
    assert place.district == "金凤区"
    assert {place.name, *place.alternatives} == {"正源街", "贺兰山路"}


def test_a_name_that_contradicts_the_district_said_scores_low(find):
    agreeing, contrary = find("金凤区北京中路"), find("兴庆区北京中路")
    assert contrary.district == "兴庆区"
    assert contrary.score < 0.6 < agreeing.score


def test_a_town_tells_its_code_so_that_its_office_can_be_found(find):
    place = find("永宁县望远镇")
    assert (place.street, place.street_code, place.name) == ("望远镇", "640121102", None)


def place(code: str, name: str, kind: str, parent: str | None, **more) -> Place:
    return Place(code, name, kind, parent, **more)


SMALL = [
    place("C", "小城", "city", None),
    place("D1", "东河区", "district", "C", aliases=("东河",)),
    place("D2", "西岭区", "district", "C"),
    place("S1", "柳树镇", "street", "D1"),
    place("K1", "柳树湾社区", "community", "S1"),
    place("R1", "长江大道", "road", "D1", also_in=("D2",)),
    place("R2", "东河涌路", "road", "D2"),
    place("P1", "明德书院", "poi", "K1", aliases=("书院",)),
]


@pytest.fixture
def small():
    return PlaceFinder(SMALL).find


def test_a_point_in_a_community_tells_its_town_and_district(small):
    found = small("在书院旁边")
    assert (found.code, found.name, found.street, found.street_code, found.district) == (
        "P1",
        "明德书院",
        "柳树镇",
        "S1",
        "东河区",
    )
    assert (found.address, found.heard) == ("东河区明德书院", "书院")


def test_a_name_within_a_longer_name_is_hidden_by_it(small):
    assert small("柳树湾社区").code == "K1"
    assert small("柳树镇").code == "S1"


def test_an_alias_that_begins_a_longer_name_elsewhere_names_no_district(small):
    assert small("东河涌水泵坏了") is None
    assert small("东河区涌水").district == "东河区"


def test_a_district_with_a_name_right_behind_it_is_meant_more_than_one_that_somebody_lives_in(small):
    assert small("我住在西岭区，反映东河区长江大道的灯").district == "东河区"


def test_a_score_is_what_the_rules_make_it(small):
    # 0.8, and two hundredths a letter; a tenth more where the district agrees, four less where it does not
    assert small("长江大道").score == pytest.approx(0.88)
    assert small("东河区长江大道").score == pytest.approx(0.98)
    assert small("东河区东河涌路").score == pytest.approx(0.48)


def test_with_nothing_in_the_gazetteer_nothing_is_found():
    assert PlaceFinder([]).find("我家在宁安北街") is None
