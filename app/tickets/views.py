"""Tickets for whoever sits at the machine: ``hotline tickets``, ``hotline ticket``. Nothing is covered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import EVERYTHING, Sight
from app.tickets.detail import read_detail
from app.tickets.errors import NoTicketError
from app.tickets.lines import COLUMNS, JOINS, TicketLine, line_of
from app.tickets.scope import Scope, in_scope, relation_of
from routing.rulebook import Rulebook


async def newest(
    db: AsyncSession,
    scope: Scope,
    sight: Sight,
    now: datetime,
    book: Rulebook | None,
    *,
    since: datetime | None = None,
    status: int | None = None,
    call_id: str | None = None,
    limit: int = 200,
) -> list[TicketLine]:
    """Tickets in sight, newest first: created at or after ``since``, in a state, of a call."""
    conditions, values = [in_scope(scope)], {"limit": limit, "units": list(scope.units)}
    for condition, name, value in (
        ("t.created_at >= :since", "since", since),
        ("t.status = :status", "status", status),
        ("t.call_id = :call_id", "call_id", call_id),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value
    query = f"""SELECT {COLUMNS}, {relation_of(scope)} AS relation FROM tickets t {JOINS}
        WHERE {" AND ".join(conditions)} ORDER BY t.id DESC LIMIT :limit"""
    return [line_of(row, sight, now, book) for row in (await db.execute(text(query), values)).mappings()]


async def list_tickets(db: AsyncSession, now: datetime, **narrowed: Any) -> list[dict[str, Any]]:
    """For whoever sits at the machine; see :func:`newest`."""
    found = await newest(db, Scope(city=True), EVERYTHING, now, None, **narrowed)
    return [msgspec.to_builtins(line) for line in found]


async def one_ticket(db: AsyncSession, no: str, now: datetime) -> dict[str, Any] | None:
    """A ticket with everything that belongs to it; None: there is none."""
    try:
        found = await read_detail(db, Scope(city=True), no, EVERYTHING, now, None)
    except NoTicketError:
        return None
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told
