"""Tickets for whoever sits at the machine: ``hotline tickets``, ``hotline ticket``. Nothing is covered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import EVERYTHING
from app.tickets.detail import read_detail
from app.tickets.errors import NoTicketError
from app.tickets.lines import COLUMNS, JOINS, line_of
from app.tickets.scope import Scope


async def list_tickets(
    db: AsyncSession,
    now: datetime,
    *,
    since: datetime | None = None,
    status: int | None = None,
    call_id: str | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """Newest first: created at or after ``since``, in a state, of a call; at most ``limit``."""
    conditions, values = ["true"], {"limit": limit}
    for condition, name, value in (
        ("t.created_at >= :since", "since", since),
        ("t.status = :status", "status", status),
        ("t.call_id = :call_id", "call_id", call_id),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value  # type: ignore[assignment]
    query = f"""SELECT {COLUMNS}, 'city' AS relation FROM tickets t {JOINS}
        WHERE {" AND ".join(conditions)} ORDER BY t.id DESC LIMIT :limit"""
    rows = (await db.execute(text(query), values)).mappings()
    return [msgspec.to_builtins(line_of(row, EVERYTHING, now, None)) for row in rows]


async def one_ticket(db: AsyncSession, no: str, now: datetime) -> dict[str, Any] | None:
    """A ticket with everything that belongs to it; None: there is none."""
    try:
        found = await read_detail(db, Scope(city=True), no, EVERYTHING, now, None)
    except NoTicketError:
        return None
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told
