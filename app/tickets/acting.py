"""What the system itself does when a rung is reached: one action on one ticket, in a transaction of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.tickets.actions import act_on_locked
from app.tickets.body import ActionBody
from app.tickets.clockwork import arm, course_of
from app.tickets.party import SYSTEM
from models.codes import ClockKind
from models.session import place_of
from models.ticket import Clock, Ticket
from models.workflow_codes import TicketAction
from routing.calendar.limit import Limit
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


async def act_on(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, ticket_id: int, clock_id: int, now: datetime
) -> tuple[Outcome, Deed | None]:
    """Take the one rung that is due on this clock, with all that comes of it, or none of it.

    Raises: only what is no fault of the ticket's (see models.session.is_outage).
    """
    async with sessions() as db:
        found = await _lock(db, ticket_id, clock_id, now)
        if found is None:
            return Outcome.PASSED, None
        ticket, clock = found
        deed = deeds_of(ClockKind.of(clock.kind))[clock.stage]
        order = order_of(deed, ClockKind.of(clock.kind), ticket.supervise_level, book)
        try:
            if order is not None:
                await act_on_locked(db, book, ticket, *order, SYSTEM, now)
        except RefusedError:
            await db.rollback()
        else:
            step_up(clock, ticket, book)
            await db.commit()
            return (Outcome.DONE if order else Outcome.REFUSED), deed
    async with sessions() as db:  # the state has changed: the rung is over
        found = await _lock(db, ticket_id, clock_id, now)
        if found is not None:
            step_up(found[1], found[0], book)
            await db.commit()
    return Outcome.REFUSED, deed


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


async def _lock(db: AsyncSession, ticket_id: int, clock_id: int, now: datetime) -> tuple[Ticket, Clock] | None:
    """Both, ours until the end of the transaction; None: another has the ticket, or the rung is not due any more."""
    query = select(Ticket).filter_by(id=ticket_id).with_for_update(skip_locked=True)
    ticket = (await db.execute(query)).scalar_one_or_none()
    if ticket is None:
        return None
    clock = await db.get(Clock, clock_id)
    if clock is None or clock.stopped_at is not None or clock.next_at is None or clock.next_at > now:
        return None
    if clock.stage >= len(deeds_of(ClockKind.of(clock.kind))):
        return None
    return ticket, clock


def step_up(clock: Clock, ticket: Ticket, book: Rulebook) -> None:
    """The rung is taken; nothing follows on a clock that has stopped."""
    if clock.stopped_at is None:
        clock.stage += 1
        arm(clock, book, urgent=book.is_urgent(ticket.profile))
