"""Jobs of the call-back loop: a machine's call is placed, what came of it is noted, what is settled is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col

from app.callbacks.planning import callback_of, cancel, settle_callbacks
from app.calls.orders import placing
from app.calls.placed import SurveyResult, survey_result
from app.calls.telephony_door import TelephonyDoor
from app.clock import utc_now
from app.jobs.drafting import router
from app.jobs.outbox import PutOffError
from app.settings import AppSettings
from app.tickets.actions import act, lock_ticket
from app.tickets.body import ActionBody
from app.tickets.errors import InputError
from app.tickets.facts import read_present
from app.tickets.party import SYSTEM
from app.tickets.texts import clean
from models.codes import CallOutcome, Solved, TicketStatus
from models.handling import Callback
from models.ticket import Ticket
from models.workflow_codes import CallbackResult, TicketAction
from routing.permits import RefusedError
from routing.rulebook import Rulebook

log = structlog.get_logger(__name__)

_GOES_ON = timedelta(minutes=1)
_LONGEST_REASON = 1000
_NUMBER = text(
    "SELECT coalesce(t.contact_phone, t.caller_phone) FROM callbacks c JOIN tickets t ON t.id = c.ticket_id "
    "WHERE c.id = :id AND c.result = 'planned' AND c.mode = 'auto_call' AND t.status = :status"
)


async def number_of(session: AsyncSession, callback_id: int) -> str | None:
    """Whom to call; None: he is not to be called (any more)."""
    found = await session.execute(_NUMBER, {"id": callback_id, "status": TicketStatus.CALLBACK.value})
    number: str | None = found.scalar_one_or_none()
    return number


@dataclass(frozen=True, slots=True)
class CallbackJobs:
    """The handlers that need the city's rules and the time."""

    book: Callable[[], Rulebook]
    now: Callable[[], datetime]

    async def call_done(self, sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
        """Note what a machine's call has brought; told again, nothing changes. See app.calls.placed."""
        number = callback_of(payload["order_id"])
        async with sessions() as db:
            no = await _ticket_of(db, number)
            if number is None or no is None:
                return
            ticket = await lock_ticket(db, no)
            row = await db.get(Callback, number, populate_existing=True)
            if row is None or row.result != CallbackResult.PLANNED:
                return  # he has rated meanwhile, or this was told before
            call_id = payload.get("call_id")
            said = await survey_result(db, call_id) if call_id is not None else None
            if call_id is not None and said is None:
                raise PutOffError(self.now() + _GOES_ON, "call.goes_on")
            if said is None or said.outcome is CallOutcome.FAILED:
                row.call_id = call_id
                cancel(row, self.now(), str(payload.get("refused") or CallOutcome.FAILED.value))
                await settle(db, self.book(), ticket, self.now())
            else:
                body = _body(number, said)
                try:
                    await act(db, self.book(), no, TicketAction.RECORD_CALLBACK, body, SYSTEM, self.now())
                except RefusedError as error:
                    log.warning("callback_not_recorded", ticket=no, callback=number, error=error.id, guard=error.guard)
                    return
            await db.commit()

    async def close(self, sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
        """Close what is settled: rated, or tried often enough, or nobody to be reached."""
        async with sessions() as db:
            try:
                await act(db, self.book(), payload["no"], TicketAction.CLOSE, ActionBody(), SYSTEM, self.now())
            except RefusedError as error:  # a person was faster, or it is supervised by now
                log.info("callback_not_closed", ticket=payload["no"], error=error.id, guard=error.guard)
                return
            await db.commit()


async def settle(db: AsyncSession, book: Rulebook, ticket: Ticket, now: datetime) -> None:
    """Bring in line what is planned for a ticket that the caller has locked."""
    if ticket.status != TicketStatus.CALLBACK:
        return
    present = await read_present(db, ticket, now)
    supervised = present.supervision is not None
    await settle_callbacks(db, book, ticket, present.callbacks, now, supervised=supervised)


async def _ticket_of(db: AsyncSession, number: int | None) -> str | None:
    query = (
        select(col(Ticket.no)).join(Callback, col(Callback.ticket_id) == Ticket.id).where(col(Callback.id) == number)
    )
    return (await db.execute(query)).scalar_one_or_none()


def _body(number: int, said: SurveyResult) -> ActionBody:
    """Rated when he said how satisfied he is; who hung up before that was not reached."""
    of = ActionBody(callback_id=number, mode="auto_call", call_id=said.call_id, callback_result="not_reached")
    if said.satisfied is not None:
        of.callback_result = "answered"
        of.satisfied, of.solved = said.satisfied.value, (said.solved or Solved.UNKNOWN).value
        of.reason = _words(said.reason)
    return of


def _words(reason: str | None) -> str | None:
    """What was recognised, unless nobody could have said it."""
    if reason is None:
        return None
    try:
        return clean(reason[:_LONGEST_REASON], "reason")
    except InputError:
        return None


# ---- the worker's


async def _ours() -> CallbackJobs:
    judge = await asyncio.to_thread(router)
    return CallbackJobs(lambda: judge.book, utc_now)


async def call_done(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """See :meth:`CallbackJobs.call_done`."""
    await (await _ours()).call_done(sessions, payload)


async def close_callback(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """See :meth:`CallbackJobs.close`."""
    await (await _ours()).close(sessions, payload)


async def place_call(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """See :func:`app.calls.orders.placing`."""
    await placing(number_of, TelephonyDoor.of(AppSettings()), utc_now)(sessions, payload)
