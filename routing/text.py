"""Texts as recognisers and people write them, made comparable."""

from __future__ import annotations

import re
import unicodedata

import cn2an

_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千]+(?=号|弄|栋|幢|号楼|单元|路公交|路车)")
_PLAIN_DIGITS = re.compile(r"^[零〇一二三四五六七八九]+$")
_FILLERS = re.compile(r"(?:^|(?<=[，,。！!？?]))(?:嗯+|呃+|啊+|哦|喂|那个|这个|就是说?|然后|您好啊?|你好)[，,、]?")
_PUNCTUATION = re.compile(r"[\s，,。.！!？?、；;：:…—\-\"'“”‘’()（）《》·~～]+")
_NARROW = re.compile(r"[?!;]|(?<!\d),|,(?!\d)|(?<!\d):|:(?!\d)")
_LOOSE = re.compile(r"\s*([,?!;:])\s*")
_WIDE = {",": "，", "?": "？", "!": "！", ";": "；", ":": "："}


def normalise(text: str) -> str:
    """Letters and digits half-width, commas and ends of sentences full-width, no spaces between characters.

    One form for what people type and what recognisers write; 1,200 and 8:30 stay as they are.
    """
    half = "".join(unicodedata.normalize("NFKC", char) if "\uff01" <= char <= "\uff5e" else char for char in text)
    half = _LOOSE.sub(r"\1", half)  # first: whether digits stand on both sides must not change by a space
    half = _NARROW.sub(lambda match: _WIDE[match[0]], half)
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", half).strip()


def bare(text: str) -> str:
    """Without punctuation and spaces."""
    return _PUNCTUATION.sub("", text)


def without_fillers(text: str) -> str:
    """Without the words people begin sentences with while they think."""
    before = None
    while before != text:
        before, text = text, _FILLERS.sub("", text).lstrip("，,、。")
    return text


def numerals(text: str) -> str:
    """Chinese numerals before 号, 栋, 单元 … in digits: 一百七十七号 → 177号."""
    return _NUMBER.sub(lambda match: _in_digits(match[0]), text)


def _in_digits(numeral: str) -> str:
    if _PLAIN_DIGITS.match(numeral) and len(numeral) > 1:  # said digit by digit
        return "".join(str("零一二三四五六七八九".index(char.replace("〇", "零"))) for char in numeral)
    try:
        return str(int(cn2an.cn2an(numeral.replace("两", "二"), "smart")))
    except ValueError:
        return numeral
