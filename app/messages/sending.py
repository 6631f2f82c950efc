"""The job that brings a message to the gateway: at least once, under one id, until it is sent or dead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col

from app.auth.policy import is_protected
from app.jobs.outbox import PutOffError
from app.messages.composing import compose
from app.messages.gateway import Gateway, PermanentGatewayError, TemporaryGatewayError
from app.messages.links import hash_of, link_of, token_of
from app.messages.resting import RestingError
from app.messages.settings import MessageSettings
from app.metrics import MESSAGES
from models.handling import Callback
from models.message import Message
from models.ticket import Ticket
from models.workflow_codes import CallbackResult, MessageState

log = structlog.get_logger(__name__)

_ANOTHER_SENDS = timedelta(seconds=5)
_CALLBACK = "callback"
"""Field of a message that carries a link: the call-back the link answers."""


@dataclass(frozen=True, slots=True)
class Sender:
    """``templates``: of the city as it is now. ``link_secret``: makes the links' tokens."""

    gateway: Gateway
    templates: Callable[[], Mapping[str, str]]
    settings: MessageSettings
    link_secret: Callable[[], str]
    now: Callable[[], datetime]

    async def __call__(self, sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
        """Send ``payload["message"]`` if it waits to be sent.

        The message stays locked until what came of it is written, so that two workers never send it at once. Whoever
        dies in between leaves it waiting: the next one offers it under the same id, and the gateway knows it.

        Raises:
            PutOffError: it comes again.
        """
        link = await self._link(sessions, payload["message"])
        async with sessions() as db:
            message = await self._claimed(db, payload["message"])
            if message is None:
                return
            again = None
            try:
                spoken = await self._text(db, message, link)
            except (KeyError, ValueError):  # a city's template was changed to say what this message does not carry
                _settle(message, MessageState.DEAD, "template")
            else:
                if spoken is None:
                    _settle(message, MessageState.CANCELLED)
                else:
                    again = await self._offer(message, spoken)
            await db.commit()
        if again is not None:
            raise PutOffError(again, message.last_error or "")

    async def _claimed(self, db: AsyncSession, message_id: str) -> Message | None:
        waiting = select(Message).filter_by(id=message_id, state=MessageState.QUEUED.value)
        found = (await db.execute(waiting.with_for_update(skip_locked=True))).scalar_one_or_none()
        if found is None and (await db.execute(waiting)).scalar_one_or_none() is not None:
            raise PutOffError(self.now() + _ANOTHER_SENDS, "message.in_hand")
        return found

    async def _offer(self, message: Message, spoken: str) -> datetime | None:
        """To the gateway; when to come again, None: never."""
        message.attempts += 1
        try:
            await self.gateway.send(message.id, message.recipient, spoken)
        except RestingError as error:
            message.attempts -= 1
            return error.until
        except TemporaryGatewayError as error:
            if message.attempts < self.settings.attempts:
                message.last_error = error.code
                MESSAGES.labels("put_off").inc()
                wait = self.settings.delay(message.attempts)
                return self.now() + (wait if error.retry_after is None else max(error.retry_after, wait))
            _settle(message, MessageState.DEAD, error.code)
        except PermanentGatewayError as error:
            _settle(message, MessageState.DEAD, error.code)
        else:
            message.sent_at = self.now()
            _settle(message, MessageState.SENT)
        return None

    async def _text(self, db: AsyncSession, message: Message, link: str | None) -> str | None:
        """What is to be sent; None: nothing any more, or this city writes nothing on this occasion."""
        template = self.templates().get(message.template)
        if template is None or (_CALLBACK in message.fields and link is None):
            return None
        fields = {name: value for name, value in message.fields.items() if name != _CALLBACK}
        if link is not None:
            fields["link"] = link
        ticket = await db.get(Ticket, message.ticket_id) if message.ticket_id is not None else None
        hidden = ticket is not None and is_protected(ticket.type, ticket.confidential)
        if not hidden and "reply" in fields:
            hidden = await _is_hidden(db, fields["master_no"])
        return compose(template, fields, hidden=hidden)

    async def _link(self, sessions: async_sessionmaker[AsyncSession], message_id: str) -> str | None:
        """Of a message that carries one, known to the record before the citizen has it.

        None: it carries none, or the citizen has rated meanwhile, or there is nothing to rate any more.
        """
        async with sessions() as db:
            message = await db.get(Message, message_id)
            if message is None or _CALLBACK not in message.fields:
                return None
            number = int(message.fields[_CALLBACK])
            token = token_of(self.link_secret(), number, message.id)
            waiting = update(Callback).where(
                col(Callback.id) == number, col(Callback.result) == CallbackResult.PLANNED.value
            )
            marked = await db.execute(waiting.values(token_hash=hash_of(token)).returning(col(Callback.id)))
            if marked.scalar_one_or_none() is None:
                return None
            await db.commit()
        return link_of(self.settings.public_url, message.fields["ticket_no"], token)


def _settle(message: Message, state: MessageState, error: str | None = None) -> None:
    message.state, message.last_error = state.value, error
    MESSAGES.labels(state.value).inc()
    if state is MessageState.DEAD:
        log.warning("message_dead", message=message.id, template=message.template, error=error)


async def _is_hidden(db: AsyncSession, no: str) -> bool:
    """Whether the matter of another ticket may not be told."""
    query = text("SELECT type, confidential FROM tickets WHERE no = :no")
    row = (await db.execute(query, {"no": no})).one_or_none()
    return row is None or is_protected(row.type, row.confidential)
