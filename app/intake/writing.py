"""A new ticket with all that belongs to it, in one statement: hundreds a second come in on a busy day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached

from models.base import Table
from models.ticket import Ticket

Kind = type[Table]


async def write_new(db: AsyncSession, ticket: Ticket, rows: Sequence[Table]) -> None:
    """Insert a ticket whose id is set, and rows that refer to it; the ticket is the session's from then on.

    Foreign keys are looked at when the statement ends, so the order of the rows is of no matter.
    """
    of_kind: dict[Kind, list[Table]] = {type(ticket): [ticket]}
    for row in rows:
        of_kind.setdefault(type(row), []).append(row)
    values = {
        f"rows_{number}": json.dumps([row.model_dump(mode="json") for row in among], ensure_ascii=False)
        for number, among in enumerate(of_kind.values())
    }
    numbered = tuple((kind, getattr(among[0], "id", None) is not None) for kind, among in of_kind.items())
    await db.execute(_statement(numbered), values)
    make_transient_to_detached(ticket)
    db.add(ticket)


@cache
def _statement(kinds: tuple[tuple[Kind, bool], ...]) -> TextClause:
    """``kinds``: each with whether its rows have their ids already."""
    parts = []
    for number, (kind, has_id) in enumerate(kinds):
        table = kind.__tablename__
        names = [name for name in kind.model_fields if name != "id" or has_id]
        columns = ", ".join(f'"{name}"' for name in names)
        parts.append(
            f"part_{number} AS (INSERT INTO {table} ({columns}) SELECT {columns} "
            f"FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows_{number} AS jsonb)))"
        )
    return text(f"WITH {', '.join(parts)} SELECT 1")
