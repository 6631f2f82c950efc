"""Which limits hold for an appeal, and when they are up."""

from __future__ import annotations

from datetime import datetime

from routing.assessment import Limits
from routing.calendar.deadline import deadline
from routing.calendar.working import WorkingCalendar
from routing.city.schema import Category, City
from routing.errors import CalendarError

NOT_TIMED = "时限未计："
"""Begins the reason why a clock could not be computed."""
_URGENT = frozenset({"E1", "E2"})
_CLOCKS = ("dispatch", "sign", "contact", "first_feedback", "backfill", "finish")


def profile_of(category: Category, kind: str, urgency: int, city: City) -> str:
    """The SLA profile: an emergency is E1; a leaf's E1, E2, T or ST stands; else the type may override it (§5).

    举报 is never answered faster than N10 unless the leaf's own procedure (ST) is longer.
    """
    if urgency == 1:
        return "E1"
    if category.profile in _URGENT or (category.profile in {"T", "ST"} and kind not in {"咨询", "建议", "表扬"}):
        return category.profile
    if kind == "举报" and category.profile in {"N5", "Q"}:
        return "N10"
    return city.type_override.get(kind, category.profile)


def limits_of(profile: str, accepted: datetime, city: City, calendar: WorkingCalendar) -> tuple[Limits, list[str]]:
    """All due times from acceptance on, and what could not be computed and why (in Chinese).

    The citizen's clock is the finish limit (first feedback where a profile has no finish), counted from acceptance;
    it never restarts. Where a profile only has its result filled in afterwards (T), the citizen has none.
    """
    row = city.limits[profile]
    texts = {clock: limit for clock in _CLOCKS if (limit := getattr(row, clock)) is not None}
    due: dict[str, datetime | None] = {}
    faults: list[str] = []
    for clock, limit in texts.items():
        try:
            due[clock] = deadline(limit, accepted, calendar, count_from_next_day=city.count_from_next_day).due
        except CalendarError as error:
            faults.append(f"{NOT_TIMED}{error.message}")
    citizen = "finish" if "finish" in texts else "first_feedback"
    citizen_due = due.get(citizen)
    if citizen in texts:
        texts["citizen"] = texts[citizen]
    else:
        citizen = "backfill"
    limits = Limits(
        profile=profile,
        dispatch_due=due.get("dispatch"),
        sign_due=due.get("sign"),
        contact_due=due.get("contact"),
        feedback_due=due.get("first_feedback", due.get("backfill")),
        due=due.get(citizen),
        citizen_due=citizen_due,
        texts=texts,
    )
    return limits, list(dict.fromkeys(faults))
