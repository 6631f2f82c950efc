"""units.csv and places.csv: the bodies that answer and the places they answer for."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

from routing.city.document import Document
from routing.city.faults import Findings
from routing.city.schema import Place, PlaceKind, Unit, UnitKind
from routing.city.table import Row, Seen, read_table
from routing.city.tree import check_parents

UNITS, PLACES = "units.csv", "places.csv"
EVERYWHERE = "*"
"""The key of the backstop that takes what no district's does."""

_UNIT_COLUMNS = ("code", "name", "short", "kind", "tier", "parent", "district", "function", "phone")
_PLACE_COLUMNS = ("code", "name", "kind", "parent", "aliases", "also_in", "lng", "lat")

_TIER_NUMBERS = {"1": 1, "2": 2, "3": 3, "4": 4}

_TIERS: dict[str, tuple[int, ...]] = {
    "hotline": (1,),
    "department": (2, 3),
    "district": (2,),
    "utility": (2,),
    "emergency": (2,),
    "street": (3,),
    "section": (3,),
    "community": (4,),
}
"""Which tiers a kind may stand on: a district's own departments stand on the third."""

_PLACE_PARENTS: dict[str, tuple[str, ...]] = {
    "city": (),
    "district": ("city",),
    "street": ("district",),
    "community": ("street",),
    "road": ("city", "district", "street", "community"),
    "poi": ("city", "district", "street", "community"),
}


def read_units(root: Path, findings: Findings) -> dict[str, tuple[Unit, Row]]:
    """The units by code, each with its row."""
    units: dict[str, tuple[Unit, Row]] = {}
    seen = Seen("代码")
    for row in read_table(root, UNITS, _UNIT_COLUMNS, findings):
        kind = row.choice("kind", get_args(UnitKind))
        tier = _TIER_NUMBERS.get(row.choice("tier", _TIER_NUMBERS), 0)
        if kind in _TIERS and tier and tier not in _TIERS[kind]:
            row.fault(f"类型“{kind}”不能在第 {tier} 级")
        code = row.text("code")
        unit = Unit(
            code=code,
            name=row.text("name"),
            short=row.text("short"),
            kind=cast("UnitKind", kind),
            tier=tier,
            parent=row.optional("parent"),
            district=row.optional("district"),
            function=row.optional("function"),
            phone=row.optional("phone"),
        )
        if not seen.again(code, code, row):
            units[code] = (unit, row)
    check_parents({code: unit.parent for code, (unit, _) in units.items()}, {c: row for c, (_, row) in units.items()})
    for unit, row in units.values():
        above = units.get(unit.parent or "")
        if above and unit.tier and above[0].tier >= unit.tier:
            row.fault(f"上级“{above[0].code}”的级别（{above[0].tier}）应高于本级（{unit.tier}）")
    return units


def read_places(root: Path, findings: Findings) -> dict[str, tuple[Place, Row]]:
    """The places by code, each with its row."""
    places: dict[str, tuple[Place, Row]] = {}
    seen = Seen("代码")
    for row in read_table(root, PLACES, _PLACE_COLUMNS, findings):
        code = row.text("code")
        place = Place(
            code=code,
            name=row.text("name"),
            kind=cast("PlaceKind", row.choice("kind", get_args(PlaceKind))),
            parent=row.optional("parent"),
            aliases=row.items("aliases"),
            also_in=row.items("also_in"),
            lng=row.degrees("lng", 180),
            lat=row.degrees("lat", 90),
        )
        if not seen.again(code, code, row):
            places[code] = (place, row)
    check_parents(
        {code: place.parent for code, (place, _) in places.items()}, {c: row for c, (_, row) in places.items()}
    )
    for place, row in places.values():
        _check_place(place, row, places)
    return places


def check_unit_districts(units: dict[str, tuple[Unit, Row]], places: dict[str, tuple[Place, Row]]) -> None:
    """Report units that work for a district that isn't one."""
    for unit, row in units.values():
        if unit.district is not None:
            check_district(unit.district, row, places)


def check_district(code: str, row: Row, places: dict[str, tuple[Place, Row]]) -> None:
    """Report ``code`` unless it is a district of places.csv. Silent when places.csv could not be read at all."""
    if places and (code not in places or places[code][0].kind != "district"):
        row.fault(f"“{code}”不是 {PLACES} 中的区县")


def read_backstop(
    city: Document, units: dict[str, tuple[Unit, Row]], places: dict[str, tuple[Place, Row]]
) -> dict[str, str]:
    """District (or `EVERYWHERE`) → the unit that takes what nothing else fits, from city.yaml."""
    backstop: dict[str, str] = {}
    mapping = city.mapping("backstop")
    if mapping is None:
        return backstop
    for district in mapping.names():
        unit = mapping.get(district, str, "")
        if unit and units and unit not in units:
            mapping.fault(f"单位“{unit}”不存在", district)
        if district != EVERYWHERE and places and (district not in places or places[district][0].kind != "district"):
            mapping.fault(f"“{district}”不是 {PLACES} 中的区县", district)
        backstop[district] = unit
    if EVERYWHERE not in backstop:
        mapping.fault(f"缺少“{EVERYWHERE}”（全市兜底单位）")
    return backstop


def _check_place(place: Place, row: Row, places: dict[str, tuple[Place, Row]]) -> None:
    allowed = _PLACE_PARENTS.get(place.kind)
    if allowed is None:
        return
    if place.parent is None:
        if allowed:
            row.fault("“parent”不能为空")
    elif place.parent in places and places[place.parent][0].kind not in allowed:
        kind = places[place.parent][0].kind
        row.fault(f"类型“{place.kind}”不能在“{place.parent}”（{kind}）之下")
    for district in place.also_in:
        check_district(district, row, places)
