"""What the record says: every row of every table that has to do with tickets, to be compared before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from models.base import Table
from models.verify import _QUERIES
from models.verify_life import LIFE_QUERIES

_TABLES = Table.metadata.tables
OF_TICKETS = sorted(name for name, table in _TABLES.items() if "ticket_id" in table.c)
"""Their rows belong to one ticket."""
BESIDE = ("audit_log", "catalogue", "citizens", "links", "outbox", "stored_files")
EVERYTHING = ("tickets", *OF_TICKETS, *BESIDE)
Db = AsyncSession | AsyncConnection


def _digest_of(table: str, where: str = "true") -> str:
    rows = "md5(string_agg(r::text, '|' ORDER BY r::text))"
    return f"SELECT '{table}' AS name, {rows} AS value FROM {table} r WHERE {where}"


_ALL = text(" UNION ALL ".join(_digest_of(table) for table in EVERYTHING))
_OTHERS = text(
    " UNION ALL ".join(
        [
            _digest_of("tickets", "id <> :id"),
            *(_digest_of(table, "ticket_id IS DISTINCT FROM :id") for table in OF_TICKETS),
            *(_digest_of(table) for table in BESIDE if table != "outbox"),
        ]
    )
)
_MINE = text(
    " UNION ALL ".join(
        [
            "SELECT 'tickets' AS name, to_jsonb(r) AS row FROM tickets r WHERE id = :id",
            *(f"SELECT '{table}', to_jsonb(r) FROM {table} r WHERE ticket_id = :id" for table in OF_TICKETS),
            "SELECT 'outbox', to_jsonb(r) FROM outbox r",
        ]
    )
)
_BREACHES = text(
    " UNION ALL ".join(
        f"SELECT '{name}' AS name, CAST(b.what AS text) AS what FROM ({breaches}) AS b(what)"
        for name, (_, breaches) in (_QUERIES | LIFE_QUERIES).items()
    )
)


async def digest(db: Db) -> dict[str, str | None]:
    """One hash a table."""
    return {row.name: row.value for row in await db.execute(_ALL)}


async def breaches(db: Db) -> list[tuple[str, str]]:
    """What ``hotline verify`` would find, chains apart; inside the caller's transaction."""
    return [(row.name, row.what) for row in await db.execute(_BREACHES)]


@dataclass(frozen=True)
class Record:
    """Rows of one ticket by table and key, and a digest of those of all others."""

    rows: dict[str, dict[Any, dict[str, Any]]]
    others: dict[str, str | None]

    @property
    def ticket(self) -> dict[str, Any]:
        return next(iter(self.rows["tickets"].values()))

    def of(self, table: str) -> dict[Any, dict[str, Any]]:
        return self.rows.get(table, {})

    def live(self, table: str, end: str = "ended_at") -> list[dict[str, Any]]:
        """Rows that have no end yet, the oldest first."""
        rows = [row for row in self.of(table).values() if row[end] is None]
        return sorted(rows, key=lambda row: row["id"])


async def read(db: Db, ticket_id: int) -> Record:
    """The record of a ticket at this point of a transaction."""
    of = {"id": ticket_id}
    rows: dict[str, dict[Any, dict[str, Any]]] = {}
    for name, row in await db.execute(_MINE, of):
        rows.setdefault(name, {})[row["id" if "id" in row else "ticket_id"]] = row
    others = {row.name: row.value for row in await db.execute(_OTHERS, of)}
    return Record(rows, others)


def at(value: str | None) -> datetime | None:
    """A time as jsonb writes it."""
    return None if value is None else datetime.fromisoformat(value)
