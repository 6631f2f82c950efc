"""What the system itself does when a rung is reached: actions of the workflow's table, one a ticket, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col

from app.tickets.actions import step_of, take_many
from app.tickets.body import ActionBody
from app.tickets.clockwork import arm, course_of
from app.tickets.errors import CannotCountError
from app.tickets.facts import Present, read_presents
from app.tickets.party import SYSTEM
from app.tickets.step import Stepping
from models.codes import ClockKind
from models.session import place_of
from models.ticket import Clock, Ticket
from models.workflow_codes import TicketAction
from routing.calendar.limit import Limit
from routing.errors import CalendarError
from routing.ladder import Deed, deeds_of, rung_at
from routing.permits import RefusedError
from routing.rulebook import Rulebook, event_of

log = structlog.get_logger(__name__)

_HIGHEST = 3
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(minutes=15)


class Outcome(StrEnum):
    """What became of a rung."""

    DONE = "done"
    REFUSED = "refused"
    """The table did not allow it: the rung is over."""
    PASSED = "passed"
    """Somebody else has the ticket, or was faster."""
    FAILED = "failed"
    """It is put off."""


Due = tuple[int, int]
"""A ticket and the clock of it that is due."""


async def act_on(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, due: Sequence[Due], now: datetime
) -> list[tuple[Outcome, Deed | None]]:
    """Take the one rung that is due on each of these clocks, in one transaction: all of them, or none.

    A ticket is named once. What is refused by the table is over and hinders none of the others; what raises hinders
    all of them, and is to be tried one by one.
    """
    outcomes: dict[Due, tuple[Outcome, Deed | None]] = {}
    steps: list[tuple[Stepping, Clock]] = []
    async with sessions() as db:
        tickets = {ticket.id: ticket for ticket in await _lock(db, [ticket_id for ticket_id, _ in due])}
        presents = await read_presents(db, list(tickets.values()), now) if tickets else {}
        for one in due:
            ticket, clock = tickets.get(one[0]), _still_due(presents.get(one[0]), one[1], now)
            if ticket is None or clock is None or clock.stage >= len(_deeds(clock, ticket, book)):
                outcomes[one] = Outcome.PASSED, None
                continue
            deed = _deeds(clock, ticket, book)[clock.stage]
            order = order_of(deed, ClockKind.of(clock.kind), ticket.supervise_level, book)
            step = None
            if order is not None:
                with suppress(RefusedError):
                    step = step_of(db, book, ticket, presents[one[0]], *order, SYSTEM, now)
            if step is None:
                step_up(clock, ticket, book)
                outcomes[one] = Outcome.REFUSED, deed
            else:
                steps.append((step, clock))
                outcomes[one] = Outcome.DONE, deed
        try:
            await take_many(db, [step for step, _ in steps], SYSTEM, now)
        except CalendarError as error:
            raise CannotCountError(error.message) from error
        for step, clock in steps:
            step_up(clock, step.ticket, book)
        await db.commit()
    return [outcomes[one] for one in due]


async def _lock(db: AsyncSession, ids: list[int]) -> list[Ticket]:
    """Those that nobody has in hand, ours until the end of the transaction."""
    query = select(Ticket).where(col(Ticket.id).in_(ids)).order_by(col(Ticket.id))
    return list((await db.execute(query.with_for_update(skip_locked=True))).scalars())


def _still_due(present: Present | None, clock_id: int, now: datetime) -> Clock | None:
    """None: somebody else was faster, or the state has changed."""
    clock = next((clock for clock in present.clocks if clock.id == clock_id), None) if present else None
    return clock if clock is not None and clock.next_at is not None and clock.next_at <= now else None


def _deeds(clock: Clock, ticket: Ticket, book: Rulebook) -> tuple[Deed, ...]:
    return deeds_of(ClockKind.of(clock.kind), clock.limit, urgent=book.is_urgent(ticket.profile))


def order_of(deed: Deed, kind: ClockKind, level: int, book: Rulebook) -> tuple[TicketAction, ActionBody] | None:
    """What is to be done on a rung, ``level`` being that of the open supervision. None: nothing, it is the highest."""
    rules = book.city.rules
    if deed is Deed.SUPERVISE:
        late = Limit.parse(rules.escalate_supervise).label
        return TicketAction.ESCALATE, ActionBody(level=1, reason=f"承办单位超期{late}仍未办结，自动督办")
    if deed is Deed.CIRCULATE:
        late = Limit.parse(rules.escalate_circulate).label
        return TicketAction.CIRCULATE, ActionBody(reason=f"承办单位超期{late}仍未办结，予以通报")
    if deed is Deed.RAISE:
        if level >= _HIGHEST:
            return None
        return TicketAction.ESCALATE, ActionBody(level=level + 1, reason=f"督办到期未回复，升为{level + 1}级督办")
    action = event_of(kind)
    assert action is not None
    if action is TicketAction.LAPSE_RETURN and rules.return_silence == "reject":
        return TicketAction.REJECT_RETURN, ActionBody(reason="退单审核逾期，按规定视为不同意退单")
    return action, ActionBody()


async def put_off(
    sessions: async_sessionmaker[AsyncSession],
    book: Rulebook,
    ticket_id: int,
    clock_id: int | None,
    now: datetime,
    error: Exception,
) -> None:
    """A clock (None: each that is due of the ticket) on which something went wrong comes again later, and ever later.

    It waits as long again as it is late by now, between one and fifteen minutes. What went wrong is logged by its
    kind and place only: messages may quote what citizens said.
    """
    async with sessions() as db:
        ticket = (
            await db.execute(select(Ticket).filter_by(id=ticket_id).with_for_update(skip_locked=True))
        ).scalar_one_or_none()
        if ticket is None:
            return
        clocks = await db.execute(select(Clock).filter_by(ticket_id=ticket_id, stopped_at=None))
        for clock in clocks.scalars():
            if clock.next_at is None or clock.next_at > now or clock_id not in {None, clock.id}:
                continue
            rung = rung_at(course_of(clock, urgent=book.is_urgent(ticket.profile)), clock.stage, book)
            late = now - rung.at if rung is not None else _LATEST
            clock.next_at = now + min(max(late, _SOONEST), _LATEST)
            log.error(
                "clock_put_off",
                ticket=ticket.no,
                clock=clock.id,
                kind=clock.kind,
                stage=clock.stage,
                until=clock.next_at.isoformat(),
                error=type(error).__name__,
                id=getattr(error, "id", None),
                where=place_of(error),
            )
        await db.commit()


def step_up(clock: Clock, ticket: Ticket, book: Rulebook) -> None:
    """The rung is taken; nothing follows on a clock that has stopped."""
    if clock.stopped_at is None:
        clock.stage += 1
        arm(clock, book, urgent=book.is_urgent(ticket.profile))
