"""Dead letters: to be seen, and sent again by a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.cursor import Cursor, fingerprint, read_cursor
from app.auth.policy import Sight
from app.clock import local_iso
from app.errors import HotlineError
from app.messages.schemas import MessageLine, MessagePage
from app.messages.writing import SEND_TOPIC
from app.personal import hide_phone, mask_phone
from models.ledger import append_audit
from models.message import Message
from models.outbox import OutboxRow
from models.workflow_codes import MessageState

_QUERY = text(
    "SELECT m.*, t.no AS ticket_no, t.type, t.confidential FROM messages m LEFT JOIN tickets t ON t.id = m.ticket_id "
    "WHERE m.state = :state AND (CAST(:before AS timestamptz) IS NULL OR m.created_at <= :before) "
    "ORDER BY m.created_at DESC, m.id DESC OFFSET :skip LIMIT :limit"
)


class NoMessageError(HotlineError):
    """There is no such message."""

    id = "message.missing"
    status = 404


class NotDeadError(HotlineError):
    """Only a message that nobody tries to send any more can be sent again."""

    id = "message.not_dead"
    status = 409


async def list_messages(
    db: AsyncSession, state: MessageState, sight: Sight, *, limit: int, cursor: str | None = None
) -> MessagePage:
    """Messages in a state, newest first. CursorInvalidError: see app.api.cursor."""
    of = fingerprint("messages", state.value)
    begin = read_cursor(cursor, of)
    before, skip = (begin.at, begin.id) if begin else (None, 0)
    found = await db.execute(_QUERY, {"state": state.value, "before": before, "skip": skip, "limit": limit + 1})
    rows = found.all()
    page = rows[:limit]
    return MessagePage([_line(row, sight) for row in page], _next(page, of, begin) if len(rows) > limit else None)


def _next(page: list[Row[Any]] | Any, of: str, begin: Cursor | None) -> str:
    """Behind so many of those that were written at the last one's very time: ids of messages have no order."""
    at = page[-1].created_at
    same = sum(row.created_at == at for row in page)
    if begin is not None and begin.at == at:
        same += begin.id
    return Cursor(of, at, same).encode()


def _line(row: Row[Any], sight: Sight) -> MessageLine:
    number = hide_phone(row.recipient) if sight.hides(row.type, row.confidential) else mask_phone(row.recipient)
    state = MessageState.of(row.state)
    return MessageLine(
        id=row.id,
        ticket_no=row.ticket_no,
        template=row.template,
        recipient=number or "",
        state=state.value,
        state_name=state.label,
        attempts=row.attempts,
        created_at=local_iso(row.created_at) or "",
        sent_at=local_iso(row.sent_at),
        last_error=row.last_error,
    )


async def resend(db: AsyncSession, message_id: str, by: str, now: datetime) -> None:
    """Have a dead message tried anew, under the id the gateway may know. The caller commits.

    Raises:
        NoMessageError, NotDeadError: see there.
    """
    query = select(Message).filter_by(id=message_id).with_for_update()
    message = (await db.execute(query)).scalar_one_or_none()
    if message is None:
        raise NoMessageError("没有这条短信")
    if message.state != MessageState.DEAD:
        raise NotDeadError(f"该短信{MessageState.of(message.state).label}，不能重发")
    message.state, message.attempts = MessageState.QUEUED.value, 0
    tried = text("SELECT count(*) FROM outbox WHERE topic = :topic AND key LIKE :key || '%'")
    count = (await db.execute(tried, {"topic": SEND_TOPIC, "key": message_id})).scalar_one()
    job = {"topic": SEND_TOPIC, "key": f"{message_id}#{count}", "payload": {"message": message_id}, "attempts": 0}
    await db.execute(insert(OutboxRow).values(**job, available_at=now))
    await append_audit(db, by, "message.resent", f"message:{message_id}", now, {"template": message.template})


async def dead_ids(db: AsyncSession) -> list[str]:
    """Every message that nobody tries to send any more, oldest first."""
    query = text("SELECT id FROM messages WHERE state = 'dead' ORDER BY created_at, id")
    return list((await db.execute(query)).scalars())
