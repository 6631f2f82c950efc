"""limits.yaml, office_hours.csv and the calendar layers: what time is made of in this city."""

from __future__ import annotations

import re
from datetime import date, time
from pathlib import Path

from routing.city.document import Document, read_document
from routing.city.faults import Findings
from routing.city.limit_text import UNITS, is_limit
from routing.city.schema import CalendarDay, CalendarLayer, LimitProfile, OfficeHours
from routing.city.table import Row, Seen, read_table

LIMITS, OFFICE_HOURS = "limits.yaml", "office_hours.csv"

_CLOCKS = ("dispatch", "sign", "contact", "first_feedback", "finish")
_HELD = ("dispatch", "sign", "contact", "finish")
NEEDED: dict[str, tuple[str, ...]] = {
    "E1": _HELD,
    "E2": _HELD,
    "N10": ("dispatch", "finish"),
    "X15": _HELD,
    "REWORK": ("finish",),
    "SUP1": ("finish",),
    "SUP2": ("finish",),
    "SUP3": ("finish",),
    "CP": _HELD,
    "CP15": _HELD,
}
"""Profiles that the rules know by name, with the limits they ask of them."""
NATURAL = ("E1", "E2")
"""They run day and night and are never extended (domain.md §3.1, rule 1)."""
_INTERVAL = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
_MIDNIGHT = time(0)


def read_limits(root: Path, findings: Findings) -> dict[str, LimitProfile]:
    """The profiles by name, in the order of the file."""
    document = read_document(root, LIMITS, findings)
    profiles: dict[str, LimitProfile] = {}
    for name in document.names() if document else ():
        profile = document.mapping(name) if document else None
        if profile:
            profiles[name] = _profile(name, profile)
    if document:
        _check_named(document)
    return profiles


def _check_named(document: Document) -> None:
    names = document.names()
    for name, clocks in NEEDED.items():
        if name not in names:
            document.fault(f"缺少时限档“{name}”")
            continue
        profile = document.mapping(name)
        if profile is None:  # told of already
            continue
        for clock in clocks:
            if clock not in profile.names():
                document.fault(f"时限档“{name}”须有 {clock} 时限", name)
        if name in NATURAL:
            _check_natural(name, profile)


def _check_natural(name: str, profile: Document) -> None:
    if "extension" in profile.names():
        profile.fault(f"时限档“{name}”不得延期", "extension")
    for clock in _CLOCKS:
        limit = profile.get(clock, str, "", required=False)
        if limit.endswith(("wh", "wd")):
            profile.fault(f"时限档“{name}”须按自然时间计时，“{clock}”不能用“{limit}”", clock)


def _profile(name: str, document: Document) -> LimitProfile:
    document.allow(*_CLOCKS, "backfill", "extension_max", "extension", "note")
    clocks = {clock: _limit(document, clock) for clock in _CLOCKS}
    extension, extensions = _limit(document, "extension"), document.get("extension_max", int, 0, required=False)
    if extensions < 0:
        document.fault("“extension_max”不能为负", "extension_max")
    if (extension is None) != (extensions <= 0):
        document.fault("“extension”与“extension_max”须一同填写", "extension" if extension else "extension_max")
    return LimitProfile(
        name=name,
        **clocks,
        extension_max=extensions,
        extension=extension,
        note=document.get("note", str, "", required=False),
        backfill=_backfill(document),
    )


def _backfill(document: Document) -> str | None:
    """A profile either answers the citizen within a limit or has the holder tell what came of it."""
    limit = _limit(document, "backfill")
    answers = [clock for clock in ("first_feedback", "finish") if clock in document.names()]
    if limit and answers:
        document.fault(f"“backfill”不能与“{answers[0]}”同用", "backfill")
    return limit


def _limit(document: Document, key: str) -> str | None:
    text = document.get(key, str, "", required=False)
    if text and not is_limit(text):
        document.fault(f"“{key}”的时限“{text}”不对，应为整数加单位（{'、'.join(UNITS)}），如 5wd", key)
        return None
    return text or None


def read_office_hours(root: Path, findings: Findings) -> list[OfficeHours]:
    """The dated rows, oldest first; disorder, overlaps and empty days are faults."""
    hours: list[OfficeHours] = []
    for row in read_table(root, OFFICE_HOURS, ("start", "intervals"), findings):
        start = row.day("start")
        intervals = _intervals(row)
        if start is None:
            continue
        if hours and start <= hours[-1].start:
            row.fault(f"起始日期 {start} 应晚于上一行的 {hours[-1].start}")
        hours.append(OfficeHours(start, intervals))
    return hours


def _intervals(row: Row) -> tuple[tuple[time, time], ...]:
    intervals: list[tuple[time, time]] = []
    for text in row.items("intervals"):
        match = _INTERVAL.fullmatch(text)
        try:
            begin, end = (time.fromisoformat(part) for part in match.groups()) if match else (_MIDNIGHT, _MIDNIGHT)
        except ValueError:
            begin = end = _MIDNIGHT
        if begin >= end:
            row.fault(f"办公时段“{text}”不对，应写作 08:30-12:00，且先起后止")
        elif intervals and begin < intervals[-1][1]:
            row.fault(f"办公时段“{text}”与前一时段重叠或次序颠倒")
        else:
            intervals.append((begin, end))
    if not row.items("intervals"):
        row.fault("“intervals”不能为空")
    return tuple(intervals)


def read_layers(root: Path, city: Document, findings: Findings) -> list[CalendarLayer]:
    """The calendar layers named by city.yaml; a year a layer should hold and doesn't is a warning."""
    layers = []
    names: set[str] = set()
    for entry in city.mappings("calendar"):
        entry.allow("name", "file", "required", "years", "expected")
        name, file = entry.get("name", str, ""), entry.get("file", str, "")
        years, required = entry.numbers("years"), entry.get("required", bool, False)
        if name in names:
            entry.fault(f"日历层“{name}”重复", "name")
        names.add(name)
        days = _days(root, file, name, years, findings) if file else []
        for year in years:
            # A required year without a single holiday is a slip, not a notice.
            if required and all(day.day.year != year for day in days):
                entry.fault(f"日历层“{name}”自称含 {year} 年，{file} 中却没有该年的日期", "years")
        expected = entry.numbers("expected")
        for year in expected:
            if year not in years:
                findings.warn(_missing_year(name, year, required=required))
        layers.append(CalendarLayer(name, years, required, tuple(days), expected))
    return layers


def _missing_year(layer: str, year: int, *, required: bool) -> str:
    if required:
        return f"日历层“{layer}”缺少 {year} 年（通知尚未公布）：需用到该年的期限将拒绝计算"
    return f"日历层“{layer}”缺少 {year} 年（regional layer missing for {year}）：该年按其余各层计算"


def _days(root: Path, file: str, layer: str, years: tuple[int, ...], findings: Findings) -> list[CalendarDay]:
    days: dict[date, CalendarDay] = {}
    seen = Seen("日期")
    for row in read_table(root, file, ("day", "working", "name", "source"), findings):
        day, working = row.day("day"), row.boolean("working")
        name, source = row.text("name"), row.text("source")
        if day is None:
            continue
        if day.year not in years:
            row.fault(f"日期 {day} 不在日历层“{layer}”所列年份之内")
        if not seen.again(day, str(day), row):
            days[day] = CalendarDay(day, working, layer, name, source)
    return [days[day] for day in sorted(days)]
