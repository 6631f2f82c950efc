"""What call events do to the record: each once, in the transaction that stores it, whatever order they come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.placed import apply_answer, apply_placed, tell_done
from models.call import Call, CallEventRow, CallLeg, Caption, Recording
from models.codes import CallDirection, CallOutcome
from models.outbox import OutboxRow
from models.session import fault_of
from telephony import events

log = structlog.get_logger(__name__)

DRAFT_TOPIC = "draft_ticket"
_UNKNOWN_PARTY = "?"
LATE = "/late"
"""After a call's id: the key of the sweeper's order to draft without text."""
KINDS: dict[str, type[msgspec.Struct]] = {str(kind.__struct_config__.tag): kind for kind in events.Payload.__args__}


async def store(session: AsyncSession, delivery: list[events.Envelope]) -> events.Receipt:
    """Store a delivery and apply what is new in it. The caller commits, then acknowledges."""
    accepted = 0
    touched: dict[str, None] = {}
    for event in delivery:
        payload, fault = _decode(event)
        statement = (
            insert(CallEventRow)
            .values(
                call_id=event.call_id,
                seq=event.seq,
                kind=event.kind,
                at=event.at,
                node=event.node,
                payload=event.payload,
                fault=fault,
                received_at=func.now(),
            )
            .on_conflict_do_nothing()
            .returning(col(CallEventRow.seq))
        )
        if (await session.execute(statement)).first() is None:
            continue
        accepted += 1
        if payload is not None and await _applied(session, event, payload):
            touched[event.call_id] = None
    for call_id in touched:
        await _queue_when_complete(session, call_id)
    return events.Receipt(accepted=accepted, repeated=len(delivery) - accepted)


def _decode(event: events.Envelope) -> tuple[msgspec.Struct | None, str | None]:
    """The payload, or why there is none (a kind we do not know is no fault)."""
    kind = KINDS.get(event.kind)
    if kind is None:
        log.warning("call_event_unknown", kind=event.kind)
        return None, None
    try:
        return msgspec.convert(event.payload, kind), None
    except msgspec.ValidationError as error:
        log.warning("call_event_malformed", kind=event.kind)
        return None, str(error)


async def _applied(session: AsyncSession, event: events.Envelope, payload: msgspec.Struct) -> bool:
    """Apply an event; one that contradicts the record is kept with its fault, so that it doesn't hold up the others."""
    try:
        async with session.begin_nested():
            await _ensure_call(session, event)
            await _apply(session, event.call_id, event.at, payload)
    except (IntegrityError, DataError) as error:
        fault = fault_of(error)
        log.warning("call_event_not_applied", kind=event.kind, call=event.call_id, seq=event.seq, fault=fault)
        await session.execute(
            update(CallEventRow)
            .where(col(CallEventRow.call_id) == event.call_id, col(CallEventRow.seq) == event.seq)
            .values(fault=fault)
        )
        return False
    return True


async def _ensure_call(session: AsyncSession, event: events.Envelope) -> None:
    await session.execute(
        insert(Call)
        .values(
            id=event.call_id,
            node=event.node,
            direction=CallDirection.IN.value,
            started_at=event.at,
            outcome=CallOutcome.IN_PROGRESS.value,
            digits="",
            reanchored=0,
            number_read=False,
        )
        .on_conflict_do_nothing()
    )


