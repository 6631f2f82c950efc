"""Intake: the one service by which an appeal becomes a ticket, whatever channel it comes by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.api.idempotency import Answer, Claim
from app.intake.appeal import CHOICES, NewAppeal
from app.intake.checks import checked
from app.intake.errors import AlreadyHereError
from app.intake.opening import Beside, open_ticket, opened
from app.intake.writing import write_at_once
from app.messages.writing import message_rows
from app.metrics import TICKETS_REGISTERED
from app.tickets.actions import act
from app.tickets.body import ActionBody
from app.tickets.checks import attach
from app.tickets.numbers import NumberStock
from app.tickets.party import SYSTEM, Party
from models.base import Table
from models.direct import Direct
from models.outbox import OutboxRow
from models.ticket import Ticket
from models.workflow_codes import TicketAction
from routing.rulebook import Rulebook

JUDGE_TOPIC = "judge_ticket"
_KEPT = (*CHOICES, "title", "street")
"""What the router leaves as it was given."""
_ONCE = "uq_tickets_upper"
_SEEN = "该平台的这个工单已经登记过"


async def register(
    db: AsyncSession,
    book: Rulebook,
    appeal: NewAppeal,
    party: Party,
    now: datetime,
    *,
    profile: str | None = None,
    told: dict[str, Any] | None = None,
) -> Ticket:
    """Take an appeal in: a ticket in 登记中 with its clocks running, to be judged by a worker right after the commit.

    The caller commits; until then there is nothing, and when this raises there will be nothing.

    Args:
        db: the caller's transaction.
        book: the city's rules.
        appeal: what came in.
        party: who hands it in.
        now: when it was accepted.
        profile: limits of a loop of its own (CP of 好差评): nothing is left to be judged, it goes to 待审核 as it is.
        told: what the first event says besides: codes, never personal data.

    Raises:
        InputError: a value that cannot be, with its field.
        AlreadyHereError: the other platform's ticket came before.
        routing.permits.RefusedError: ``profile`` without a category.
    """
    ticket = checked(appeal, book, now)
    await _first_time(db, ticket)
    ticket.profile = profile
    event = _told(ticket, appeal, party, told)
    judged = profile is not None
    try:
        await open_ticket(db, book, ticket, party.name, now, event, accepted=now, beside=_beside(now, judged=judged))
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == _ONCE:
            raise AlreadyHereError(_SEEN, None) from error  # by two ways at once
        raise
    assert ticket.id is not None
    await attach(db, appeal.attachments, ticket.id)
    if judged:
        await act(db, book, ticket.no, TicketAction.SUBMIT, ActionBody(), SYSTEM, now)
    TICKETS_REGISTERED.labels(ticket.channel).inc()
    return ticket


def is_plain(appeal: NewAppeal) -> bool:
    """Whether it is all there is: no files to take, no other platform's ticket to compare with."""
    return not appeal.attachments and appeal.upper_no is None and appeal.upper_system is None


async def register_plain(
    direct: Direct,
    stock: NumberStock,
    book: Rulebook,
    appeal: NewAppeal,
    party: Party,
    now: datetime,
    answer_of: Callable[[Ticket], Answer],
    key: tuple[str, str] | None,
    told: dict[str, Any] | None = None,
) -> Answer:
    """:func:`register` of a plain appeal as one statement and its own transaction, and what it is answered with.

    ``key``: the client's, and the request's fingerprint; what was registered under it before is answered again.

    Raises: as :func:`register`, and as app.api.idempotency.once.
    """
    ticket = checked(appeal, book, now)
    event = _told(ticket, appeal, party, told)
    given, beside = await stock.take(now), _beside(now, judged=False)
    rows = opened(book, ticket, given, party.name, now, event, accepted=now, beside=beside)
    answer = answer_of(ticket)
    claim = None if key is None else Claim(party.name, key[0], key[1], now, answer)
    if claim is not None and not await write_at_once(direct, ticket, rows, claim):
        return await claim.kept(direct)
    if claim is None:
        await write_at_once(direct, ticket, rows, None)
    TICKETS_REGISTERED.labels(ticket.channel).inc()
    return answer


def _told(ticket: Ticket, appeal: NewAppeal, party: Party, told: dict[str, Any] | None) -> dict[str, Any]:
    ticket.registered_by = party.name if party.roles else None
    return {"chosen": [name for name in _KEPT if getattr(appeal, name) is not None], **(told or {})}


def _beside(now: datetime, *, judged: bool) -> Beside:
    def rows(ticket: Ticket) -> list[Table]:
        made: list[Table] = [*(message_rows(ticket, "受理", {}, f"{ticket.no}/受理", now) or ())]
        if not judged:
            made.append(OutboxRow(topic=JUDGE_TOPIC, key=ticket.no, payload={"ticket": ticket.no}))
        return made

    return rows


async def _first_time(db: AsyncSession, ticket: Ticket) -> None:
    if ticket.upper_no is None:
        return
    query = select(col(Ticket.no)).filter_by(upper_system=ticket.upper_system, upper_no=ticket.upper_no)
    no = (await db.execute(query)).scalar_one_or_none()
    if no is not None:
        raise AlreadyHereError(_SEEN, no)
