"""How alike words sound: half for the beginning, half for the end of each syllable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.pinyin import character_sounds, distance, syllable_distance, syllables

WORDS = st.text(alphabet="银川英物误业福湖州街路着找火活兴庆", max_size=5).map(syllables)


def test_homophones_sound_the_same_whatever_their_tone():
    assert syllables("物业") == syllables("误业") == ("wu", "ye")
    assert distance(syllables("着火"), syllables("找活")) == 0


def test_a_character_of_several_readings_is_read_in_its_word():
    assert syllables("银行") == ("yin", "hang")
    assert syllables("行走") == ("xing", "zou")


def test_letters_and_digits_have_sounds_of_their_own_so_that_positions_agree():
    assert character_sounds("36号楼") == ("3", "6", "hao", "lou")
    assert character_sounds("号楼") == ("hao", "lou")


@pytest.mark.parametrize(
    ("one", "other", "off"),
    [
        ("zhang", "zhang", 0),
        ("zhang", "zang", 0.125),  # a quarter of the half for the beginning
        ("yin", "ying", 0.125),
        ("liu", "niu", 0.125),
        ("fu", "hu", 0.125),
        ("nv", "nu", 0.125),
        ("shen", "seng", 0.25),
        ("ma", "ba", 0.5),
        ("ma", "mi", 0.5),
        ("ma", "bi", 1),
        ("an", "ma", 1),
        ("", "ma", 1),
    ],
)
def test_sounds_that_speakers_here_mix_up_are_near(one, other, off):
    assert syllable_distance(one, other) == syllable_distance(other, one) == off


@pytest.mark.parametrize(
    ("one", "other", "off"),
    [
        ("银川", "英川", 0.125 / 2),
        ("福州街", "湖州街", 0.125 / 3),
        ("银川", "银川市", 1 / 3),
        ("银川", "", 1),
        ("", "", 0),
    ],
)
def test_the_distance_of_words_is_what_must_change_over_the_longer_length(one, other, off):
    assert distance(syllables(one), syllables(other)) == pytest.approx(off)


def test_beyond_the_limit_the_distance_is_simply_one():
    one, other = syllables("民族北街"), syllables("民族南路")
    assert distance(one, other) < 1
    assert distance(one, other, limit=0.1) == 1
    assert distance(syllables("民族"), syllables("民族北街"), limit=0.1) == 1
    assert distance(syllables("银川"), syllables("英川"), limit=0.1) == pytest.approx(0.0625)


@given(WORDS, WORDS)
def test_a_distance_is_symmetric_between_nought_and_one_and_nought_for_the_same(one, other):
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert 0 <= distance(one, other) <= 1
    assert distance(one, one) == 0
