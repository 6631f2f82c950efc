"""Texts made comparable: widths, spaces, fillers, numerals."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.text import bare, normalise, numerals, without_fillers


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ＫＴＶ１２３", "KTV123"),
        ("停水了,没人管?!", "停水了，没人管？！"),
        ("停水了，没人管？！；", "停水了，没人管？！；"),
        ("共1,200元，3.5米，8:30到", "共1,200元，3.5米，8:30到"),
        ("三号楼,2号", "三号楼，2号"),
        ("银 川 市 停 水", "银川市停水"),
        ("  KTV  扰 民 ", "KTV扰民"),
        ("close by me", "close by me"),
        ("", ""),
    ],
)
def test_what_people_type_and_recognisers_write_gets_one_form(text, normal):
    assert normalise(text) == normal


@example("1: 1")
@given(st.text(alphabet="停水了，,。?！ aＡ1１:：；;", max_size=30))
def test_a_normal_text_stays_as_it_is(text):
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet="停水着火，,。.！!？?；;：:、（()）“” \n", max_size=30))
def test_a_bare_text_holds_no_punctuation_of_either_width(text):
    assert set(bare(text)) <= set("停水着火")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("嗯，那个，我家停水了", "我家停水了"),
        ("喂,你好,我们楼下着火了", "我们楼下着火了"),
        ("您好啊，就是说这个路灯坏了", "路灯坏了"),
        ("您好您好，停水了。呃，三天了", "停水了。三天了"),
        ("哦对", "对"),
        ("停水了", "停水了"),
        ("嗯嗯", ""),
    ],
)
def test_fillers_at_the_beginning_of_sentences_go(text, rest):
    assert without_fillers(text) == rest


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("宁安北街一百七十七号", "宁安北街177号"),
        ("一〇三号", "103号"),
        ("二零一号", "201号"),
        ("两栋三单元", "2栋3单元"),
        ("十二号楼", "12号楼"),
        ("一千零五号", "1005号"),
        ("三十六路公交车", "36路公交车"),
        ("零号", "0号"),
        ("三个人等了两天", "三个人等了两天"),
        ("千千万号人", "千千万号人"),
        ("五一路", "五一路"),
        ("二三十号人", "二三十号人"),
    ],
)
def test_numerals_before_house_and_bus_words_become_digits(text, digits):
    assert numerals(text) == digits


@given(st.integers(1, 9999))
def test_every_house_number_said_in_full_is_read_back(number):
    said = ""
    for digit, unit in zip(f"{number:04}", ("千", "百", "十", ""), strict=True):
        said += "零一二三四五六七八九"[int(digit)] + (unit if digit != "0" else "")
    while "零零" in said:
        said = said.replace("零零", "零")
    assert numerals(said.strip("零") + "号") == f"{number}号"
