"""Reads a city's folder and checks it whole: never stops at the first fault, never trips over bad data."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.city.bodies import check_unit_districts, read_backstop, read_places, read_units
from routing.city.clocks import LIMITS, read_layers, read_limits, read_office_hours
from routing.city.derivation import Functions
from routing.city.document import Document, read_document
from routing.city.duties import read_aliases, read_catalogue, read_categories
from routing.city.faults import CityError, Findings
from routing.city.rules import read_rules
from routing.city.schema import CONFIDENTIAL, STABILITY, Category, City, LimitProfile
from routing.city.table import Row
from routing.city.words import (
    read_emergency_leaves,
    read_emergency_words,
    read_messages,
    read_not_accepted,
    read_prompts,
)

CITY = "city.yaml"
APPEAL_TYPES = ("咨询", "求助", "投诉", "举报", "建议", "表扬", "其他")

_KEYS = (
    "name", "title", "timezone", "count_from_next_day", "type_override", "auto_dispatch_confidence",
    "suggest_confidence", "human_confirm", "backstop", "calendar", "emergency_leaves",
    "default_profile", "confirm_leaves",
)  # fmt: skip


def load(path: Path) -> City:
    """The city in the folder ``path``.

    Raises:
        CityError: with every fault of every file, each with file and line.
    """
    findings = Findings()
    units, places = read_units(path, findings), read_places(path, findings)
    check_unit_districts(units, places)
    categories, limits = read_categories(path, findings), read_limits(path, findings)
    for category, row in categories.values():
        if limits and category.profile and category.profile not in limits:
            row.fault(f"时限档“{category.profile}”在 limits.yaml 中没有对应的一行")
    _check_words(Functions((unit for unit, _ in units.values()), read_aliases(path, findings)), categories, findings)
    catalogue = read_catalogue(path, findings, units, places, categories)
    hours = read_office_hours(path, findings)
    words, messages = read_emergency_words(path, findings), read_messages(path, findings)
    prompts = read_prompts(path, findings)
    document = read_document(path, CITY, findings)
    rules = read_rules(path, findings)
    if document is None or rules is None:
        raise CityError(findings.faults)
    document.allow(*_KEYS)
    city = City(
        name=document.get("name", str, ""),
        title=document.get("title", str, ""),
        timezone=_timezone(document),
        units=tuple(unit for unit, _ in units.values()),
        places=tuple(place for place, _ in places.values()),
        categories=tuple(category for category, _ in categories.values()),
        catalogue=tuple(catalogue),
        limits=limits,
        type_override=_type_override(document, limits),
        default_profile=_default_profile(document, limits, findings),
        layers=tuple(read_layers(path, document, findings)),
        office_hours=tuple(hours),
        count_from_next_day=document.get("count_from_next_day", bool, True),
        messages=messages,
        prompts=prompts,
        backstop=read_backstop(document, units, places),
        emergency_words=tuple(words),
        emergency_leaves=read_emergency_leaves(document, words, categories),
        not_accepted=tuple(read_not_accepted(path, findings)),
        confirm_leaves=_confirm_leaves(document, categories),
        auto_dispatch_confidence=_confidence(document, "auto_dispatch_confidence"),
        suggest_confidence=_confidence(document, "suggest_confidence"),
        human_confirm=_human_confirm(document, limits),
        rules=rules,
        warnings=tuple(findings.warnings),
    )
    if findings.faults:
        raise CityError(findings.faults)
    return city


def _check_words(functions: Functions, categories: dict[str, tuple[Category, Row]], findings: Findings) -> None:
    """Warn of words in the lead and co columns that no unit stands behind: the derived catalogue passes them over."""
    for category, row in categories.values():
        for text in (category.lead, *category.co):
            for token in functions.tokens(text, category.code):
                if not functions.bodies(token):
                    findings.warn(f"{row.file}:{row.line}: “{token}”没有对应的单位")


def _timezone(document: Document) -> str:
    name = document.get("timezone", str, "")
    try:
        ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):  # a folder, a path, an unknown name
        document.fault(f"时区“{name}”不存在", "timezone")
    return name


def _confidence(document: Document, key: str) -> float:
    value = document.get(key, float, 0.0)
    if not 0 <= value <= 1:
        document.fault(f"“{key}”应在 0 与 1 之间", key)
    return value


def _default_profile(document: Document, limits: dict[str, LimitProfile], findings: Findings) -> str:
    name = document.get("default_profile", str, "")
    profile = limits.get(name)
    if name and limits and profile is None:
        document.fault(f"时限档“{name}”在 limits.yaml 中没有对应的一行", "default_profile")
    sound = all(fault.file != LIMITS for fault in findings.faults)  # a limit with a fault has been told of already
    if profile is not None and sound and not (profile.dispatch and profile.finish):
        document.fault(f"时限档“{name}”须有 dispatch 和 finish 时限", "default_profile")
    return name


def _confirm_leaves(document: Document, categories: dict[str, tuple[Category, Row]]) -> tuple[str, ...]:
    leaves = document.texts("confirm_leaves")
    for leaf in leaves:
        if categories and leaf not in categories:
            document.fault(f"类别“{leaf}”不存在", "confirm_leaves")
    return leaves


def _human_confirm(document: Document, limits: dict[str, LimitProfile]) -> tuple[str, ...]:
    wanted = document.texts("human_confirm")
    known = {*APPEAL_TYPES, *limits, CONFIDENTIAL, STABILITY}
    for word in wanted:
        if limits and word not in known:
            document.fault(
                f"“human_confirm”不认识“{word}”，可用：诉求类型、时限档、{CONFIDENTIAL}、{STABILITY}", "human_confirm"
            )
    return wanted


def _type_override(document: Document, limits: dict[str, LimitProfile]) -> dict[str, str]:
    overrides: dict[str, str] = {}
    mapping = document.mapping("type_override")
    for kind in mapping.names() if mapping else ():
        profile = mapping.get(kind, str, "") if mapping else ""
        if mapping and kind not in APPEAL_TYPES:
            mapping.fault(f"诉求类型“{kind}”不存在", kind)
        if mapping and limits and profile and profile not in limits:
            mapping.fault(f"时限档“{profile}”在 limits.yaml 中没有对应的一行", kind)
        overrides[kind] = profile
    return overrides
