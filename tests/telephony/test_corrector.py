"""Misheard characters are put right by the sound of the city's sentences, and no danger is made that way."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from telephony.scribe.corrector import Corrector, read_guarded, read_sentences
from telephony.scribe.language import ORDER, START, CharacterModel
from telephony.settings import TelephonySettings

SENTENCES = [
    "养老保险断缴了半年怎么补缴",
    "楼上邻居家里一直漏水物业不管",
    "我家在西夏区朔方路",
    "楼下着火了快来人",
    "有个老人晕倒了请派救护车",
    "电梯坏了没人修",
] * 5
UNSURE = -0.4


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector(SENTENCES, ["着火", "晕倒", "救护车"])


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("养老保险断脚了半年", "养老保险断缴了半年"),
        ("楼上林居家里一直漏水,屋业不管。", "楼上邻居家里一直漏水,物业不管。"),
        ("我家在西夏区说房路", "我家在西夏区朔方路"),  # shuo fang: s and sh are one to many
        ("电体坏了没人修", "电梯坏了没人修"),
    ],
)
def test_a_misheard_word_is_written_as_people_here_say_it(corrector: Corrector, heard: str, meant: str):
    assert corrector.correct(heard, UNSURE) == meant


@pytest.mark.parametrize("text", ["", "。", "36", "OK", "电梯坏了没人修", "龘"])
def test_what_needs_no_correction_stays(corrector: Corrector, text: str):
    assert corrector.correct(text, UNSURE) == text


@pytest.mark.parametrize("text", ["楼下这火了,快来人", "有个老人,运道了", "电体 坏了?没人修!", "断脚了,半年。怎么不脚"])
def test_length_and_punctuation_stay(corrector: Corrector, text: str):
    corrected = corrector.correct(text, UNSURE)
    assert len(corrected) == len(text)
    assert [sign for sign in corrected if sign in ",。?! "] == [sign for sign in text if sign in ",。?! "]


@pytest.mark.parametrize(("heard", "danger"), [("楼下这火了快来人", "着火"), ("有个老人运倒了", "晕倒")])
def test_a_danger_is_never_made_of_something_else(corrector: Corrector, heard: str, danger: str):
    without_guard = Corrector(SENTENCES)
    assert danger in without_guard.correct(heard, UNSURE)
    assert danger not in corrector.correct(heard, UNSURE)


def test_a_long_danger_of_the_very_same_sound_is_no_accident(corrector: Corrector):
    assert corrector.correct("请派就护车", UNSURE) == "请派救护车"


def test_a_danger_that_was_heard_stays(corrector: Corrector):
    assert corrector.correct("楼下着火了", UNSURE) == "楼下着火了"


def test_where_the_recogniser_was_sure_more_must_speak_for_a_change():
    corrector = Corrector(["电梯坏了", "电体好了"])  # both occur: the sentence must decide, and only just
    assert corrector.correct("电体坏了", 0.0) == "电体坏了"


def test_a_swap_costs_more_than_a_model_that_knows_no_better():
    assert Corrector(["水", "谁"]).correct("谁", UNSURE) == "谁"


def test_sentences_are_read_from_files_and_folders(tmp_path: Path):
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "01.csv").write_text('leaf,type,text\n010101,投诉,"你好,电梯坏了。"\n', encoding="utf-8")
    places = tmp_path / "places.csv"
    places.write_text("code,name\n1,西夏区\n2,\n", encoding="utf-8")
    assert read_sentences([folder, places]) == ["你好电梯坏了", "西夏区"]


def test_a_city_without_guarded_words_guards_none(tmp_path: Path):
    assert read_guarded(tmp_path / "none.csv") == []


def test_the_shipped_sentences_correct_and_guard():
    settings = TelephonySettings()
    guarded = read_guarded(settings.guarded_words_file)
    assert "着火" in guarded
    corrector = Corrector(read_sentences(settings.phrases), guarded)
    assert corrector.correct("我们小区电体坏了,养老保险断脚了", UNSURE) == "我们小区电梯坏了,养老保险断缴了"


def test_probabilities_of_what_may_follow_sum_to_less_than_one_and_prefer_the_seen():
    model = CharacterModel(["电梯坏了", "电梯好了", "电话"])
    signs = "电梯坏好了话$"
    for before in (START, "^^电", "^电梯"):
        total = sum(math.exp(model.log_probability(before, sign)) for sign in signs)
        assert 0.8 < total <= 1.0 + 1e-9  # the rest is for characters never seen
    assert (
        model.log_probability("^^电", "梯") > model.log_probability("^^电", "话") > model.log_probability("^^电", "坏")
    )


def test_an_unseen_context_falls_back_to_shorter_ones():
    model = CharacterModel(["电梯坏了"])
    assert model.log_probability("话费梯"[: ORDER - 1], "坏") > model.log_probability("话费梯"[: ORDER - 1], "电")
