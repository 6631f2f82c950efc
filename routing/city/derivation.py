"""派单目录 from the category tree: who takes each leaf, in each district, by its lead and co columns.

The tier letter decides the level: C a city department; D the district's department of that function; S the street or
town (found by the address when dispatching; the row names the district's matching body, for addresses that don't tell);
U the utility; T an emergency or transfer target. A row without district serves appeals without a known place.
No row ever names a street or community: work of a department must not be dispatched to the grass roots
(国办函〔2025〕66号).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from routing.city.bodies import EVERYWHERE, read_backstop, read_places, read_units
from routing.city.document import read_document
from routing.city.duties import CATALOGUE_COLUMNS, FunctionAlias, read_aliases, read_categories
from routing.city.faults import CityError, Findings
from routing.city.schema import CatalogueRow, Category, Unit

_SEPARATOR = re.compile(r"[/+；;、]")
_QUALIFIER = re.compile(r"[（(].*?[)）]")
_GRASS_ROOTS = ("street", "community")
_LEVELS = {"C": "市直部门归口", "D": "属地管理", "S": "街镇职责", "U": "公用企业直派", "T": "转接"}


class Functions:
    """Finds the units behind the words of the lead and co columns."""

    def __init__(self, units: Iterable[Unit], aliases: Sequence[FunctionAlias]) -> None:
        self._aliases = aliases
        self._by_function: dict[str, list[Unit]] = {}
        for unit in units:
            for function in (unit.function or "").split(";"):
                self._by_function.setdefault(function, []).append(unit)

    def tokens(self, text: str, category: str) -> list[str]:
        """The functions ``text`` names, in order: "商务/文体" → 商务, 文旅, 体育."""
        found: list[str] = []
        for word in _SEPARATOR.split(text):
            bare = _QUALIFIER.sub("", word)
            alias = next((a for a in self._aliases if a.token in {word, bare} and category.startswith(a.prefix)), None)
            known = word if word in self._by_function else bare
            found += alias.functions if alias else [known] if known else []
        return found

    def bodies(self, function: str) -> list[Unit]:
        """All units of ``function``, of whatever level; of the plain function if the qualified one has none."""
        return self._by_function.get(function) or self._by_function.get(_QUALIFIER.sub("", function), [])

    def of_city(self, function: str) -> list[Unit]:
        """The units of ``function`` that work for the whole city."""
        return [unit for unit in self.bodies(function) if unit.district is None and unit.kind not in _GRASS_ROOTS]

    def of_district(self, function: str, district: str) -> list[Unit]:
        """The units of ``function`` that work for ``district``, streets and communities left out."""
        for name in dict.fromkeys((function, _QUALIFIER.sub("", function))):
            units = [
                u for u in self._by_function.get(name, []) if u.district == district and u.kind not in _GRASS_ROOTS
            ]
            if units:
                return units
        return []

    def of_grass_roots(self, function: str) -> bool:
        """Whether ``function`` is one of streets, towns, villages or communities."""
        units = self.bodies(function)
        return bool(units) and all(unit.kind in _GRASS_ROOTS for unit in units)


def derive(
    categories: Iterable[Category], districts: Sequence[str], functions: Functions, backstop: dict[str, str]
) -> Iterator[CatalogueRow]:
    """The catalogue's rows: leaf by leaf, first the one for the whole city, then those of the districts."""
    for category in categories:
        yield _row(category, None, functions, backstop)
        for district in districts:
            if _differs(category, district, functions):
                yield _row(category, district, functions, backstop)


def catalogue_text(city: Path) -> str:
    """What catalogue.csv in the folder ``city`` should hold.

    Raises:
        CityError: the files it is made from have faults.
    """
    findings = Findings()
    units, places = read_units(city, findings), read_places(city, findings)
    categories, aliases = read_categories(city, findings), read_aliases(city, findings)
    document = read_document(city, "city.yaml", findings)
    backstop = read_backstop(document, units, places) if document else {}
    if findings.faults:
        raise CityError(findings.faults)
    functions = Functions((unit for unit, _ in units.values()), aliases)
    districts = [code for code, (place, _) in places.items() if place.kind == "district"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CATALOGUE_COLUMNS)
    for row in derive((category for category, _ in categories.values()), districts, functions, backstop):
        writer.writerow((row.id, row.category, row.district, row.unit, ";".join(row.co_units), row.basis))
    return out.getvalue()


def _differs(category: Category, district: str, functions: Functions) -> bool:
    if category.tier == "U":
        leads = functions.tokens(category.lead, category.code)
        return any(unit.kind == "utility" for lead in leads for unit in functions.of_district(lead, district))
    return category.tier in {"D", "S"}


def _row(category: Category, district: str | None, functions: Functions, backstop: dict[str, str]) -> CatalogueRow:
    leads = functions.tokens(category.lead, category.code)
    helpers = [token for word in category.co for token in functions.tokens(word, category.code)]
    asked, find = ([*leads, *helpers], _at_level) if category.tier == "S" else (leads, _find)
    groups = [(token, find(token, district, functions)) for token in asked]
    groups = [(token, units) for token, units in groups if units]
    chosen = _first(category.tier, groups)
    lead = chosen[1][0] if chosen else None
    unit = lead.code if lead else backstop.get(district or "", backstop[EVERYWHERE])
    rest = [u for token in [*leads, *helpers] for u in _find(token, district, functions)]
    co_units = dict.fromkeys(u.code for u in rest if u.code != unit)
    return CatalogueRow(
        id=f"ML{category.code}" + (f"-{district}" if district else ""),
        category=category.code,
        district=district,
        unit=unit,
        co_units=tuple(co_units),
        basis=_basis(category, district, chosen, streets=any(map(functions.of_grass_roots, helpers))),
    )


def _at_level(token: str, district: str | None, functions: Functions) -> list[Unit]:
    return functions.of_city(token) if district is None else functions.of_district(token, district)


def _find(token: str, district: str | None, functions: Functions) -> list[Unit]:
    return _at_level(token, district, functions) or functions.of_city(token)


def _first(tier: str, groups: list[tuple[str, list[Unit]]]) -> tuple[str, list[Unit]] | None:
    wanted = {"U": "utility", "T": "emergency"}.get(tier)
    fitting = [group for group in groups if group[1][0].kind == wanted]
    return next(iter(fitting or groups), None)


def _basis(category: Category, district: str | None, chosen: tuple[str, list[Unit]] | None, *, streets: bool) -> str:
    token, units = chosen or ("兜底单位", [])
    level = _LEVELS[category.tier]
    if category.tier == "U" and units and units[0].kind != "utility":
        level = _LEVELS["T"] if units[0].kind == "emergency" else "企业不是派单对象，由主管部门督促"
    parts = [f"{level}：{token}"]
    if category.tier == "S":
        parts.append("地址落到街镇的由街镇主办")
    elif category.tier == "D" and district is None:
        parts.append("地点不明，由市级主管部门先行牵头")
    if streets and category.tier != "S":
        parts.append("属地街道配合，不作派单对象")
    return "；".join(parts)
