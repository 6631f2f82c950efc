"""Who takes an appeal and why: the order of domain.md §4, first hit wins.

What a dispute was decided by (裁定) comes before the city's own rows for the same place; a row for the district comes
before one for the whole city.
"""

from __future__ import annotations

from collections.abc import Iterable

from routing.assessment import Dispatch, PlaceFound
from routing.city.schema import CatalogueRow, Category, City

_SURE_PLACE = 0.6


class Dispatcher:
    """Over one city's catalogue and what disputes have taught.

    A ruling with a unit that the city does not have (any more) is left out.
    """

    def __init__(self, city: City, rulings: Iterable[CatalogueRow] = ()) -> None:
        self._city = city
        self._units = {unit.code: unit for unit in city.units}
        self._rows: dict[tuple[str, str | None], CatalogueRow] = {}
        for row in city.catalogue:  # earlier rows (overrides) win
            self._rows.setdefault((row.category, row.district), row)
        self._rulings: dict[tuple[str, str | None], list[CatalogueRow]] = {}
        for row in rulings:
            if {row.unit, *row.co_units} <= self._units.keys():
                self._rulings.setdefault((row.category, row.district), []).append(row)

    def dispatch(
        self, category: Category, place: PlaceFound | None, kind: str, urgency: int, confidence: float
    ) -> Dispatch:
        """The unit, the rule that hit, and why a person must confirm (nothing: it may go by itself)."""
        district = place.district_code if place is not None else None
        confirm = self._confirm(category, kind, urgency, confidence)
        if place is not None and place.score < _SURE_PLACE:  # contradicts the district that was said
            confirm.append(f"地点待核实：{place.address or place.heard}")
        street = place.street_code if place is not None and place.street_code in self._units else None
        for where in (district, None) if district else (None,):
            ruling = self._ruling(category.code, where, street)
            if ruling is not None:
                return self._of_row(ruling, confirm)
            row = self._rows.get((category.code, where))
            if row is not None and category.tier == "S" and street is not None:
                return self._to_street(row, street, confirm)
            if row is not None:
                return self._of_row(row, confirm)
        if district is None and any(code == category.code for code, _ in self._rows):
            return self._backstop(
                "*", "地点不明，由热线中心核实地点后派单", "rule:place-unknown", [*confirm, "地点不明"]
            )
        key = district if district in self._city.backstop else "*"
        return self._backstop(key or "*", "目录无对应条目，属地兜底", f"rule:backstop:{key}", [*confirm, "目录未列"])

    def _ruling(self, category: str, district: str | None, street: str | None) -> CatalogueRow | None:
        """Of several the street's own; one that designated another street does not hold here."""
        found = self._rulings.get((category, district), [])
        own = next((row for row in found if row.unit == street), None)
        return own or next((row for row in found if not self._units[row.unit].is_local), None)

    def _to_street(self, row: CatalogueRow, street: str, confirm: list[str]) -> Dispatch:
        """A street's or town's own duty, and it is known which: it hosts, the catalogue's body assists."""
        unit = self._units[street]
        co_units = tuple(dict.fromkeys([row.unit, *row.co_units]))
        basis = f"{row.basis}；地点在{unit.short}，由其承办"
        return Dispatch(unit.code, unit.name, unit.tier, co_units, row.id, basis, tuple(confirm))

    def _of_row(self, row: CatalogueRow, confirm: list[str]) -> Dispatch:
        unit = self._units[row.unit]
        return Dispatch(row.unit, unit.name, unit.tier, row.co_units, row.id, row.basis, tuple(confirm))

    def _backstop(self, key: str, basis: str, rule: str, confirm: list[str]) -> Dispatch:
        unit = self._units[self._city.backstop.get(key) or self._city.backstop["*"]]
        return Dispatch(unit.code, unit.name, unit.tier, (), rule, basis, tuple(confirm))

    def _confirm(self, category: Category, kind: str, urgency: int, confidence: float) -> list[str]:
        city = self._city
        reasons = []
        if confidence < city.suggest_confidence:
            reasons.append(f"分类置信度低（{confidence:.0%}）")
        elif confidence < city.auto_dispatch_confidence:
            reasons.append(f"分类置信度未达自动派单线（{confidence:.0%}）")
        if kind in city.human_confirm:
            reasons.append(f"{kind}须人工确认")
        if category.code in city.confirm_leaves:
            reasons.append(f"“{category.leaf}”须人工确认")
        urgent = {1: "E1", 2: "E2"}.get(urgency)
        if urgent in city.human_confirm or category.profile in city.human_confirm:
            reasons.append("紧急诉求须人工复核")
        return reasons
