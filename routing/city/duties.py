"""categories.csv, functions.csv, catalogue.csv and its overrides: what people ask for and who must answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from routing.city.bodies import check_district
from routing.city.faults import Findings
from routing.city.schema import RULING, CatalogueRow, Category, Place, Unit
from routing.city.table import Row, Seen, read_table

CATEGORIES, FUNCTIONS = "categories.csv", "functions.csv"
CATALOGUE, OVERRIDES = "catalogue.csv", "catalogue_overrides.csv"

_CATEGORY_COLUMNS = ("code", "class", "group", "leaf", "lead", "co", "tier", "sla")
CATALOGUE_COLUMNS = ("id", "category", "district", "unit", "co_units", "basis")
_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class FunctionAlias:
    """The functions of units that a word of lead or co stands for, in categories beginning with ``prefix``."""

    token: str
    prefix: str
    functions: tuple[str, ...]


def read_categories(root: Path, findings: Findings) -> dict[str, tuple[Category, Row]]:
    """The leaves by code, each with its row."""
    categories: dict[str, tuple[Category, Row]] = {}
    seen, paths = Seen("代码"), Seen("类别")
    for row in read_table(root, CATEGORIES, _CATEGORY_COLUMNS, findings):
        code = row.text("code")
        if code and not _CODE.fullmatch(code):
            row.fault(f"代码“{code}”应为六位数字（2+2+2）")
        category = Category(
            code=code,
            top=row.text("class"),
            group=row.text("group"),
            leaf=row.text("leaf"),
            lead=row.text("lead"),
            co=row.items("co"),
            tier=row.choice("tier", ("C", "D", "S", "U", "T")),
            profile=row.text("sla"),
        )
        paths.again(category.path, category.path, row)
        if not seen.again(code, code, row):
            categories[code] = (category, row)
    return categories


def read_aliases(root: Path, findings: Findings) -> list[FunctionAlias]:
    """The words that need explaining, longest prefix first."""
    aliases = []
    seen = Seen("词")
    for row in read_table(root, FUNCTIONS, ("token", "category", "functions"), findings):
        alias = FunctionAlias(row.text("token"), row.cells["category"], row.items("functions"))
        if not alias.functions:
            row.fault("“functions”不能为空")
        if not seen.again((alias.token, alias.prefix), alias.token, row):
            aliases.append(alias)
    return sorted(aliases, key=lambda alias: -len(alias.prefix))


def read_catalogue(
    root: Path,
    findings: Findings,
    units: dict[str, tuple[Unit, Row]],
    places: dict[str, tuple[Place, Row]],
    categories: dict[str, tuple[Category, Row]],
) -> list[CatalogueRow]:
    """The derived rows with the overrides in the place of those they replace, and the other overrides after them."""
    ids = Seen("编号")
    derived, overrides = (
        _read_duties(root, file, findings, ids, units, places, categories) for file in (CATALOGUE, OVERRIDES)
    )
    rows = {**derived, **overrides}
    if derived or all(fault.file != CATALOGUE for fault in findings.faults):
        covered = {category for category, _ in rows}
        for code, (category, row) in categories.items():
            if code not in covered:
                row.fault(f"类别“{category.path}”在派单目录中没有任何一行")
    return list(rows.values())


def _read_duties(
    root: Path,
    file: str,
    findings: Findings,
    ids: Seen,
    units: dict[str, tuple[Unit, Row]],
    places: dict[str, tuple[Place, Row]],
    categories: dict[str, tuple[Category, Row]],
) -> dict[tuple[str, str | None], CatalogueRow]:
    rows: dict[tuple[str, str | None], CatalogueRow] = {}
    keys = Seen("类别与区县")
    for row in read_table(root, file, CATALOGUE_COLUMNS, findings):
        duty = CatalogueRow(
            id=row.text("id"),
            category=row.text("category"),
            district=row.optional("district"),
            unit=row.text("unit"),
            co_units=row.items("co_units"),
            basis=row.text("basis"),
        )
        if duty.category and categories and duty.category not in categories:
            row.fault(f"类别“{duty.category}”不存在")
        if duty.district is not None:
            check_district(duty.district, row, places)
        for code in (duty.unit, *duty.co_units):
            if code and units and code not in units:
                row.fault(f"单位“{code}”不存在")
        if duty.unit in duty.co_units:
            row.fault(f"主办单位“{duty.unit}”不能同时协办")
        ids.again(duty.id, duty.id, row)
        if duty.id.startswith(RULING):
            row.fault(f"编号“{duty.id}”不能以 {RULING} 开头：留给裁定")
        key = (duty.category, duty.district)
        if not keys.again(key, f"{duty.category}/{duty.district or '全市'}", row):
            rows[key] = duty
    return rows
