"""Call-backs that fell through: calls of which nobody ever told the end, tickets for which nothing is planned."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.callbacks.jobs import settle
from app.callbacks.planning import cancel
from app.tickets.actions import lock_ticket
from models.handling import Callback
from models.session import is_outage, place_of
from routing.rulebook import Rulebook

log = structlog.get_logger(__name__)

LOST = "order.lost"
"""Why a call counts as not placed."""
_LONGEST = timedelta(hours=12)
"""An order is over at the end of its calling hours, a call soon after, and its end is told as soon as it is known."""
_FOUND = text(
    "SELECT t.id, t.no FROM tickets t WHERE t.status = 70 AND t.id > :after AND ("
    "EXISTS (SELECT FROM callbacks c WHERE c.ticket_id = t.id AND c.result = 'planned' AND c.mode = 'auto_call' "
    "AND c.planned_at < :lost) "
    "OR (t.supervise_level = 0 AND NOT EXISTS (SELECT FROM callbacks c WHERE c.ticket_id = t.id "
    "AND c.result = 'planned' AND c.mode <> 'sms') AND NOT EXISTS (SELECT FROM outbox o "
    "WHERE o.topic = 'close_callback' AND o.payload ->> 'no' = t.no AND o.done_at IS NULL))) "
    "ORDER BY t.id LIMIT :limit"
)
_LOST = text(
    "SELECT id FROM callbacks "
    "WHERE ticket_id = :id AND result = 'planned' AND mode = 'auto_call' AND planned_at < :lost"
)
_PAGE = 200


async def sweep_callbacks(sessions: async_sessionmaker[AsyncSession], book: Rulebook, now: datetime) -> int:
    """Plan anew what fell through, each ticket in a transaction of its own; how many there were.

    Raises: when the database cannot be reached (is_outage).
    """
    after, count = 0, 0
    while True:
        async with sessions() as db:
            values = {"after": after, "lost": now - _LONGEST, "limit": _PAGE}
            found = (await db.execute(_FOUND, values)).all()
        for number, no in found:
            after = number
            try:
                await _again(sessions, book, no, now)
                count += 1
            except Exception as error:
                if is_outage(error):
                    raise
                log.error("callback_not_swept", ticket=no, error=type(error).__name__, where=place_of(error))  # noqa: TRY400
        if len(found) < _PAGE:
            return count


async def _again(sessions: async_sessionmaker[AsyncSession], book: Rulebook, no: str, now: datetime) -> None:
    async with sessions() as db:
        ticket = await lock_ticket(db, no)
        for number in (await db.execute(_LOST, {"id": ticket.id, "lost": now - _LONGEST})).scalars().all():
            cancel(await db.get_one(Callback, number), now, LOST)
        await db.flush()
        await settle(db, book, ticket, now)
        await db.commit()
