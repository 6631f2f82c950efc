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
from models.message import Message
from models.outbox import OutboxRow
from models.ticket import Ticket

SEND_TOPIC = "send_message"
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_FREE_TEXT = frozenset({"reason", "route", "summary"})
"""Fields that people write: of a report or a confidential ticket they may tell what it is about."""
_UNSAID = "有关原因"


async def write_message(
    db: AsyncSession, ticket: Ticket, template: str, fields: dict[str, Any], cause: str, now: datetime
) -> str | None:
    """Queue one message once for its cause; its id. None: nobody can be reached by SMS, or it was written before."""
    recipient = ticket.contact_phone or ticket.caller_phone
    if recipient is None or not _MOBILE.fullmatch(recipient):
        return None
    hidden = is_protected(ticket.type, ticket.confidential)
    said = {"ticket_no": ticket.no, "query_code": ticket.query_code}
    for name, value in fields.items():
        if hidden and name in _FREE_TEXT:
            said[name] = _UNSAID
        else:
            said[name] = value.isoformat() if isinstance(value, datetime) else str(value)
    number = str(uuid4())
    row = insert(Message).values(
        id=number, cause=cause, ticket_id=ticket.id, template=template, fields=said, recipient=recipient,
        state="queued", attempts=0, created_at=now,
    )  # fmt: skip
    written = await db.execute(row.on_conflict_do_nothing(index_elements=["cause"]).returning(col(Message.id)))
    if written.scalar_one_or_none() is None:
        return None
    await db.execute(insert(OutboxRow).values(topic=SEND_TOPIC, key=number, payload={"message": number}, attempts=0))
    return number
