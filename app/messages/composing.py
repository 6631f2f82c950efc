"""A message's text: the city's template with its fields, in the form in which people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.clock import CITY_ZONE
from routing.evaluation import masked

_WRITTEN = {"reason": 60, "route": 100, "reply": 300, "progress": 200}
"""Slots that people's own words fill, and how many characters of them a message takes."""
UNSAID = {"reason": "有关原因", "route": "请致电12345咨询", "reply": "请致电12345查询", "progress": "请致电12345查询"}
_TIMES = frozenset({"due"})
_BLANKS = re.compile(r"\s+")


def stored(name: str, value: Any, *, hidden: bool) -> str:
    """A field as the record keeps it; ``hidden``: of a ticket whose matter no message may tell."""
    if hidden and name in _WRITTEN:
        return UNSAID[name]
    return value.isoformat() if isinstance(value, datetime) else str(value)


def compose(template: str, fields: Mapping[str, str], *, hidden: bool) -> str:
    """The text. ``hidden`` is asked again when it is sent: the ticket may have been marked since it was written.

    Raises:
        KeyError, ValueError: a slot that is not given, or a time that is none.
    """
    return template.format_map({name: _said(name, value, hidden=hidden) for name, value in fields.items()})


def _said(name: str, value: str, *, hidden: bool) -> str:
    if name in _TIMES:
        at = datetime.fromisoformat(value).astimezone(CITY_ZONE)
        return f"{at.year}年{at.month}月{at.day}日{at:%H:%M}"
    if name not in _WRITTEN:
        return value
    if hidden:
        return UNSAID[name]
    words = _BLANKS.sub(" ", masked(value)).strip()
    longest = _WRITTEN[name]
    return words if len(words) <= longest else f"{words[: longest - 2]}……"
