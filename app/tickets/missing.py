"""Clocks that could not be started because the calendar did not know the year: started once it does.

Each counts from when it was wanted: the citizen's from acceptance, the unit's from its dispatch, a review's from the
request. They are the ones that would run now, had the year been known: whatever has been stopped meanwhile is not
waited for any more (app.tickets.clockwork).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col

from app.clock import local_iso
from app.tickets.clocks_of_step import holder_of_clock
from app.tickets.clockwork import PAUSED_WITH_THE_TICKET, Clockwork
from app.tickets.facts import Present, read_present
from app.tickets.helpers import helper_due
from app.tickets.party import SYSTEM
from models.codes import ClockKind, TicketEventKind, TicketStatus
from models.ledger import append_ticket_event
from models.ticket import Clock, Ticket
from routing.assess import Router
from routing.errors import CalendarError
from routing.limits import NOT_TIMED
from routing.rulebook import Rulebook

_BATCH = 200
_FROM_ACCEPTANCE = frozenset({ClockKind.CITIZEN, ClockKind.DISPATCH})
_WANTED = text(
    "SELECT at FROM ticket_events WHERE ticket_id = :id AND payload #> '{clocks,missing}' ? :kind "
    "ORDER BY seq DESC LIMIT 1"
)
_ACCEPTED = text("SELECT ended_at FROM calls WHERE id = :call_id")
_STANDS = text("SELECT started_at FROM pauses WHERE ticket_id = :id AND ended_at IS NULL")


async def start_missing_clocks(
    db: async_sessionmaker[AsyncSession], router: Router, now: datetime, *, after: int = 0
) -> int:
    """Start the clocks of open tickets that could not be computed before and can be now, each in a transaction.

    Looks at one batch; its last ticket's id, to go on ``after``, or 0 when that was the last.
    """
    async with db() as session:
        query = (
            select(col(Ticket.id))
            .where(text("missing_clocks <> '{}'"), col(Ticket.id) > after, col(Ticket.status) < TicketStatus.CLOSED)
            .order_by(col(Ticket.id))
            .limit(_BATCH)
        )
        found = [number for number in (await session.execute(query)).scalars() if number is not None]
    for number in found:
        async with db() as session:
            if await _start_missing(session, router.book, number, now):
                await session.commit()
    return found[-1] if len(found) == _BATCH else 0


async def _start_missing(db: AsyncSession, book: Rulebook, number: int, now: datetime) -> bool:
    locked = select(Ticket).filter_by(id=number).with_for_update(skip_locked=True)
    ticket = (await db.execute(locked)).scalar_one_or_none()
    if ticket is None or not ticket.missing_clocks:  # another worker has it, or had it
        return False
    present = await read_present(db, ticket, now)
    work = Clockwork(db, ticket, list(present.clocks), book, now)
    before, waiting, faults = list(ticket.missing_clocks), [], []
    adjusted: dict[str, object] = {}
    for kind in (ClockKind.of(name) for name in before):
        try:
            done = await _adjust(work, kind, adjusted) or await _start(work, kind, present)
        except CalendarError as error:
            done = False
            faults.append(f"{NOT_TIMED}{error.message}")
        if not done:
            waiting.append(kind.value)
    if waiting == before:
        return False
    ticket.missing_clocks = waiting
    _fill_in(ticket, work)
    ticket.confirm = [
        *(reason for reason in ticket.confirm if not reason.startswith(NOT_TIMED)), *dict.fromkeys(faults)
    ]  # fmt: skip
    ticket.updated_at = now
    ticket.version += 1
    payload = {"started": work.told.get("started", {}), "adjusted": adjusted, "missing": list(ticket.missing_clocks)}
    await append_ticket_event(db, number, TicketEventKind.CLOCKS_STARTED, SYSTEM.name, now, payload, locked=True)
    return True


async def _adjust(work: Clockwork, kind: ClockKind, adjusted: dict[str, object]) -> bool:
    """One that runs by the city's default limit gets its own. False: none runs."""
    clock = work.live(kind)
    limit = work.book.limit_of(kind, work.ticket.profile)
    if clock is None or clock.ref is not None or limit is None:
        return False
    old, due = clock.due, work.book.due(limit, clock.started_at)
    clock.limit = limit
    work.move(clock, due, "classified")
    work.rearm(clock)
    if due != old:
        adjusted[kind.value] = {"from": local_iso(old), "to": local_iso(due)}
    return True


