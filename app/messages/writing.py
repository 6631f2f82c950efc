"""A message to the citizen, written in the transaction of its cause; the outbox brings it to the gateway."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import is_protected
from app.messages.composing import stored
from models.message import Message
from models.outbox import OutboxRow
from models.ticket import Ticket
from routing.city.words import MESSAGE_SLOTS

SEND_TOPIC = "send_message"
_TIMELESS = {"派单": "派单无时限"}
"""What is written where the ticket has no due."""
_WRITE = text(
    "WITH written AS (INSERT INTO messages (id, cause, ticket_id, template, fields, recipient, state, attempts, "
    "created_at) VALUES (:id, :cause, :ticket_id, :template, CAST(:fields AS jsonb), :recipient, :state, :attempts, "
    ":created_at) ON CONFLICT (cause) DO NOTHING RETURNING id) "
    "INSERT INTO outbox (topic, key, payload, created_at, available_at, attempts) "
    "SELECT :topic, id, CAST(:payload AS jsonb), now(), :available_at, 0 FROM written RETURNING key"
)
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


def is_mobile(number: str | None) -> bool:
    """Whether a number can be written to: fixed lines cannot."""
    return number is not None and _MOBILE.fullmatch(number) is not None


def message_rows(
    ticket: Ticket, template: str, fields: dict[str, Any], cause: str, now: datetime
) -> tuple[Message, OutboxRow] | None:
    """A message to be queued, and the job that sends it. None: nobody can be reached by SMS.

    ``template``, ``fields``: an occasion and its slots (routing.city.words.MESSAGE_SLOTS); a due that is not given is
    the ticket's.
    """
    recipient = ticket.contact_phone or ticket.caller_phone
    if recipient is None or not is_mobile(recipient):
        return None
    if "due" in MESSAGE_SLOTS[template] and "due" not in fields:
        fields = fields if ticket.due is None else {**fields, "due": ticket.due}
        template = template if ticket.due is not None else _TIMELESS[template]
    hidden = is_protected(ticket.type, ticket.confidential)
    said = {"ticket_no": ticket.no, "query_code": ticket.query_code}
    said |= {name: stored(name, value, hidden=hidden) for name, value in fields.items()}
    number = str(uuid4())
    message = Message(
        id=number, cause=cause, ticket_id=ticket.id, template=template, fields=said, recipient=recipient, created_at=now
    )
    return message, OutboxRow(topic=SEND_TOPIC, key=number, payload={"message": number}, available_at=now)


async def write_message(
    db: AsyncSession, ticket: Ticket, template: str, fields: dict[str, Any], cause: str, now: datetime
) -> str | None:
    """Queue one message once for its cause; its id. None: as for :func:`message_rows`, or it was written before."""
    rows = message_rows(ticket, template, fields, cause, now)
    if rows is None:
        return None
    message, job = rows
    values = {**message.model_dump(exclude={"fields"}), "fields": _json(message.fields)}
    values |= {"topic": job.topic, "payload": _json(job.payload), "available_at": job.available_at}
    return (await db.execute(_WRITE, values)).scalar_one_or_none()


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
