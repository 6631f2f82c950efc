"""Intake: the one service by which an appeal becomes a ticket, whatever channel it comes by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.intake.appeal import CHOICES, NewAppeal
from app.intake.checks import checked
from app.intake.errors import AlreadyHereError
from app.intake.opening import open_ticket
from app.messages.writing import message_rows
from app.metrics import TICKETS_REGISTERED
from app.tickets.actions import act
from app.tickets.body import ActionBody
from app.tickets.checks import attach
from app.tickets.party import SYSTEM, Party
from models.base import Table
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
    ticket.registered_by = party.name if party.roles else None
    chosen = [name for name in _KEPT if getattr(appeal, name) is not None]

    def beside(ticket: Ticket) -> list[Table]:
        rows: list[Table] = [*(message_rows(ticket, "受理", {}, f"{ticket.no}/受理", now) or ())]
        if profile is None:
            rows.append(OutboxRow(topic=JUDGE_TOPIC, key=ticket.no, payload={"ticket": ticket.no}))
        return rows

    event = {"chosen": chosen, **(told or {})}
    try:
        await open_ticket(db, book, ticket, party.name, now, event, accepted=now, beside=beside)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == _ONCE:
            raise AlreadyHereError(_SEEN, None) from error  # by two ways at once
        raise
    assert ticket.id is not None
    await attach(db, appeal.attachments, ticket.id)
    if profile is not None:
        await act(db, book, ticket.no, TicketAction.SUBMIT, ActionBody(), SYSTEM, now)
    TICKETS_REGISTERED.labels(ticket.channel).inc()
    return ticket


async def _first_time(db: AsyncSession, ticket: Ticket) -> None:
    if ticket.upper_no is None:
        return
    query = select(col(Ticket.no)).filter_by(upper_system=ticket.upper_system, upper_no=ticket.upper_no)
    no = (await db.execute(query)).scalar_one_or_none()
    if no is not None:
        raise AlreadyHereError(_SEEN, no)
