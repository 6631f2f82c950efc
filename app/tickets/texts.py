"""What people write: without control characters, without a web page's code, not blank."""

from __future__ import annotations

import re
import unicodedata

from app.tickets.errors import InputError, MarkupError, MissingFieldError

UNHEARD = "（录音待转写，请听录音后登记）"
"""Stands where the citizen's words will, while nobody has heard them."""

_MARKUP = re.compile(
    r"<\s*/?\s*(?:script|iframe|object|embed|svg|img|link|style|meta|form|body|html|base|video|audio)\b"
    r"|javascript\s*:|\bon[a-z]{3,20}\s*=\s*[\"']|<[^<>]*\bon[a-z]{3,20}\s*=",
    re.IGNORECASE,
)
_KEPT = {"\n", "\t"}


def clean(text: str, field: str) -> str:
    """The text without blanks around it and with one kind of line end.

    Raises:
        MarkupError: scripts and tags: nobody dictates those, and no page must ever run them.
        InputError: control characters, or half a character.
        MissingFieldError: nothing is left.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text or not any(unicodedata.category(letter)[0] not in "ZC" for letter in text):
        raise MissingFieldError("内容不能为空", field)
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in _KEPT for letter in text):
        raise InputError("内容含有无法识别的控制字符", field)
    if _MARKUP.search(text):
        raise MarkupError("内容不能含有网页代码，请只填写文字", field)
    return text
