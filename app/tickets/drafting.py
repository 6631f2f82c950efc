"""A call's words become a ticket: once, whoever asks how often; text that comes late still reaches it."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.numbers import normalise_number
from app.messages.writing import write_message
from app.metrics import CALLS_WITHOUT_WORDS, TICKETS_DRAFTED
from app.tickets.clocks import settle_clocks
from app.tickets.helpers import name_helpers
from app.tickets.holdings import settle_holder
from app.tickets.numbers import next_number
from models.call import Call, Caption
from models.codes import AppealType, CallOutcome, Channel, TicketEventKind, TicketStatus, Urgency
from models.ledger import append_ticket_event
from models.ticket import Citizen, Ticket
from routing.assess import Router
from routing.assessment import Assessment
from routing.errors import CalendarError

log = structlog.get_logger(__name__)

_SYSTEM = "system"
_UNHEARD = "(录音待转写,请听录音后登记)"
_UNHEARD_TITLE = "录音待转写"
_STOPS = ("。", "!", "?", ",", "\uff01", "\uff1f", "\uff0c")


async def draft_ticket(
    session: AsyncSession, router: Router, call_id: str, now: datetime, *, without_text: bool = False
) -> str | None:
    """Settle what a call becomes; the ticket's number, or None. The caller commits.

    ``without_text``: make a ticket for a person to listen to when the text is still missing.
    """
    call = (await session.execute(select(Call).filter_by(id=call_id).with_for_update())).scalar_one_or_none()
    if call is None or call.ended_at is None:
        return None
    if call.outcome not in {CallOutcome.APPEAL, CallOutcome.PARTIAL}:
        call.drafted_at = call.drafted_at or now
        return None
    captions = (await session.execute(select(Caption).filter_by(call_id=call_id))).scalars().all()
    missing = call.utterances is None or sum(c.text is not None for c in captions) < call.utterances
    words = transcript(list(captions))
    ticket = (await session.execute(select(Ticket).filter_by(call_id=call_id))).scalar_one_or_none()
    if missing and not without_text:
        return None
    if ticket is not None:
        if not missing and words and ticket.category is None:
            await _fill_in(session, router, ticket, words, call.ended_at, now)
        return ticket.no
    call.drafted_at = now
    if not words and not missing:
        call.outcome = CallOutcome.NO_WORDS.value
        CALLS_WITHOUT_WORDS.inc()
        log.info("call_without_words", call=call_id)
        return None
    ticket = await _create(session, call, words, now)
    if words and not missing:
        await _classify(session, router, ticket, words, call.ended_at, now)
    else:
        await _run_by_default(session, router, ticket, call.ended_at, now)
    await write_message(session, ticket, "受理", {}, f"{ticket.no}/受理", now)
    TICKETS_DRAFTED.labels(str(ticket.urgency)).inc()
    log.info("ticket_drafted", call=call_id, ticket=ticket.no, urgency=ticket.urgency, category=ticket.category)
    return ticket.no


def transcript(captions: list[Caption]) -> str:
    """The citizen's words in the order they were said (recording part, then time within it)."""
    said = sorted((c for c in captions if c.side == "citizen" and c.text), key=lambda c: (c.part, c.start_s))
    pieces = [(caption.text or "").strip() for caption in said]
    return "".join(piece if piece.endswith(_STOPS) else f"{piece}," for piece in pieces if piece).strip(", \uff0c")


async def _create(session: AsyncSession, call: Call, words: str, now: datetime) -> Ticket:
    phone = normalise_number(call.ani)
    citizen_id = await _citizen(session, phone)
    call.citizen_id = citizen_id
    ticket = Ticket(
        no=call.reserved_no or await next_number(session, now),  # telephony's disk was full
        query_code=f"{secrets.randbelow(10**6):06d}",
        status=TicketStatus.DRAFT.value,
        type=AppealType.OTHER.value,
        channel=Channel.PHONE.value,
        urgency=Urgency.NORMAL.value,
        title=_UNHEARD_TITLE,
        content=words or _UNHEARD,
        call_id=call.id,
        citizen_id=citizen_id,
        caller_phone=phone,
        anonymous=phone is None,
        created_at=now,
        updated_at=now,
    )
    session.add(ticket)
    await session.flush()
    assert ticket.id is not None
    payload = {"channel": Channel.PHONE.value, "call_id": call.id, "outcome": call.outcome, "has_text": bool(words)}
    await append_ticket_event(session, ticket.id, TicketEventKind.CREATED, _SYSTEM, now, payload)
    return ticket


async def _citizen(session: AsyncSession, phone: str | None) -> int | None:
    if phone is None:
        return None
    await session.execute(insert(Citizen).values(phone=phone, created_at=func.now()).on_conflict_do_nothing())
    return (await session.execute(select(col(Citizen.id)).filter_by(phone=phone))).scalar_one()


