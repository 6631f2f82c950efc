"""Telling citizens of an answer: the one whose ticket it is, and those whose tickets were merged into it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.policy import is_protected
from app.messages.composing import UNSAID
from app.messages.writing import write_message
from models.codes import TicketStatus
from models.handling import Reply
from models.ticket import Ticket

MERGED = "并案答复"


def told_of(master: Ticket, reply: Reply) -> dict[str, str]:
    """What a child's citizen is told; of a protected master, not what was answered."""
    hidden = is_protected(master.type, master.confidential)
    return {"master_no": master.no, "reply": UNSAID["reply"] if hidden else reply.public_reply}


async def tell_children(db: AsyncSession, master: Ticket, reply: Reply, now: datetime) -> None:
    """Domain.md §3: children get the master's reply by SMS; each version once."""
    query = select(Ticket).filter_by(merged_into=master.id, status=TicketStatus.MERGED.value).order_by(col(Ticket.id))
    for child in (await db.execute(query)).scalars():
        cause = f"{child.no}/{master.no}/{reply.version}/{MERGED}"
        await write_message(db, child, MERGED, told_of(master, reply), cause, now)


async def accepted_reply(db: AsyncSession, ticket_id: int) -> Reply | None:
    """The ticket's answer; None: the hotline has accepted none."""
    query = select(Reply).filter_by(ticket_id=ticket_id, accepted=True).order_by(col(Reply.version).desc()).limit(1)
    return (await db.execute(query)).scalar_one_or_none()
