"""A call's words become a ticket: once, whoever asks how often; text that comes late still reaches it."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.numbers import normalise_number
from app.intake.judging import judge_ticket
from app.intake.opening import open_ticket
from app.messages.writing import write_message
from app.metrics import CALLS_WITHOUT_WORDS, TICKETS_DRAFTED
from app.tickets.actions import lock_ticket
from app.tickets.texts import UNHEARD
from models.call import Call, Caption
from models.codes import AppealType, CallOutcome, Channel, TicketEventKind, TicketStatus, Urgency
from models.ledger import append_ticket_event
from models.ticket import Ticket, TicketEvent
from routing.assess import Router

log = structlog.get_logger(__name__)

_SYSTEM = "system"
_UNHEARD_TITLE = "录音待转写"
_STOPS = ("。", "!", "?", ",", "\uff01", "\uff1f", "\uff0c")
_APPENDED = "\n〔"
"""Begins what was added to a ticket's words (app.tickets.deeds.intake)."""
_HEARD = (TicketEventKind.CLASSIFIED, TicketEventKind.TEXT_ARRIVED)


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
        if not missing and words and await _waits_for_words(session, ticket):
            await _fill_in(session, router, ticket.no, words, call.ended_at, now)
        return ticket.no
    call.drafted_at = now
    if not words and not missing:
        call.outcome = CallOutcome.NO_WORDS.value
        CALLS_WITHOUT_WORDS.inc()
        log.info("call_without_words", call=call_id)
        return None
    heard = bool(words) and not missing
    ticket = await _open(session, router, call, words, now, judged=heard)
    if heard:
        await judge_ticket(session, router, ticket, call.ended_at, now)
    await write_message(session, ticket, "受理", {}, f"{ticket.no}/受理", now)
    TICKETS_DRAFTED.labels(str(ticket.urgency)).inc()
    log.info("ticket_drafted", call=call_id, ticket=ticket.no, urgency=ticket.urgency, category=ticket.category)
    return ticket.no


def transcript(captions: list[Caption]) -> str:
    """The citizen's words in the order they were said (recording part, then time within it)."""
    said = sorted((c for c in captions if c.side == "citizen" and c.text), key=lambda c: (c.part, c.start_s))
    pieces = [(caption.text or "").strip() for caption in said]
    return "".join(piece if piece.endswith(_STOPS) else f"{piece}\uff0c" for piece in pieces if piece).strip(", \uff0c")


async def _open(
    session: AsyncSession, router: Router, call: Call, words: str, now: datetime, *, judged: bool
) -> Ticket:
    """Where it is not judged at once, the citizen waits all the same: the city's default limits run."""
    phone = normalise_number(call.ani)
    ticket = Ticket(
        no=call.reserved_no or "",  # without one telephony's disk was full
        query_code="",
        status=TicketStatus.DRAFT.value,
        type=AppealType.OTHER.value,
        channel=Channel.PHONE.value,
        urgency=Urgency.NORMAL.value,
        title=_UNHEARD_TITLE,
        content=words or UNHEARD,
        call_id=call.id,
        caller_phone=phone,
        anonymous=phone is None,
        created_at=now,
        updated_at=now,
    )
    told = {"call_id": call.id, "outcome": call.outcome, "has_text": bool(words)}
    accepted = None if judged else call.ended_at
    await open_ticket(session, router.book, ticket, _SYSTEM, now, told, accepted=accepted)
    call.citizen_id = ticket.citizen_id
    return ticket


async def _waits_for_words(session: AsyncSession, ticket: Ticket) -> bool:
    """Whether it was made without them, and they have not come since."""
    query = select(TicketEvent).filter_by(ticket_id=ticket.id).where(col(TicketEvent.kind).in_(_HEARD)).limit(1)
    return (await session.execute(query)).first() is None


async def _fill_in(
    session: AsyncSession, router: Router, no: str, words: str, accepted: datetime, now: datetime
) -> None:
    """Text for a ticket that was made without; the citizen's clock runs from the call, however late that is.

    What people have added to it meanwhile stays. Where they have gone on with it, it is theirs to judge.
    """
    ticket = await lock_ticket(session, no)
    assert ticket.id is not None
    _, mark, added = ticket.content.partition(_APPENDED)
    ticket.content = f"{words}{mark}{added}"
    await append_ticket_event(session, ticket.id, TicketEventKind.TEXT_ARRIVED, _SYSTEM, now, {})
    if ticket.status == TicketStatus.DRAFT:
        await judge_ticket(session, router, ticket, accepted, now)
