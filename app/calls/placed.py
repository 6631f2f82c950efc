"""Calls the hotline places: what their events do to the record, and telling whoever ordered one that it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.codes import CallOutcome, Satisfied, Solved
from models.outbox import OutboxRow
from telephony import events

CALLBACK_CALL_DONE = "callback_call_done"
"""Topic. Payload: ``order_id``, ``call_id``. An order that never became a call: ``call_id`` None, and ``refused``, the
error's id (``app/calls/orders.py``)."""

_SOLVED = {"solved": Solved.SOLVED, "partly": Solved.PARTLY, "unsolved": Solved.UNSOLVED}
_SATISFIED = {
    "very_satisfied": Satisfied.VERY_SATISFIED,
    "satisfied": Satisfied.SATISFIED,
    "basically_satisfied": Satisfied.BASICALLY,
    "dissatisfied": Satisfied.DISSATISFIED,
    "very_dissatisfied": Satisfied.VERY_DISSATISFIED,
}
_SPOKEN_WITH = frozenset({CallOutcome.SURVEYED, CallOutcome.PARTLY_SURVEYED, CallOutcome.NOT_SURVEYED})


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """What came of a call that asked the survey ``callback``; None: not answered."""

    call_id: str
    outcome: CallOutcome
    ended_at: datetime
    reached: bool
    """The citizen picked up."""
    solved: Solved | None
    satisfied: Satisfied | None
    reason: str | None
    """Why he is not content, in his words as far as they were recognised."""


async def apply_placed(session: AsyncSession, call_id: str, at: datetime, placed: events.Placed) -> None:
    """Whose call it is: the citizen is the one called."""
    await session.execute(
        text(
            "UPDATE calls SET direction = 'out', started_at = :at, order_id = :order_id, survey = :survey, "
            "ani = :caller, dialled = :number WHERE id = :call_id"
        ),
        {"call_id": call_id, "at": at, **msgspec.structs.asdict(placed)},
    )


async def apply_answer(
    session: AsyncSession, call_id: str, at: datetime, said: events.Survey | events.SpeechInvited
) -> None:
    """An answer by key, or from when on the citizen's words are one."""
    value: dict[str, Any] = {"since": at.isoformat()}
    if isinstance(said, events.Survey):
        value = {"digit": said.digit, "answer": said.answer}
    await session.execute(
        text("UPDATE calls SET answers = coalesce(answers, '{}') || CAST(:more AS jsonb) WHERE id = :call_id"),
        {"call_id": call_id, "more": msgspec.json.encode({said.question: value}).decode()},
    )


async def tell_done(session: AsyncSession, order_id: str, call_id: str | None, refused: str | None = None) -> None:
    """Pass on, once, that an order is carried out, or never will be. In the caller's transaction.

    Both may be told of one order: when telephony could not be reached any more, but had taken it. The call counts.
    """
    payload: dict[str, Any] = {"order_id": order_id, "call_id": call_id}
    if refused is not None:
        payload["refused"] = refused
    await session.execute(
        insert(OutboxRow)
        .values(
            topic=CALLBACK_CALL_DONE,
            key=order_id if refused is None else f"{order_id}/refused",
            payload=payload,
            attempts=0,
        )
        .on_conflict_do_nothing()
    )
    await session.execute(
        text("UPDATE calls SET drafted_at = now() WHERE id = :call_id AND drafted_at IS NULL"), {"call_id": call_id}
    )


async def tell_late(session: AsyncSession, before: datetime) -> int:
    """Calls of ours that ended before a time and whose text is long overdue: passed on without it; how many."""
    query = text(
        "SELECT id, order_id FROM calls WHERE drafted_at IS NULL AND ended_at < :before AND direction = 'out' "
        "ORDER BY ended_at LIMIT 100"
    )
    late = (await session.execute(query, {"before": before})).all()
    for call_id, order_id in late:
        await tell_done(session, order_id, call_id)
    return len(late)


async def survey_result(session: AsyncSession, call_id: str) -> SurveyResult | None:
    """What a call of ours has brought; None: there is no such call, or it goes on."""
    query = text("SELECT outcome, ended_at, answers FROM calls WHERE id = :id AND direction = 'out'")
    row = (await session.execute(query, {"id": call_id})).one_or_none()
    if row is None or row.ended_at is None:
        return None
    answers: dict[str, dict[str, str]] = row.answers or {}
    since = answers.get("reason", {}).get("since")
    return SurveyResult(
        call_id=call_id,
        outcome=CallOutcome.of(row.outcome),
        ended_at=row.ended_at,
        reached=row.outcome in _SPOKEN_WITH,
        solved=_SOLVED.get(answers.get("solved", {}).get("answer", "")),
        satisfied=_SATISFIED.get(answers.get("satisfied", {}).get("answer", "")),
        reason=None if since is None else await _words_since(session, call_id, datetime.fromisoformat(since)),
    )


async def _words_since(session: AsyncSession, call_id: str, since: datetime) -> str | None:
    query = text(
        "SELECT text FROM captions WHERE call_id = :id AND side = 'citizen' AND said_at > :since AND text <> '' "
        "ORDER BY said_at, index"
    )
    said = (await session.execute(query, {"id": call_id, "since": since})).scalars().all()
    return "".join(said) or None
