"""rules.yaml: how a ticket's life goes in this city, beyond the limits of its profile (domain.md §3, §9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from routing.city.document import Document, read_document
from routing.city.faults import Findings
from routing.city.limit_text import UNITS, is_limit

RULES = "rules.yaml"
NOON, EVENING = time(12), time(18)
HUMAN_IF = ("E1", "E2", "unhappy", "supervised", "rework", "unreached")
"""``unreached``: the last of the tries."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_HOURS = re.compile(rf"({_TIME.pattern})-({_TIME.pattern})")


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits are texts ("4wh"); counts are numbers. One field for each key of rules.yaml, section and name joined."""

    sign_grace: str
    """After the sign limit the system signs, marked as late: so much later."""
    sign_grace_urgent: str
    return_window: str
    """How long after dispatch a ticket may be returned."""
    return_window_complex: str
    """The same for 疑难 and for profiles with a finish limit of ten working days or more."""
    return_review: str
    return_review_urgent: str
    return_max_dispatch: int
    """At this dispatch a return goes to arbitration; the designation that follows cannot be returned."""
    return_silence: str
    """What a review that is not made in time means: "accept" or "reject"."""
    arbitration_limit: str
    extension_cutoff: time
    """Asked for by then on the day it is due."""
    extension_longest: str
    """No extension is longer, whatever the profile says."""
    extension_second_by_director: bool
    extension_review: str
    wait_info_limit: str
    suspension_longest: str
    suspension_progress: str
    """How often the citizen is told how it stands."""
    suspension_review: str
    appraisal_longest: str
    pause_review: str
    exclusion_review: str
    withdrawal_review: str
    reply_review: str
    callback_limit: str
    callback_start: str
    callback_tries: int
    callback_window: str
    callback_dayparts: int
    """Tries in vain count once they lie in so many parts of the day."""
    callback_hours: tuple[tuple[time, time], ...]
    """When citizens may be called, on any day."""
    callback_link: str
    """How long the link of a message can be opened."""
    callback_human_if: tuple[str, ...]
    """When a person calls, and not a machine (:data:`HUMAN_IF`)."""
    appeal_window: str
    appeal_review: str
    archive_after: str
    sub_due_before: str
    """A sub-dispatch is due so much before the holder is."""
    urge_per_day: int
    """By the citizen."""
    contact_tries: int
    """So many tries in vain count as contact."""
    unmerge_window: str
    warn_share: float
    """Yellow at this share of the limit …"""
    warn_before: str
    """… or so long before it is due, whichever is earlier."""
    escalate_supervise: str
    """So long after the unit's limit the system supervises (L1) …"""
    escalate_circulate: str
    """… and so long after it, it circulates a notice (通报)."""


def read_rules(root: Path, findings: Findings) -> Rules | None:
    """The rules; None after a fault in the file itself."""
    document = read_document(root, RULES, findings)
    if document is None:
        return None
    sections: dict[str, list[str]] = {}
    for field in fields(Rules):
        section, _, name = _split(field.name)
        sections.setdefault(section, []).append(name)
    document.allow(*sections)
    values: dict[str, Any] = {}
    for section, names in sections.items():
        mapping = document.mapping(section)
        if mapping is not None:
            mapping.allow(*names)
        for name in names:
            values[_join(section, name)] = _value(mapping, name, _join(section, name))
    rules = Rules(**values)
    parts = len({daypart(at) for start, end in rules.callback_hours for at in (start, *_within(start, end))})
    if rules.callback_hours and rules.callback_dayparts > parts:
        document.fault(f"“dayparts”多于“hours”所及的时段数（{parts}）", "callback")
    return rules


def daypart(at: time) -> int:
    """Morning 0, afternoon 1, evening 2."""
    return (at >= NOON) + (at >= EVENING)


def _within(start: time, end: time) -> list[time]:
    return [border for border in (NOON, EVENING) if start < border < end]


_SECTIONS = (
    "sign", "return", "arbitration", "extension", "wait_info", "suspension", "appraisal", "pause", "exclusion",
    "withdrawal", "reply", "callback", "appeal", "archive", "sub", "urge", "contact", "unmerge", "warn", "escalate",
)  # fmt: skip


def _split(field: str) -> tuple[str, str, str]:
    section = next(name for name in _SECTIONS if field.startswith(f"{name}_"))
    return section, "_", field.removeprefix(f"{section}_")


def _join(section: str, name: str) -> str:
    return f"{section}_{name}"


def _value(mapping: Document | None, name: str, field: str) -> Any:
    kind = str({field.name: field.type for field in fields(Rules)}[field])
    return (_BY_FIELD.get(field) or _BY_KIND.get(kind) or _limit)(mapping, name)


def _flag(mapping: Document | None, name: str) -> bool:
    return mapping.get(name, bool, False) if mapping else False


def _silence(mapping: Document | None, name: str) -> str:
    text = mapping.get(name, str, "accept") if mapping else "accept"
    if mapping and text not in {"accept", "reject"}:
        mapping.fault(f"“{name}”应为 accept 或 reject", name)
    return text


def _limit(mapping: Document | None, name: str) -> str:
    text = mapping.get(name, str, "1wd") if mapping else "1wd"
    if mapping and not is_limit(text):
        mapping.fault(f"“{name}”的时限“{text}”不对，应为整数加单位（{'、'.join(UNITS)}），如 5wd", name)
    return text


def _positive(mapping: Document | None, name: str) -> int:
    number = mapping.get(name, int, 1) if mapping else 1
    if mapping and number < 1:
        mapping.fault(f"“{name}”应为正整数", name)
    return number


def _share(mapping: Document | None, name: str) -> float:
    share = mapping.get(name, float, 0.5) if mapping else 0.5
    if mapping and not 0 < share < 1:
        mapping.fault(f"“{name}”应在 0 与 1 之间", name)
    return share


def _time(mapping: Document | None, name: str) -> time:
    text = mapping.get(name, str, "00:00") if mapping else "00:00"
    if not _TIME.fullmatch(text):
        if mapping:
            mapping.fault(f"“{name}”应为 HH:MM", name)
        return time(0)
    return time.fromisoformat(text)


def _hours(mapping: Document | None, name: str) -> tuple[tuple[time, time], ...]:
    hours = []
    for text in mapping.texts(name) if mapping else ():
        found = _HOURS.fullmatch(text)
        hours.append((time.fromisoformat(found[1]), time.fromisoformat(found[3])) if found else (time(0), time(0)))
    borders = [border for stretch in hours for border in stretch]
    if mapping and (not borders or any(one >= other for one, other in pairwise(borders))):
        mapping.fault(f'“{name}”应为先后相接的时段，如 ["09:00-12:00", "14:00-20:00"]', name)
        return ()
    return tuple(hours)


def _human_if(mapping: Document | None, name: str) -> tuple[str, ...]:
    given = mapping.texts(name) if mapping else ()
    for text in given:
        if mapping and text not in HUMAN_IF:
            mapping.fault(f"“{name}”不认识“{text}”，可用：{'、'.join(HUMAN_IF)}", name)
    return given


_BY_FIELD: dict[str, Callable[[Document | None, str], Any]] = {
    "return_silence": _silence,
    "callback_hours": _hours,
    "callback_human_if": _human_if,
}
_BY_KIND: dict[str, Callable[[Document | None, str], Any]] = {
    "int": _positive,
    "bool": _flag,
    "float": _share,
    "time": _time,
}
