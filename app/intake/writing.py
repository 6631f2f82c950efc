"""A new ticket with all that belongs to it, in one statement: hundreds a second come in on a busy day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached

from app.api.idempotency import CLAIMED, Claim
from models.base import Table
from models.direct import Direct
from models.ticket import Ticket

Kind = type[Table]
Kinds = tuple[tuple[Kind, bool], ...]
"""Of the rows; each with whether they have their ids already."""

_CITIZEN = (
    "known AS (SELECT id FROM citizens WHERE phone = %(phone)s), "
    "new AS (INSERT INTO citizens (phone, created_at) SELECT CAST(%(phone)s AS varchar), now() "
    "WHERE CAST(%(phone)s AS varchar) IS NOT NULL AND NOT EXISTS (SELECT FROM known){when} "
    "ON CONFLICT (phone) DO UPDATE SET phone = excluded.phone RETURNING id), "
    "citizen AS (SELECT id FROM known UNION ALL SELECT id FROM new)"
)
"""Whoever comes for the first time becomes a citizen; by two ways at once he is still one."""
_MARK = re.compile(r"%\((\w+)\)s")
_ONLY_THEN = " AND EXISTS (SELECT FROM claimed)"


async def write_new(db: AsyncSession, ticket: Ticket, rows: Sequence[Table]) -> None:
    """Insert a ticket whose id is set, and rows that refer to it; the ticket is the session's from then on.

    Foreign keys are looked at when the statement ends, so the order of the rows is of no matter.
    """
    kinds, values = _sorted(ticket, rows)
    row = (await db.execute(_text(kinds), values)).one()
    ticket.citizen_id = row.citizen_id
    make_transient_to_detached(ticket)
    db.add(ticket)


async def write_at_once(direct: Direct, ticket: Ticket, rows: Sequence[Table], claim: Claim | None) -> bool:
    """The same as a transaction of its own, with the answer under the client's key if there is one.

    False: the key has been used, and nothing was written. Waits for another that is writing it.
    """
    kinds, values = _sorted(ticket, rows)
    if claim is not None:
        values |= claim.values()
    row = await direct.row(_statement(kinds, keyed=claim is not None), values)
    ticket.citizen_id = row.citizen_id
    return bool(row.written)


def _sorted(ticket: Ticket, rows: Sequence[Table]) -> tuple[Kinds, dict[str, Any]]:
    of_kind: dict[Kind, list[Table]] = {Ticket: [ticket]}
    for row in rows:
        of_kind.setdefault(type(row), []).append(row)
    values: dict[str, Any] = {"phone": ticket.caller_phone}
    for number, (kind, among) in enumerate(of_kind.items()):
        written = [{name: getattr(row, name) for name in kind.model_fields} for row in among]
        values[f"rows_{number}"] = msgspec.json.encode(written).decode()
    return tuple((kind, getattr(among[0], "id", None) is not None) for kind, among in of_kind.items()), values


@cache
def _statement(kinds: Kinds, *, keyed: bool) -> str:
    when = _ONLY_THEN if keyed else ""
    parts = [f"claimed AS ({CLAIMED})"] if keyed else []
    parts.append(_CITIZEN.format(when=when))
    for number, (kind, has_id) in enumerate(kinds):
        table = kind.__tablename__
        names = [name for name in kind.model_fields if name != "id" or has_id]
        columns = ", ".join(f'"{name}"' for name in names)
        taken = columns.replace('"citizen_id"', "(SELECT id FROM citizen)") if kind is Ticket else columns
        parts.append(
            f"part_{number} AS (INSERT INTO {table} ({columns}) SELECT {taken} "
            f"FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(%(rows_{number})s AS jsonb)) WHERE true{when})"
        )
    written = "EXISTS (SELECT FROM claimed)" if keyed else "true"
    return f"WITH {', '.join(parts)} SELECT (SELECT id FROM citizen) AS citizen_id, {written} AS written"


@cache
def _text(kinds: Kinds) -> TextClause:
    """With values as SQLAlchemy marks them."""
    return text(_MARK.sub(r":\1", _statement(kinds, keyed=False)))
