"""A bad rating's loop follows its ticket: put right once the reply is accepted, followed up when he was asked again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.tickets.clockwork import Clockwork
from models.codes import Channel, ClockKind, TicketStatus
from models.evaluation import ServiceEvaluation
from models.handling import Reply
from models.ticket import Ticket
from models.workflow_codes import EvaluationState
from routing.workflow import ENDED


async def follow(db: AsyncSession, ticket: Ticket, clockwork: Clockwork, by: str, now: datetime) -> None:
    """After a step of a ticket of channel 24: its rating's state and clocks are those of the ticket."""
    if ticket.channel != Channel.BAD_REVIEW:
        return
    found = select(ServiceEvaluation).filter_by(ticket_id=ticket.id)
    rating = (await db.execute(found)).scalar_one_or_none()
    if rating is None:
        return
    status = TicketStatus.of(ticket.status)
    if status is TicketStatus.CALLBACK and rating.state == EvaluationState.RECTIFY:
        rating.state, rating.rectified_at = EvaluationState.FOLLOW_UP.value, now
        rating.rectification = await _accepted(db, ticket)
        clockwork.stop([ClockKind.EVALUATION_RECTIFY], "rectified")
    elif status is TicketStatus.REWORK and rating.state != EvaluationState.RECTIFY:
        rating.state, rating.rectified_at = EvaluationState.RECTIFY.value, None
    elif status in ENDED and rating.state != EvaluationState.DONE:
        if rating.state == EvaluationState.FOLLOW_UP:
            rating.follow_up_at, rating.follow_up_by = now, by
            rating.follow_up_satisfied = ticket.satisfied
        rating.state = EvaluationState.DONE.value
        clockwork.stop([ClockKind.EVALUATION_VERIFY, ClockKind.EVALUATION_RECTIFY], "ended")


async def _accepted(db: AsyncSession, ticket: Ticket) -> str | None:
    query = select(Reply).filter_by(ticket_id=ticket.id, accepted=True).order_by(col(Reply.version).desc()).limit(1)
    reply = (await db.execute(query)).scalar_one_or_none()
    return reply.public_reply if reply else None
