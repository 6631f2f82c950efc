"""How the recogniser's errors are counted."""

from __future__ import annotations

import pytest

from telephony.scribe.bench import comparable, edits


@pytest.mark.parametrize(
    ("said", "written", "count"),
    [
        ("停水三天", "停水三天", 0),
        ("停水三天", "停水翻天", 1),
        ("停水三天", "停水", 2),
        ("", "喂", 1),
        ("找物业", "找了物业", 1),
    ],
)
def test_edits_are_counted_a_character_each(said: str, written: str, count: int):
    assert edits(said, written) == count


@pytest.mark.parametrize(
    ("text", "plain"),
    [("177号,36路!", "一百七十七号三十六路"), ("欠了28万 块。", "欠了二十八万块"), ("13900000001", "13900000001")],
)
def test_numbers_and_punctuation_make_no_difference(text: str, plain: str):
    assert comparable(text) == plain
