"""裁定: what disputes have taught. Rows of the catalogue that a designation made, as routing reads them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.city.schema import RULING, CatalogueRow, Unit

_ACTIVE = text(
    "SELECT id, category, district, unit, co_units, basis FROM catalogue WHERE origin = 'ruling' AND active ORDER BY id"
)


async def read_rulings(db: AsyncSession) -> tuple[CatalogueRow, ...]:
    """The rulings that hold now."""
    return tuple(
        CatalogueRow(row.id, row.category, row.district, row.unit, tuple(row.co_units), row.basis)
        for row in await db.execute(_ACTIVE)
    )


def ruling_id(category: str, district: str | None, unit: Unit) -> str:
    """The row that a ruling makes: a later one on the same matter takes its place.

    What a street or community was designated for holds there only, so that each has a row of its own.
    """
    place = unit.code if unit.is_local else district
    return f"{RULING}{category}-{place}" if place else f"{RULING}{category}"
