"""The job that judges what came in: the web process only writes it down."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import utc_now
from app.intake.judging import judge_ticket
from app.jobs.drafting import router
from app.tickets.actions import lock_ticket
from models.codes import TicketStatus

log = structlog.get_logger(__name__)


async def judge(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """Judge the ticket ``payload["ticket"]``; one that people have gone on with is theirs, and so doing it again."""
    judging = await asyncio.to_thread(router)
    async with sessions() as db:
        ticket = await lock_ticket(db, payload["ticket"])
        if ticket.status != TicketStatus.DRAFT or ticket.assessment is not None:
            return
        await judge_ticket(db, judging, ticket, ticket.created_at, utc_now())
        await db.commit()
    log.info("ticket_judged", ticket=ticket.no, urgency=ticket.urgency, category=ticket.category)