async def _run_by_default(
    session: AsyncSession, router: Router, ticket: Ticket, accepted: datetime, now: datetime
) -> None:
    """Nobody knows yet what it is about, and the citizen waits all the same: the city's default limits run."""
    await settle_holder(session, ticket, router.book.hotline(), now, "热线受理")
    found = router.limits(None, accepted)
    if found is None:
        return
    limits, faults = found
    ticket.profile, ticket.due, ticket.citizen_due = limits.profile, limits.due, limits.citizen_due
    ticket.confirm = faults
    await settle_clocks(session, ticket, limits, accepted, now, router.book, dispatched=False)


async def _fill_in(
    session: AsyncSession, router: Router, ticket: Ticket, words: str, accepted: datetime, now: datetime
) -> None:
    """Text for a ticket that was made without; the citizen's clock runs from the call, however late that is."""
    assert ticket.id is not None
    ticket.content = words
    await append_ticket_event(session, ticket.id, TicketEventKind.TEXT_ARRIVED, _SYSTEM, now, {})
    await _classify(session, router, ticket, words, accepted, now)


async def _classify(
    session: AsyncSession, router: Router, ticket: Ticket, words: str, accepted: datetime, now: datetime
) -> None:
    """What routing says, onto the ticket; dispatched at once where nobody needs to confirm."""
    assert ticket.id is not None
    found = router.assess(words, now=accepted, phone=ticket.caller_phone)
    _take_over(ticket, found)
    ticket.updated_at = now
    ticket.version += 1
    await append_ticket_event(
        session,
        ticket.id,
        TicketEventKind.CLASSIFIED,
        _SYSTEM,
        now,
        {
            "category": found.category,
            "type": found.type,
            "urgency": found.urgency,
            "confidence": round(found.confidence, 4),
            "model": found.model,
            "unit": found.dispatch.unit,
            "rule": found.dispatch.row_id,
            "confirm": list(found.dispatch.confirm),
        },
    )
    # where nothing is to be signed for (T, P), it is with the unit at once: a state to sign in would have no clock
    dispatched = TicketStatus.SIGN if "sign" in found.limits.texts else TicketStatus.HANDLING
    ticket.status = (dispatched if found.at_once else TicketStatus.REVIEW).value
    if found.at_once:
        ticket.dispatch_count, ticket.dispatched_at = 1, now
        with suppress(CalendarError):
            ticket.return_until = router.book.return_until(ticket.profile, ticket.urgency, now)
        payload: dict[str, Any] = {
            "unit": found.dispatch.unit,
            "co_units": list(found.dispatch.co_units),
            "rule": found.dispatch.row_id,
        }
        if found.urgency == Urgency.EXTREME:
            payload["by_phone"] = True  # 电话派单: the duty desk is to be called too
        await append_ticket_event(session, ticket.id, TicketEventKind.DISPATCHED, _SYSTEM, now, payload)
    await session.flush()
    settled = await settle_clocks(session, ticket, found.limits, accepted, now, router.book, dispatched=found.at_once)
    if settled.adjusted:  # the city's default ran until the words were known
        adjusted = {"clocks": settled.adjusted}
        await append_ticket_event(session, ticket.id, TicketEventKind.CLOCKS_ADJUSTED, _SYSTEM, now, adjusted)
    await settle_holder(session, ticket, router.book.hotline(), now, "自动派单" if found.at_once else "热线受理")
    if found.at_once:
        await name_helpers(session, ticket, found.limits.due, now, router.book)


def _take_over(ticket: Ticket, found: Assessment) -> None:
    place, dispatch, limits = found.place, found.dispatch, found.limits
    ticket.title = found.title
    ticket.type = AppealType.of_label(found.type).value
    ticket.urgency = found.urgency
    ticket.category = found.category
    ticket.confidence = round(found.confidence, 4)
    if place is not None:
        ticket.district_code, ticket.place_code = place.district_code, place.code
        ticket.street, ticket.poi, ticket.address = place.street, place.name, place.address
    ticket.host_unit, ticket.co_units, ticket.tier = dispatch.unit, list(dispatch.co_units), dispatch.tier
    ticket.dispatch_rule, ticket.dispatch_basis = dispatch.row_id, dispatch.basis
    ticket.confirm = list(dispatch.confirm)
    ticket.profile, ticket.due, ticket.citizen_due = limits.profile, limits.due, limits.citizen_due
    ticket.assessment = _plain(asdict(found))


def _plain(value: Any) -> Any:
    """JSON's own types: the assessment is kept whole beside the ticket."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
