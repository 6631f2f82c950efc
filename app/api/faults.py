"""What is wrong with a request's fields, in Chinese: the decoder's own words are English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MESSAGES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (r"unknown field `(?P<field>[^`]+)`", "没有这个字段"),
        (r"missing required field `(?P<field>[^`]+)`", "必须填写"),
        (r"Missing required .*parameter '(?P<field>[^']+)'", "必须填写"),
        (r"`str` of length <= (?P<n>\d+)", "不能超过 {n} 个字"),
        (r"`str` of length >= 1\b", "不能为空"),
        (r"`str` of length >= (?P<n>\d+)", "不能少于 {n} 个字"),
        (r"`array` of length <= (?P<n>\d+)", "不能超过 {n} 项"),
        (r"`array` of length >= (?P<n>\d+)", "不能少于 {n} 项"),
        (r"<= (?P<n>-?\d+)", "不能大于 {n}"),
        (r">= (?P<n>-?\d+)", "不能小于 {n}"),
        (r"`str` matching regex", "格式不正确"),
        (r"Invalid enum value", "不是规定的选项"),
        (r"RFC3339|`datetime`", "应为时间，如 2026-11-24T08:00:00+08:00"),
        (r"Expected `int", "应为整数"),
        (r"Expected `float", "应为数字"),
        (r"Expected `bool", "应为 true 或 false"),
        (r"Expected `str", "应为文字"),
        (r"Expected `array", "应为列表"),
        (r"Expected `object", "应为 JSON 对象"),
    )
)


def in_chinese(message: str) -> tuple[str, str | None]:
    """A decoder's message as people read it, and the field it names, if it names one."""
    for pattern, chinese in _MESSAGES:
        if found := pattern.search(message):
            named = found.groupdict()
            return chinese.format(**named), named.get("field")
    return "内容不符合要求", None


def faults_of(extra: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Litestar's list of what is wrong → ``field`` and Chinese ``message`` of each."""
    faults = []
    for fault in extra:
        message, named = in_chinese(str(fault.get("message", "")))
        key = fault.get("key")
        faults.append({"field": named if named is not None and key in {None, "data"} else key, "message": message})
    return faults


def of_body(extra: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it is the body that is wrong, not the address."""
    return any(fault.get("source") == "body" for fault in extra)