async def _start(work: Clockwork, kind: ClockKind, present: Present) -> bool:
    """True: it runs, or there is no such clock. False: it has to wait for another reason."""
    ticket, book = work.ticket, work.book
    if kind is ClockKind.CO:
        return _start_helpers(work, present)
    if kind is ClockKind.FINISH and ticket.status == TicketStatus.REPLY_REVIEW:
        return False  # it would stand still while the hotline has the reply
    level = present.supervision.level if present.supervision is not None else None
    if kind is ClockKind.SUPERVISION and level is None:
        return True
    limit = book.limit_of(kind, ticket.profile, level=level or 1, rework=ticket.status == TicketStatus.REWORK)
    if limit is None:
        return True
    since = await _since(work, kind, present)
    clock = work.start(kind, limit=limit, holder=holder_of_clock(kind, ticket, book), since=since)
    if clock is None:
        book.due(limit, since)  # tells why
        return False
    if kind is ClockKind.SUPERVISION and present.supervision is not None:
        present.supervision.due = clock.due
    await _stand_still(work, clock, present)
    return True


def _start_helpers(work: Clockwork, present: Present) -> bool:
    """Each helper that has none: due before the lead, which must be known first."""
    lead, limit = work.live(ClockKind.FINISH), work.book.limit_of(ClockKind.CO, work.ticket.profile)
    for helper in present.helpers:
        if work.live(ClockKind.CO, helper.id) is not None:
            continue
        helper.due = helper.due or helper_due(lead.due if lead else None, helper.started_at, work.book)
        if helper.due is None:
            return False
        work.start(
            ClockKind.CO, limit=limit, holder=helper.unit, ref=helper.id, due=helper.due, since=helper.started_at
        )
    return True


async def _since(work: Clockwork, kind: ClockKind, present: Present) -> datetime:
    """When it was wanted."""
    ticket = work.ticket
    if kind is ClockKind.SUPERVISION and present.supervision is not None:
        return present.supervision.started_at
    asked = await work.db.execute(_WANTED, {"id": ticket.id, "kind": kind.value})
    wanted: datetime | None = asked.scalar_one_or_none()
    if wanted is not None and kind is not ClockKind.CITIZEN:
        return wanted
    if kind not in _FROM_ACCEPTANCE and ticket.dispatch_count > 1 and ticket.dispatched_at is not None:
        return ticket.dispatched_at
    call = await work.db.execute(_ACCEPTED, {"call_id": ticket.call_id})
    ended: datetime | None = call.scalar_one_or_none()
    return ended or ticket.created_at


async def _stand_still(work: Clockwork, clock: Clock, present: Present) -> None:
    """What pauses the ticket pauses it too, from when on it did (or from its own start)."""
    if present.paused is None or ClockKind.of(clock.kind) not in PAUSED_WITH_THE_TICKET:
        return
    since = (await work.db.execute(_STANDS, {"id": work.ticket.id})).scalar_one()
    clock.paused = [{"from": max(since, clock.started_at).isoformat(), "reason": present.paused.value}]
    clock.next_at = None


def _fill_in(ticket: Ticket, work: Clockwork) -> None:
    """What hangs on the same years: the ticket's own dues, and until when it may be returned."""
    started = work.told.get("started", {})
    work.settle()
    if ticket.due is None:
        ticket.due = ticket.citizen_due
    fresh = ticket.status == TicketStatus.SIGN and not ticket.designated and ticket.return_until is None
    if fresh and ClockKind.FINISH in started and ticket.dispatched_at is not None:
        try:
            ticket.return_until = work.book.return_until(ticket.profile, ticket.urgency, ticket.dispatched_at)
        except CalendarError:
            return
