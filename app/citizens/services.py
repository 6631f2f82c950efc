"""What a citizen sees of his ticket and does to it, all through the one way in which a ticket changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.policy import is_protected
from app.callbacks.answering import accepted_reply
from app.citizens.access import Access
from app.citizens.errors import NotNowError, RatedBeforeError
from app.citizens.schemas import Progress, RateBody
from app.citizens.words import ANSWERED, ASK, AT_A_UNIT, NO_DUE, STEPS
from app.clock import local_iso
from app.tickets.actions import act, lock_ticket, open_actions
from app.tickets.body import ActionBody
from app.tickets.party import CITIZEN
from models.codes import TicketStatus
from models.ticket import Ticket
from models.workflow_codes import TicketAction
from routing.permits import GuardError, RefusedError
from routing.rulebook import Rulebook

_TOLD = frozenset({"urged_today", "appeal_window_closed", "appealed_before", "withdrawal_pending"})
"""Guards whose messages are for citizens too."""
_ACTIONS = {
    TicketAction.RECORD_CALLBACK: "rate",
    TicketAction.APPEND: "append",
    TicketAction.GIVE_INFO: "append",
    TicketAction.URGE: "urge",
    TicketAction.REQUEST_WITHDRAWAL: "withdraw",
    TicketAction.APPEAL: "appeal",
}
_RATED = text(
    "SELECT EXISTS (SELECT FROM callbacks WHERE ticket_id = :id AND round = :round AND result = 'answered' "
    "AND by = 'citizen')"
)


async def progress(db: AsyncSession, book: Rulebook, access: Access, now: datetime) -> Progress:
    """How it stands."""
    ticket = await db.get_one(Ticket, access.ticket_id, populate_existing=True)
    status = TicketStatus.of(ticket.status)
    step, state = STEPS[status]
    named = status in AT_A_UNIT and ticket.dispatch_count > 0
    unit = book.units.get(ticket.host_unit or "") if named else None
    return Progress(
        no=ticket.no,
        step=step,
        state=state,
        accepted_at=local_iso(ticket.created_at) or "",
        unit=unit.name if unit else None,
        due=None if status in NO_DUE else local_iso(ticket.due if named else ticket.citizen_due),
        reply=await _reply(db, ticket),
        closed_at=local_iso(ticket.closed_at),
        may=await _may(db, book, ticket, now),
    )


async def _may(db: AsyncSession, book: Rulebook, ticket: Ticket, now: datetime) -> list[str]:
    options = await open_actions(db, book, ticket, CITIZEN, now)
    names = {_ACTIONS[option.action]: None for option in options if option.allowed and option.action in _ACTIONS}
    if "rate" in names and await _rated(db, ticket):
        del names["rate"]
    return list(names)


async def _reply(db: AsyncSession, ticket: Ticket) -> str | None:
    """The answer; of what was merged, the master's. Of a protected ticket it is told by telephone only."""
    told = ticket
    if ticket.status == TicketStatus.MERGED and ticket.merged_into is not None:
        told = await db.get_one(Ticket, ticket.merged_into)
    reply = await accepted_reply(db, told.id) if told.id is not None and told.status in ANSWERED else None
    if reply is None:
        return None
    hidden = any(is_protected(one.type, one.confidential) for one in (ticket, told))
    return ASK if hidden else reply.public_reply


async def rate(db: AsyncSession, book: Rulebook, access: Access, body: RateBody, now: datetime) -> None:
    """Rate the answer, once a round. The caller commits.

    Raises:
        RatedBeforeError, NotNowError: see there.
        InputError: a value that cannot be.
    """
    no = await _number(db, access)
    ticket = await lock_ticket(db, no)
    if await _rated(db, ticket):
        raise RatedBeforeError("您已评价，感谢您的参与")
    said = ActionBody(
        callback_result="answered", mode="sms", satisfied=body.satisfied, solved=body.solved, reason=body.reason
    )
    await _act(db, book, no, TicketAction.RECORD_CALLBACK, said, now)


async def append(
    db: AsyncSession, book: Rulebook, access: Access, words: str, attachments: list[int], now: datetime
) -> None:
    """Further words; where the hotline waits for them, they are what it waits for. Errors as of :func:`rate`."""
    no = await _number(db, access)
    ticket = await lock_ticket(db, no)
    waits = ticket.status == TicketStatus.WAIT_INFO
    action = TicketAction.GIVE_INFO if waits else TicketAction.APPEND
    await _act(db, book, no, action, ActionBody(text=words, attachments=attachments or None), now)


async def urge(db: AsyncSession, book: Rulebook, access: Access, words: str | None, now: datetime) -> None:
    """催办, so often a day. Errors as of :func:`rate`."""
    await _act(db, book, await _number(db, access), TicketAction.URGE, ActionBody(text=words), now)


async def withdraw(db: AsyncSession, book: Rulebook, access: Access, reason: str, now: datetime) -> None:
    """撤单: a person of the hotline looks at it. Errors as of :func:`rate`."""
    await _act(db, book, await _number(db, access), TicketAction.REQUEST_WITHDRAWAL, ActionBody(reason=reason), now)


async def appeal(
    db: AsyncSession, book: Rulebook, access: Access, reason: str, attachments: list[int], now: datetime
) -> None:
    """申诉, within the city's window, once. Errors as of :func:`rate`."""
    body = ActionBody(reason=reason, attachments=attachments or None)
    await _act(db, book, await _number(db, access), TicketAction.APPEAL, body, now)


async def _act(
    db: AsyncSession, book: Rulebook, no: str, action: TicketAction, body: ActionBody, now: datetime
) -> None:
    try:
        await act(db, book, no, action, body, CITIZEN, now)
    except GuardError as error:
        told = error.message if error.guard in _TOLD else "该工单目前不能进行此项操作，如有疑问请致电12345"
        raise NotNowError(told) from error
    except RefusedError as error:
        raise NotNowError("该工单目前不能进行此项操作，如有疑问请致电12345") from error


async def _number(db: AsyncSession, access: Access) -> str:
    return (await db.execute(select(col(Ticket.no)).where(col(Ticket.id) == access.ticket_id))).scalar_one()


async def _rated(db: AsyncSession, ticket: Ticket) -> bool:
    values = {"id": ticket.id, "round": ticket.callback_round}
    return ticket.status == TicketStatus.CALLBACK and bool((await db.execute(_RATED, values)).scalar_one())
