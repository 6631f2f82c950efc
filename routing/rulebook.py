"""A city's rules for the life of a ticket: limits of its clocks, its units' tree, who answers meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.codes import AppealType, ClockKind, Urgency
from models.workflow_codes import TicketAction
from routing.calendar.deadline import deadline
from routing.calendar.limit import Limit
from routing.calendar.working import WorkingCalendar
from routing.city.schema import CatalogueRow, Category, City, LimitProfile, Unit
from routing.limits import profile_of

_URGENT = frozenset({"E1", "E2"})
_COMPLEX = timedelta(days=10)
_LEVELS = {1: "SUP1", 2: "SUP2", 3: "SUP3"}


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Over one city. Nothing changes after it is made."""

    city: City
    calendar: WorkingCalendar
    units: dict[str, Unit]
    categories: dict[str, Category]

    @classmethod
    def of(cls, city: City) -> Rulebook:
        return cls(
            city,
            WorkingCalendar(city.layers, city.office_hours, city.timezone),
            {unit.code: unit for unit in city.units},
            {category.code: category for category in city.categories},
        )

    # ---- limits

    def profile(self, name: str | None) -> LimitProfile:
        """The profile of this name; the city's default where there is none (any more)."""
        return self.city.limits.get(name or "") or self.city.limits[self.city.default_profile]

    def profile_for(self, category: str, type_: str, urgency: int) -> str:
        """Which profile holds for a category, an appeal type (code) and an urgency."""
        if urgency == Urgency.DIFFICULT:
            return "X15"
        return profile_of(self.categories[category], AppealType.of(type_).label, urgency, self.city)

    def is_urgent(self, profile: str | None) -> bool:
        """E1 and E2 run day and night, are not extended, paused or argued about."""
        return profile in _URGENT

    def limit_of(self, kind: ClockKind, profile: str | None, *, level: int = 1, rework: bool = False) -> str | None:
        """The limit of a clock as the city wrote it; None: no such clock for this profile.

        ``level``: of a supervision. ``rework``: the finish limit of a rework holds.
        """
        row, rules = self.profile(profile), self.city.rules
        urgent = self.is_urgent(profile)
        if kind is ClockKind.FINISH and rework:
            return self.city.limits["REWORK"].finish
        if kind is ClockKind.SUPERVISION:
            return self.city.limits[_LEVELS[level]].finish
        evaluation = self.city.limits["CP"]
        return {
            ClockKind.DISPATCH: row.dispatch,
            ClockKind.SIGN: row.sign,
            ClockKind.CONTACT: row.contact,
            ClockKind.FEEDBACK: row.first_feedback or row.backfill,
            ClockKind.FINISH: row.finish,
            ClockKind.CITIZEN: row.finish or row.first_feedback,
            ClockKind.REVIEW: rules.reply_review,
            ClockKind.CALLBACK: rules.callback_limit,
            ClockKind.RETURN_REVIEW: rules.return_review_urgent if urgent else rules.return_review,
            ClockKind.ARBITRATE: rules.arbitration_limit,
            ClockKind.WAIT_INFO: rules.wait_info_limit,
            ClockKind.EXTENSION_REVIEW: rules.extension_review,
            ClockKind.SUSPENSION_REVIEW: rules.suspension_review,
            ClockKind.PAUSE_REVIEW: rules.pause_review,
            ClockKind.EXCLUSION_REVIEW: rules.exclusion_review,
            ClockKind.WITHDRAWAL_REVIEW: rules.withdrawal_review,
            ClockKind.SUSPENSION: rules.suspension_longest,
            ClockKind.APPRAISAL: rules.appraisal_longest,
            ClockKind.PROGRESS: rules.suspension_progress,
            ClockKind.SUB_SIGN: row.sign,
            ClockKind.SUB_FINISH: row.finish,
            ClockKind.CO: row.finish,
            ClockKind.APPEAL_REVIEW: rules.appeal_review,
            ClockKind.ARCHIVE: rules.archive_after,
            ClockKind.EVALUATION_VERIFY: evaluation.contact,
            ClockKind.EVALUATION_RECTIFY: evaluation.finish,
        }[kind]

    def due(self, limit: str, start: datetime) -> datetime:
        """When a limit from ``start`` on is up. CalendarError: a year that is needed is not known."""
        return deadline(limit, start, self.calendar, count_from_next_day=self.city.count_from_next_day).due

    def return_until(self, profile: str | None, urgency: int, dispatched: datetime) -> datetime | None:
        """Until when a ticket may be returned: urgent ones within the sign limit. None: it may not."""
        row, rules = self.profile(profile), self.city.rules
        if row.sign is None:
            return None
        if self.is_urgent(profile):
            return self.due(row.sign, dispatched)
        long = row.finish is not None and _rough(Limit.parse(row.finish)) >= _COMPLEX
        complex_ = urgency == Urgency.DIFFICULT or long
        return self.due(rules.return_window_complex if complex_ else rules.return_window, dispatched)

    def extension_limit(self, profile: str | None) -> str | None:
        """How long one extension of this profile is: the city's, at most the longest. None: there is none."""
        row, longest = self.profile(profile), self.city.rules.extension_longest
        if row.extension is None:
            return None
        return min((row.extension, longest), key=lambda text: _rough(Limit.parse(text)))

    # ---- units

    def is_below(self, unit: str | None, above: str | None) -> bool:
        """Whether a unit is another one or lies below it."""
        seen = 0
        while unit is not None and above is not None and seen <= len(self.units):
            if unit == above:
                return True
            known = self.units.get(unit)
            unit, seen = known.parent if known else None, seen + 1
        return False

    def hotline(self) -> str:
        """The hotline's own unit: it answers for what is with no other."""
        return next(unit.code for unit in self.city.units if unit.kind == "hotline")

    def interim_owner(self, category: str | None, district: str | None, rulings: Sequence[CatalogueRow] = ()) -> str:
        """Who acts while units argue: the department that supervises the matter (监督管理部门).

        Measures, Article 40: until the dispute is settled the supervising department performs the duty. It is the unit
        that a dispute about the same matter and place was decided for; else the catalogue's for the whole city, the
        one for the district, the city's backstop.
        """
        for row in rulings:
            ruled = self.units.get(row.unit)
            if (row.category, row.district) == (category, district) and ruled is not None and not ruled.is_local:
                return ruled.code
        found = [row for row in self.city.catalogue if row.category == category]
        for place in (None, district):
            for row in found:
                if row.district == place and self.units[row.unit].tier > 1:
                    return row.unit
        return self.city.backstop.get(district or "*") or self.city.backstop["*"]


def _rough(limit: Limit) -> timedelta:
    """To compare limits of different units: a working day as a day, a working hour as an hour."""
    return limit.amount * {"nm": _M, "nh": _H, "wh": _H, "nd": _D, "wd": _D}[limit.unit]


_M, _H, _D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def event_of(kind: ClockKind) -> TicketAction | None:
    """What the system does when a clock of this kind is up; None: it is only marked."""
    return {
        ClockKind.SIGN: TicketAction.AUTO_SIGN,
        ClockKind.RETURN_REVIEW: TicketAction.LAPSE_RETURN,
        ClockKind.WAIT_INFO: TicketAction.CLOSE_UNREACHABLE,
        ClockKind.SUSPENSION: TicketAction.RESUME,
        ClockKind.APPRAISAL: TicketAction.END_PAUSE,
        ClockKind.ARCHIVE: TicketAction.ARCHIVE,
    }.get(kind)
