"""Which tickets the load looks at: a sample of the million, and of what each unit has to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from app.bench.api.people import People

_ANY = (
    "SELECT no FROM tickets WHERE id IN "
    "(SELECT CAST(random() * (SELECT max(id) FROM tickets) AS int) FROM generate_series(1, %s))"
)
_OF_UNITS = """
WITH RECURSIVE below AS (SELECT code AS top, code FROM units WHERE code = ANY(%(units)s) UNION ALL
SELECT b.top, u.code FROM units u JOIN below b ON u.parent = b.code)
SELECT top, no, status, version FROM (
    SELECT b.top, t.no, t.status, t.version, row_number() OVER (PARTITION BY b.top, t.status ORDER BY t.id) AS place
    FROM below b JOIN tickets t ON t.host_unit = b.code WHERE t.status IN (40, 50)) x WHERE place <= %(most)s
"""


@dataclass(slots=True)
class Sample:
    """``numbers``: any tickets; ``of_unit``: unit → state → numbers of open ones below it."""

    numbers: list[str]
    of_unit: dict[str, dict[int, list[str]]] = field(default_factory=dict)


def draw(url: str, people: People, most: int) -> Sample:
    """``most``: of any, and of each unit and state."""
    units = sorted({person.unit for person in people.everybody if person.unit is not None})
    with psycopg.connect(url) as db:
        sample = Sample([row[0] for row in db.execute(_ANY, (most,))])
        values: dict[str, Any] = {"units": units, "most": most}
        for top, no, status, _ in db.execute(_OF_UNITS, values):
            sample.of_unit.setdefault(top, {}).setdefault(status, []).append(no)
    return sample
