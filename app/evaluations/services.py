"""好差评: ratings come in, bad ones are verified within a working day, put right, followed up, published (§8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.errors import HotlineError
from app.tickets.actions import act, lock_ticket
from app.tickets.body import ActionBody
from app.tickets.clockwork import Clockwork
from app.tickets.errors import InputError, UnknownCodeError
from app.tickets.facts import shows_contact
from app.tickets.party import SYSTEM, Party
from app.tickets.texts import clean
from models.codes import ClockKind, ExcludeReason, Role
from models.evaluation import ServiceEvaluation
from models.handling import ContactRecord
from models.ticket import Clock, Ticket
from models.workflow_codes import EvaluationClass, EvaluationState, TicketAction
from routing.evaluation import PROFILES, masked, without
from routing.rulebook import Rulebook

_VERIFIERS = frozenset({Role.DISPATCHER, Role.DISPATCH_SUPERVISOR})
_PUBLISHERS = frozenset({Role.DISPATCH_SUPERVISOR, Role.DIRECTOR})


class NoEvaluationError(HotlineError):
    """There is no such rating."""

    id = "evaluation.missing"
    status = 404


class EvaluationStateError(HotlineError):
    """The loop of this rating is not there."""

    id = "evaluation.wrong_state"
    status = 409


class NotVerifiedError(HotlineError):
    """Nobody has called the rater yet."""

    id = "evaluation.not_called_back"
    status = 409


class EvaluationForbiddenError(HotlineError):
    """Not for these roles."""

    id = "evaluation.not_permitted"
    status = 403


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the call-back found, why, and which unit is to put it right (the rated one when None)."""

    verdict: EvaluationClass
    reason: str
    unit: str | None = None


async def locked(db: AsyncSession, number: int) -> tuple[ServiceEvaluation, Ticket | None]:
    """The rating and its ticket, ours until the end of the transaction. NoEvaluationError: there is none.

    The ticket first, as every action on it does, whose rating follows it: two at once wait and do not stop each other.
    A rating has its ticket from the transaction on in which it came, or never.
    """
    ticket_no = select(col(Ticket.no)).where(col(Ticket.id) == col(ServiceEvaluation.ticket_id)).scalar_subquery()
    no = (await db.execute(select(ticket_no).where(col(ServiceEvaluation.id) == number))).scalar_one_or_none()
    ticket = None if no is None else await lock_ticket(db, no)
    query = select(ServiceEvaluation).filter_by(id=number).with_for_update().execution_options(populate_existing=True)
    rating = (await db.execute(query)).scalar_one_or_none()
    if rating is None:
        raise NoEvaluationError("没有这条评价")
    return rating, ticket


async def judge(
    db: AsyncSession, book: Rulebook, number: int, verdict: Verdict, party: Party, now: datetime
) -> ServiceEvaluation:
    """Settle what a bad rating is, after its rater was called back. The caller commits.

    a) and b) go to the unit with their limit, c) is explained to the rater, d) is kept and marked: it does not count.

    Raises:
        NoEvaluationError, EvaluationStateError, EvaluationForbiddenError: see there.
        NotVerifiedError: the hotline has neither reached the rater nor tried in vain as often as the city asks
            (实名差评 are all called back).
        InputError: no reason, or a unit that does not exist.
    """
    if not party.roles & _VERIFIERS:
        raise EvaluationForbiddenError("您的角色不能核实差评")
    rating, ticket = await locked(db, number)
    if rating.state != EvaluationState.VERIFY or ticket is None:
        raise EvaluationStateError("该评价不在待核实状态")
    reason = clean(verdict.reason, "reason")
    unit = verdict.unit or rating.unit
    if unit not in book.units:
        raise UnknownCodeError(f"没有代码为“{unit}”的单位", "unit")
    tries = book.city.rules.contact_tries
    if not await _called_back(db, ticket, tries):
        raise NotVerifiedError(f"请先回访评价人并登记联系记录（已联系上，或 {tries} 次未联系上），再作核实结论")
    rating.verdict, rating.verdict_reason = verdict.verdict.value, reason
    rating.verified_at, rating.verified_by = now, party.name
    clocks = list((await db.execute(select(Clock).filter_by(ticket_id=ticket.id, stopped_at=None))).scalars())
    work = Clockwork(db, ticket, clocks, book, now)
    work.stop([ClockKind.EVALUATION_VERIFY], "verified")
    if verdict.verdict in PROFILES:
        ticket.profile = PROFILES[verdict.verdict]
        rating.state = EvaluationState.RECTIFY.value
        limit = book.profile(ticket.profile).finish
        work.start(ClockKind.EVALUATION_RECTIFY, limit=limit, holder=unit)
        await db.flush()
        await act(db, book, ticket.no, TicketAction.APPROVE, ActionBody(), SYSTEM, now)
        await act(db, book, ticket.no, TicketAction.DISPATCH, ActionBody(unit=unit, reason=reason), SYSTEM, now)
        return rating
    if verdict.verdict is EvaluationClass.MISTAKEN:
        ticket.in_scope, ticket.exclude_reason = False, ExcludeReason.MALICIOUS.value
    await db.flush()
    await act(db, book, ticket.no, TicketAction.CLOSE, ActionBody(reason=reason), party, now)
    return rating


async def _called_back(db: AsyncSession, ticket: Ticket, tries: int) -> bool:
    """By the hotline: reached once, or tried in vain as often as that makes evidence of contact (domain.md §3)."""
    query = select(col(ContactRecord.result)).filter_by(ticket_id=ticket.id, unit=None)
    return shows_contact((await db.execute(query)).scalars().all(), tries)


async def publish(db: AsyncSession, number: int, reply: str | None, party: Party, now: datetime) -> ServiceEvaluation:
    """Put a reply before the public's eyes, without its rater; what the unit answered, where no other text is given.

    What is published are replies (domain.md §8: 答复, after masking). The reason of a verdict is none: it was written
    for the record, may tell of the rater, and a rating without ground is explained to him alone; who wants to publish
    that explanation too gives it as ``reply``.

    Raises:
        NoEvaluationError, EvaluationForbiddenError: see there.
        EvaluationStateError: the loop is not over.
        InputError: there is nothing to publish.
    """
    if not party.roles & _PUBLISHERS:
        raise EvaluationForbiddenError("您的角色不能公开评价答复")
    rating, _ = await locked(db, number)
    if rating.state != EvaluationState.DONE:
        raise EvaluationStateError("差评尚未办结，不能公开")
    words = reply or rating.rectification
    if not words:
        raise InputError("没有可公开的答复", "reply")
    rating.reply = masked(without(clean(words, "reply"), rating.rater_name, rating.rater_phone))
    rating.published_at = now
    return rating
