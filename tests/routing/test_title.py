"""A ticket's title: where, and the first thing told."""

from __future__ import annotations

import pytest

from routing.assessment import PlaceFound
from routing.city.schema import Category
from routing.title import make_title

STREET_LAMP = Category("020403", "城市管理", "市政设施", "路灯不亮", "市政", (), "C", "N5")


def place(address: str | None, heard: str) -> PlaceFound:
    return PlaceFound("R", "D", "金凤区", None, "宁安北街", None, address, 0.9, heard)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("路灯坏了三天没人修", "路灯坏了三天没人修"),
        ("喂，你好，我想反映一下，路灯坏了三天。", "路灯坏了三天"),
        ("嗯,那个,我要投诉一下路灯坏了好久,没人管", "路灯坏了好久"),
        ("请问路灯坏了找谁,谢谢", "路灯坏了找谁"),
        ("麻烦你们,路灯坏了一整条街", "路灯坏了一整条街"),
    ],
)
def test_greetings_and_politeness_are_left_out(text, title):
    assert make_title(text, STREET_LAMP, None) == title


def test_the_place_goes_before_unless_the_clause_names_it_itself():
    ninganbei = place("金凤区宁安北街", "宁安北街")
    assert make_title("路灯坏了三天，在宁安北街", STREET_LAMP, ninganbei) == "金凤区宁安北街路灯坏了三天"
    assert make_title("宁安北街的路灯坏了", STREET_LAMP, ninganbei) == "宁安北街的路灯坏了"


def test_a_place_without_an_address_adds_nothing():
    assert make_title("路灯坏了三天", STREET_LAMP, place(None, "那边")) == "路灯坏了三天"


@pytest.mark.parametrize("text", ["", "喂", "你好，灯坏。", "我想问一下。谢谢"])
def test_where_nothing_is_told_the_leaf_is_the_title(text):
    assert make_title(text, STREET_LAMP, None) == "路灯不亮"


def test_the_address_alone_tells_nothing():
    assert make_title("金凤区宁安北街，坏了", STREET_LAMP, place("金凤区宁安北街", "宁安北街")) == (
        "金凤区宁安北街路灯不亮"
    )


def test_a_title_is_at_most_thirty_characters_long():
    title = make_title("路" * 50, STREET_LAMP, place("金凤区宁安北街", "宁安北街"))
    assert title == "金凤区宁安北街" + "路" * 23


def test_a_number_with_a_comma_is_not_torn_apart():
    assert make_title("物业多收了1,200元物业费，不退", STREET_LAMP, None) == "物业多收了1,200元物业费"