async def _apply(session: AsyncSession, call_id: str, at: datetime, payload: msgspec.Struct) -> None:  # noqa: C901, PLR0912
    """One event's effect. Kinds that only matter as history have none."""
    match payload:
        case events.Arrived():
            await _update(
                session,
                call_id,
                started_at=at,
                ani=payload.ani,
                dialled=payload.dialled,
                sip_call_id=payload.sip_call_id,
            )
        case events.Placed():
            await apply_placed(session, call_id, at, payload)
        case events.Survey() | events.SpeechInvited():
            await apply_answer(session, call_id, at, payload)
        case events.Answered():
            await _update(session, call_id, answered_at=at, answered_by=payload.by, setup_ms=payload.setup_ms)
            await _leg(session, call_id, "citizen", party="citizen", joined_at=at)
        case events.Utterance():
            await _caption(session, call_id, payload, said_at=at)
        case events.Caption():
            await _caption(
                session,
                call_id,
                payload,
                text=payload.text,
                model=payload.model,
                avg_logprob=payload.avg_logprob,
            )
        case events.LegJoined():
            await _leg(session, call_id, payload.leg, party=payload.party, joined_at=at)
        case events.LegLeft():
            await _leg(session, call_id, payload.leg, party=_UNKNOWN_PARTY, left_at=at, cause=payload.cause)
        case events.Reanchored():
            await session.execute(text("UPDATE calls SET reanchored = reanchored + 1 WHERE id = :id"), {"id": call_id})
        case events.Voicemail():
            await _update(session, call_id, reserved_no=payload.ticket_no, number_read=True)
        case events.Recording():
            for part in payload.parts:
                await session.execute(
                    insert(Recording)
                    .values(call_id=call_id, side=part.side, part=part.part, path=part.path, seconds=part.seconds)
                    .on_conflict_do_nothing()
                )
        case events.Ended():
            await _ended(session, call_id, at, payload)


async def _ended(session: AsyncSession, call_id: str, at: datetime, payload: events.Ended) -> None:
    values: dict[str, Any] = {
        "ended_at": at,
        "ended_by": payload.by,
        "sip_cause": payload.sip_cause,
        "outcome": payload.outcome,
        "talk_s": payload.talk_s,
        "utterances": payload.utterances,
        "digits": payload.digits,
    }
    if payload.ticket_no is not None:
        values["reserved_no"] = payload.ticket_no
    await _update(session, call_id, **values)
    await _leg(session, call_id, "citizen", party="citizen", left_at=at, cause=payload.sip_cause)


async def _update(session: AsyncSession, call_id: str, **values: Any) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    await session.execute(text(f"UPDATE calls SET {columns} WHERE id = :call_id"), {**values, "call_id": call_id})


async def _leg(session: AsyncSession, call_id: str, leg: str, *, party: str, **values: Any) -> None:
    statement = insert(CallLeg).values(call_id=call_id, leg=leg, party=party, **values)
    known = values if party == _UNKNOWN_PARTY else {**values, "party": party}
    await session.execute(statement.on_conflict_do_update(index_elements=["call_id", "leg"], set_=known))


async def _caption(session: AsyncSession, call_id: str, said: events.Utterance | events.Caption, **values: Any) -> None:
    """The utterance's row: its time from one event, its text from the other."""
    statement = insert(Caption).values(
        call_id=call_id,
        index=said.index,
        side=said.side,
        part=said.part,
        start_s=said.start_s,
        end_s=said.end_s,
        **values,
    )
    await session.execute(statement.on_conflict_do_update(index_elements=["call_id", "index"], set_=values))


async def _queue_when_complete(session: AsyncSession, call_id: str) -> None:
    """Once the call is over and all its text is there: draft its ticket; again when text came after that.

    Of a call we placed no ticket is made: whoever ordered it is told, once.
    """
    row = (
        await session.execute(
            text(
                "SELECT c.order_id, c.utterances, (SELECT count(*) FROM captions p WHERE p.call_id = c.id "
                "AND p.text IS NOT NULL) AS texts FROM calls c WHERE c.id = :id AND c.ended_at IS NOT NULL"
            ),
            {"id": call_id},
        )
    ).one_or_none()
    if row is None or row.utterances is None or row.texts < row.utterances:
        return
    if row.order_id is not None:
        await tell_done(session, row.order_id, call_id)
        return
    await session.execute(
        insert(OutboxRow)
        .values(topic=DRAFT_TOPIC, key=f"{call_id}/{row.texts}", payload={"call_id": call_id}, attempts=0)
        .on_conflict_do_nothing()
    )


async def undrafted_calls(session: AsyncSession, before: datetime) -> list[str]:
    """Citizens' calls that ended before a time, of which nothing has been decided and that were not swept up yet."""
    swept = exists().where(col(OutboxRow.topic) == DRAFT_TOPIC, col(OutboxRow.key) == func.concat(Call.id, LATE))
    query = (
        select(col(Call.id))
        .where(
            col(Call.drafted_at).is_(None), col(Call.ended_at) < before, col(Call.direction) == CallDirection.IN, ~swept
        )
        .order_by(col(Call.ended_at))
        .limit(100)
    )
    return list((await session.execute(query)).scalars())
