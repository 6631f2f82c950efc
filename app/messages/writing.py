"""A message to the citizen, written in the transaction of its cause; the outbox brings it to the gateway."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.policy import is_protected
from app.messages.composing import stored
from models.message import Message
from models.outbox import OutboxRow
from models.ticket import Ticket
from routing.city.words import MESSAGE_SLOTS

SEND_TOPIC = "send_message"
_TIMELESS = {"派单": "派单无时限"}
"""What is written where the ticket has no due."""
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def is_mobile(number: str | None) -> bool:
    """Whether a number can be written to: fixed lines cannot."""
    return number is not None and _MOBILE.fullmatch(number) is not None


async def write_message(
    db: AsyncSession, ticket: Ticket, template: str, fields: dict[str, Any], cause: str, now: datetime
) -> str | None:
    """Queue one message once for its cause; its id. None: nobody can be reached by SMS, or it was written before.

    ``template``, ``fields``: an occasion and its slots (routing.city.words.MESSAGE_SLOTS); a due that is not given is
    the ticket's.
    """
    recipient = ticket.contact_phone or ticket.caller_phone
    if not is_mobile(recipient):
        return None
    if "due" in MESSAGE_SLOTS[template] and "due" not in fields:
        fields = fields if ticket.due is None else {**fields, "due": ticket.due}
        template = template if ticket.due is not None else _TIMELESS[template]
    hidden = is_protected(ticket.type, ticket.confidential)
    said = {"ticket_no": ticket.no, "query_code": ticket.query_code}
    said |= {name: stored(name, value, hidden=hidden) for name, value in fields.items()}
    number = str(uuid4())
    row = insert(Message).values(
        id=number, cause=cause, ticket_id=ticket.id, template=template, fields=said, recipient=recipient,
        state="queued", attempts=0, created_at=now,
    )  # fmt: skip
    written = await db.execute(row.on_conflict_do_nothing(index_elements=["cause"]).returning(col(Message.id)))
    if written.scalar_one_or_none() is None:
        return None
    job = {"topic": SEND_TOPIC, "key": number, "payload": {"message": number}, "attempts": 0, "available_at": now}
    await db.execute(insert(OutboxRow).values(**job))
    return number
