"""Warnings of many tickets in one transaction: claimed under lock, chained, written in a handful of statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets.party import SYSTEM
from app.tickets.rungs import Climbed, DueTicket, LiveClock, climb
from models.codes import ClockKind
from models.ledger import append_ticket_events
from routing.rulebook import Rulebook

CLAIM = text(
    "SELECT t.id FROM clocks c JOIN tickets t ON t.id = c.ticket_id "
    "WHERE c.stopped_at IS NULL AND c.next_at <= :now "
    "ORDER BY c.next_at LIMIT :limit FOR NO KEY UPDATE OF t SKIP LOCKED"
)
"""Whoever acts on a ticket locks its row first; so does the ticker, and passes over what somebody is working on."""
_CLAIM_ONE = text("SELECT id FROM tickets WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED")
# read after the lock was taken: what the claim saw of the clocks may be older
_TICKETS = text(
    "SELECT id, no, status, profile, urgency, warn_state, unit_overdue, citizen_overdue FROM tickets "
    "WHERE id = ANY(CAST(:ids AS bigint[]))"
)
_CLOCKS = text(
    'SELECT ticket_id, id, kind, holder, "limit", started_at, due, paused, stage, next_at FROM clocks '
    "WHERE ticket_id = ANY(CAST(:ids AS bigint[])) AND stopped_at IS NULL"
)
_MOVE = text(
    "UPDATE clocks c SET stage = u.stage, next_at = u.next_at FROM "
    "unnest(CAST(:ids AS bigint[]), CAST(:stages AS int[]), CAST(:nexts AS timestamptz[])) AS u(id, stage, next_at) "
    "WHERE c.id = u.id"
)
_TOUCH = text(
    "UPDATE tickets t SET version = t.version + 1, updated_at = :now, warn_state = u.warn_state, "
    "unit_overdue = u.unit_overdue, citizen_overdue = u.citizen_overdue FROM "
    "unnest(CAST(:ids AS bigint[]), CAST(:warns AS int[]), CAST(:units AS bool[]), CAST(:citizens AS bool[])) "
    "AS u(id, warn_state, unit_overdue, citizen_overdue) WHERE t.id = u.id"
)


async def claim(db: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Tickets with a clock that is due (the earliest first), locked until the transaction's end."""
    rows = await db.execute(CLAIM, {"now": now, "limit": limit})
    return list(dict.fromkeys(rows.scalars()))


async def claim_one(db: AsyncSession, ticket_id: int) -> list[int]:
    """The same for one ticket."""
    return list((await db.execute(_CLAIM_ONE, {"id": ticket_id})).scalars())


async def mark(db: AsyncSession, book: Rulebook, ids: Sequence[int], now: datetime) -> list[tuple[DueTicket, Climbed]]:
    """Take all rungs that only warn on these locked tickets. The caller commits."""
    if not ids:
        return []
    tickets = {row.id: DueTicket(*row) for row in await db.execute(_TICKETS, {"ids": list(ids)})}
    for ticket_id, number, kind, *rest in await db.execute(_CLOCKS, {"ids": list(ids)}):
        tickets[ticket_id].clocks.append(LiveClock(number, ClockKind.of(kind), *rest))
    done = [(tickets[number], climb(tickets[number], now, book)) for number in ids]
    await _write(db, done, now)
    return done


async def _write(db: AsyncSession, done: list[tuple[DueTicket, Climbed]], now: datetime) -> None:
    events = [(ticket.id, kind, payload) for ticket, climbed in done for kind, payload in climbed.events]
    await append_ticket_events(db, events, SYSTEM.name, now)
    moved = [clock for _, climbed in done for clock in climbed.moved.values()]
    if moved:
        await db.execute(
            _MOVE,
            {
                "ids": [clock.id for clock in moved],
                "stages": [clock.stage for clock in moved],
                "nexts": [clock.next_at for clock in moved],
            },
        )
    touched = [ticket for ticket, climbed in done if climbed.events]
    if touched:
        await db.execute(
            _TOUCH,
            {
                "now": now,
                "ids": [ticket.id for ticket in touched],
                "warns": [ticket.warn_state for ticket in touched],
                "units": [ticket.unit_overdue for ticket in touched],
                "citizens": [ticket.citizen_overdue for ticket in touched],
            },
        )
