"""Planned call-backs of a ticket: brought in line, after each step, with what comes next (routing/callback_plan.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.orders import CallOrder, order_call
from models.codes import is_unhappy
from models.handling import Callback
from models.outbox import OutboxRow
from models.ticket import Ticket
from models.workflow_codes import CallbackMode, CallbackResult
from routing.callback_plan import Ask, Over, Round, Try, allowed, ends, next_step
from routing.rulebook import Rulebook

CLOSE_CALLBACK = "close_callback"
"""Topic: nothing is left to ask. Payload: ``no``."""
SURVEY = "callback"
"""What a machine asks (telephony/conversation/surveys.py)."""
_ORDER = "cb-"


def order_of(callback_id: int) -> str:
    """The order of a machine's call."""
    return f"{_ORDER}{callback_id}"


def callback_of(order_id: str) -> int | None:
    """The call-back an order was for; None: it was for something else."""
    number = order_id.removeprefix(_ORDER)
    return int(number) if number != order_id and number.isascii() and number.isdecimal() else None


async def settle_callbacks(
    db: AsyncSession, book: Rulebook, ticket: Ticket, rows: list[Callback], now: datetime, *, supervised: bool
) -> None:
    """Plan what comes next for a ticket in 70, cancel what does not; again, it changes nothing.

    Args:
        db: the caller's transaction, which holds the ticket's lock.
        book: the city's rules.
        ticket: in 70.
        rows: its call-backs of this round; a new one is added.
        now: the time.
        supervised: whether a supervision is open.
    """
    step = next_step(_round(ticket, rows, now, supervised=supervised), book)
    kept = None
    for row in rows:
        if row.result != CallbackResult.PLANNED or row.mode == CallbackMode.SMS:
            continue
        if kept is None and isinstance(step, Ask) and row.mode == step.mode and row.planned_at >= step.at:
            kept = row
        else:
            cancel(row, now)
    if isinstance(step, Ask) and kept is None:
        await _plan(db, book, ticket, rows, step, now)
    elif isinstance(step, Over):
        await order_close(db, ticket, now)


def cancel(row: Callback, now: datetime, broken: str | None = None) -> None:
    """It is not made. ``broken``: it could not be placed; the error's id."""
    row.result, row.at, row.reason = CallbackResult.CANCELLED.value, now, broken


async def order_close(db: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """Have the system close it, in a transaction of its own."""
    row = insert(OutboxRow).values(
        topic=CLOSE_CALLBACK,
        key=f"{ticket.no}/{ticket.version}",
        payload={"no": ticket.no},
        attempts=0,
        available_at=now,
    )
    await db.execute(row.on_conflict_do_nothing())


async def plan_link(db: AsyncSession, ticket: Ticket, rows: list[Callback], now: datetime) -> Callback:
    """The link of a new round, which the citizen may open until the round is over."""
    row = _row(ticket, rows, CallbackMode.SMS, now)
    db.add(row)
    await db.flush()
    rows.append(row)
    return row


async def _plan(
    db: AsyncSession, book: Rulebook, ticket: Ticket, rows: list[Callback], step: Ask, now: datetime
) -> None:
    at = step.at
    if step.mode is CallbackMode.AUTO_CALL and at < now:
        at = allowed(now, book)
    row = _row(ticket, rows, step.mode, at)
    db.add(row)
    await db.flush()
    rows.append(row)
    if step.mode is CallbackMode.AUTO_CALL:
        assert row.id is not None
        order = CallOrder(order_id=order_of(row.id), callback_id=row.id, survey=SURVEY, expires_at=ends(at, book))
        await order_call(db, order, at)


def _row(ticket: Ticket, rows: Sequence[Callback], mode: CallbackMode, at: datetime) -> Callback:
    assert ticket.id is not None
    number = max((row.try_no for row in rows), default=0) + 1
    return Callback(
        ticket_id=ticket.id, round=ticket.callback_round, try_no=number, mode=mode.value, planned_at=at,
        result=CallbackResult.PLANNED.value,
    )  # fmt: skip


def _round(ticket: Ticket, rows: Sequence[Callback], now: datetime, *, supervised: bool) -> Round:
    return Round(
        began=min((row.planned_at for row in rows), default=now),
        reachable=(ticket.contact_phone or ticket.caller_phone) is not None,
        written=any(row.mode == CallbackMode.SMS and row.result == CallbackResult.PLANNED for row in rows),
        profile=ticket.profile,
        supervised=supervised,
        reworked=ticket.rework_count > 0,
        tries=[_try(row) for row in sorted(rows, key=lambda row: row.try_no)],
    )


def _try(row: Callback) -> Try:
    return Try(
        CallbackMode.of(row.mode),
        CallbackResult.of(row.result),
        row.planned_at,
        row.at,
        unhappy=is_unhappy(row.satisfied, row.solved),
        broken=row.result == CallbackResult.CANCELLED and row.reason is not None,
    )
