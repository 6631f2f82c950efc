"""One text → everything routing has to say about it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from routing.assessment import Alternative, Assessment, Chosen, Dispatch, Limits, PlaceFound
from routing.city.schema import CatalogueRow, City
from routing.classifier.appeals import AppealModel
from routing.dispatch import Dispatcher
from routing.exclusions import exclusions
from routing.limits import limits_of, profile_of
from routing.places.finder import PlaceFinder
from routing.rulebook import Rulebook
from routing.text import normalise
from routing.title import make_title
from routing.urgency import Cue, find_cues, goes_at_once, leaf_of_danger, urgency

_ALTERNATIVES = 3
_FREE = Chosen()
_BY_HAND = "受理时已指定承办单位，须审核"


class Router:
    """Classify → place → dispatch → limits, for one city. Thread-safe: nothing changes after it is made."""

    def __init__(self, city: City, model: AppealModel) -> None:
        self._city = city
        self._model = model
        self._categories = {category.code: category for category in city.categories}
        self._places = PlaceFinder(city.places)
        self._own = [name for row in city.places if row.kind == "city" for name in (row.name, *row.aliases)]
        self._dispatcher = Dispatcher(city)
        self.book = Rulebook.of(city)
        """The city's rules for the life of a ticket."""
        self._calendar = self.book.calendar

    def of_city(self, city: City) -> Router:
        """The same classifier, for a city whose data has changed.

        Raises:
            ModelError: it knows leaves that the city does not know any more.
        """
        self._model.check({category.code for category in city.categories}, city.name)
        return Router(city, self._model)

    def with_rulings(self, rows: Sequence[CatalogueRow]) -> Router:
        """The same with what disputes have taught (裁定)."""
        if not rows:
            return self
        taught = copy.copy(self)
        taught._dispatcher = Dispatcher(self._city, rows)  # noqa: SLF001  (our own copy's)
        return taught

    def limits(self, profile: str | None, accepted: datetime) -> tuple[Limits, list[str]] | None:
        """When the limits of a profile (None: the city's default) are up, and what could not be computed and why.

        None: the city has no such profile (any more).
        """
        name = profile or self._city.default_profile
        return limits_of(name, accepted, self._city, self._calendar) if name in self._city.limits else None

    def assess(
        self,
        text: str,
        *,
        now: datetime,
        phone: str | None = None,  # noqa: ARG002  (duplicates come later)
        title: str = "",
        chosen: Chosen = _FREE,
        marks: Sequence[str] = (),
    ) -> Assessment:
        """Judge an appeal accepted at ``now`` (aware).

        Args:
            text: the citizen's words, also with a recogniser's slips.
            now: when it was accepted.
            phone: the caller's number.
            title: a title a person has given; made from the text when empty.
            chosen: what people have decided already; its codes are the city's.
            marks: what the ticket is marked with, of 保密 and 涉稳.
        """
        text = normalise(text)
        leaf, kind = self._model.judge(f"{title} {text}" if title else text)
        cues = find_cues(text, self._city.emergency_words)
        code, confidence = leaf_of_danger(leaf.ranked, cues, self._city.emergency_leaves)
        if chosen.category is not None:
            code, confidence = chosen.category, 1.0
        label = chosen.type or kind.label
        category = self._categories[code]
        level = chosen.urgency or urgency(category.profile, code, confidence, label, cues)
        place = self._place(text, chosen)
        dispatch = self._by_hand(self._dispatcher.dispatch(category, place, label, level, confidence), chosen)
        limits, faults = limits_of(profile_of(category, label, level, self._city), now, self._city, self._calendar)
        doubts = [f"疑似紧急：{cue.heard}" for cue in cues] if level > 1 else []  # praise, advice, or only its sound
        danger = level == 1 and goes_at_once(category.profile, code, cues, self._city.emergency_leaves)
        doubts += exclusions(text, place, self._city.not_accepted, self._own)
        doubts += [f"{mark}须人工确认" for mark in marks if mark in self._city.human_confirm]
        first = []
        if level == 1 and not danger:
            heard = "、".join(dict.fromkeys(cue.heard for cue in cues if cue.exact)) or "受理时认定"
            first = [f"特急：{heard}（分类“{category.leaf}”与险情不符，请立即核实派单）"]
        dispatch = replace(dispatch, confirm=(*first, *dispatch.confirm, *dict.fromkeys(doubts), *faults))
        return Assessment(
            type=label,
            category=category.code,
            path=category.path,
            urgency=level,
            place=place,
            dispatch=dispatch,
            limits=limits,
            confidence=confidence,
            at_once=danger or not dispatch.confirm,
            alternatives=tuple(
                Alternative(other, self._categories[other].path, round(chance, 4))
                for other, chance in [pair for pair in leaf.ranked if pair[0] != code][:_ALTERNATIVES]
            ),
            reasons=(*_cue_reasons(cues), *leaf.reasons),
            title=title or make_title(text, category, place),
            model=self._model.version,
        )

    def _place(self, text: str, chosen: Chosen) -> PlaceFound | None:
        """Where it is: the address first, then what was said; never outside the district that was chosen."""
        found = self._places.find(normalise(chosen.address)) if chosen.address else None
        found = found or self._places.find(text)
        if chosen.district is None or (found is not None and found.district_code == chosen.district):
            return found
        name = next(place.name for place in self._city.places if place.code == chosen.district)
        if found is not None and found.district_code is None:
            return replace(found, district_code=chosen.district, district=name)
        return PlaceFound(chosen.district, chosen.district, name, None, name, None, name, 1.0, "")

    def _by_hand(self, dispatch: Dispatch, chosen: Chosen) -> Dispatch:
        """With the unit that a person has named: only proposed, for a dispatcher to confirm."""
        host = chosen.unit or dispatch.unit
        helpers = tuple(
            code for code in (dispatch.co_units if chosen.co_units is None else chosen.co_units) if code != host
        )
        if host == dispatch.unit:
            return replace(dispatch, co_units=helpers)
        unit = self.book.units[host]
        return Dispatch(unit.code, unit.name, unit.tier, helpers, "manual", "受理时指定", (*dispatch.confirm, _BY_HAND))


def _cue_reasons(cues: list[Cue]) -> list[str]:
    return list(dict.fromkeys(f"{cue.group}:{cue.heard}" for cue in cues))
