"""What people write: cleaned, or refused with the field's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tickets.errors import InputError, MarkupError, MissingFieldError
from app.tickets.texts import clean


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  路灯不亮 \n", "路灯不亮"),
        ("一\r\n二\r三\n四", "一\n二\n三\n四"),
        ("楼号\t单元", "楼号\t单元"),
        ("水费 3 < 5 元，a<b>c", "水费 3 < 5 元，a<b>c"),
        ("在 on = 开 的位置", "在 on = 开 的位置"),
        ("＜script＞是全角字", "＜script＞是全角字"),
        ("写作 JavaScript 语言的题目", "写作 JavaScript 语言的题目"),
        ("👨‍👩‍👧 一家三口", "👨‍👩‍👧 一家三口"),  # joined by a zero-width letter that must stay
        ("灯\u200b不亮", "灯\u200b不亮"),
        ("第一行\u2028第二行", "第一行\u2028第二行"),
    ],
)
def test_plain_words_stay_as_they_are(written, kept):
    assert clean(written, "text") == kept


@pytest.mark.parametrize(
    "blank",
    ["", " ", "\n\t", "\u3000", "\u00a0", "\u200b", "\ufeff", "\u200b \u200d", "\u2060", "\u202e", "\x00", " \x07 "],
    ids=ascii,
)
def test_what_shows_nothing_is_nothing(blank):
    with pytest.raises(MissingFieldError) as caught:
        clean(blank, "reason")
    assert (caught.value.id, caught.value.status) == ("input.missing", 422)
    assert caught.value.extra["faults"] == [{"field": "reason", "message": "内容不能为空"}]


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
def test_control_characters_and_half_characters_are_refused(letter):
    with pytest.raises(InputError, match="控制字符") as caught:
        clean(f"路灯{letter}不亮", "text")
    assert caught.value.id == "input.invalid"


SCRIPTS = [
    "<script>alert(1)</script>", "<ScRiPt src=x>", "< script >", "</ script>", "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>", "<iframe src=//x>", "<object data=x>", "<embed src=x>", "<link rel=x>",
    "<style>*{}</style>", "<div onclick=alert(1)>", "<x\nonfocus\n=\nf>",
    "<meta http-equiv=refresh>", "<body onload=x>", "<html>", "<form action=x>", "<base href=x>", "<video src=x>",
    "<audio src=x>", "javascript:alert(1)", "JAVASCRIPT : alert(1)", '<a onclick="x()">', "<b onmouseover = 'x'>",
    "<a href=javascript:x>", "<\nscript\n>",
]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("around", ["{}", "路灯不亮{}请修"])
def test_a_web_pages_code_is_refused(script, around):
    with pytest.raises(MarkupError, match="不能含有网页代码") as caught:
        clean(around.format(script), "public_reply")
    assert (caught.value.id, caught.value.status) == ("input.markup", 422)
    assert caught.value.extra["faults"][0]["field"] == "public_reply"


@given(st.text(max_size=60))
def test_what_was_cleaned_is_clean_and_shows_something(written):
    try:
        kept = clean(written, "text")
    except InputError:
        return
    assert clean(kept, "text") == kept
    assert kept.strip() == kept
    assert "\r" not in kept
    assert "<script" not in kept.lower()
