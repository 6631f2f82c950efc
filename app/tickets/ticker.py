"""The ticker: whatever running clocks bring about by themselves, in the order of time, each rung once.

Any number of them may run at once, in any number of processes. A rung, its event and the clock's next rung are one
transaction under the ticket's lock; one that dies on the way has done nothing, and the next one finds the clock due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.metrics import CLOCK_RUNGS
from app.tickets.acting import Due, Outcome, act_on, put_off
from app.tickets.marking import claim, claim_one, mark
from app.tickets.rungs import Climbed, DueTicket
from models.codes import TicketEventKind
from models.session import is_outage
from routing.rulebook import Rulebook

log = structlog.get_logger(__name__)

_AT_ONCE = 50
"""Tickets on which the system acts in one transaction; people who want one of them wait for it that long."""


@dataclass(slots=True)
class Ticked:
    """What one round did."""

    tickets: int = 0
    """Claimed: each had a clock that was due and was nobody else's at that moment."""
    marked: int = 0
    """Rungs that warn."""
    acted: int = 0
    refused: int = 0
    """Rungs that are over because the ticket's state has changed."""
    failed: int = 0
    """Put off after a fault."""

    @property
    def moved(self) -> int:
        """Rungs that are behind us; 0: there is nothing to do (or others do it)."""
        return self.marked + self.acted + self.refused + self.failed


Done = list[tuple[DueTicket, Climbed]]


async def tick(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, now: datetime, *, limit: int = 500
) -> Ticked:
    """One round over at most ``limit`` clocks that are due at ``now``: all warnings, then one action a ticket.

    What is due after an action on the same ticket, or beyond the limit, is for the next round (see catch_up).

    Raises: when the database cannot be reached (is_outage).
    """
    ticked = Ticked()
    done = await _marks(sessions, book, now, limit, ticked)
    due = [(ticket.id, climbed.to_act.id) for ticket, climbed in done if climbed.to_act is not None]
    for first in range(0, len(due), _AT_ONCE):
        await _act(sessions, book, due[first : first + _AT_ONCE], now, ticked)
    return ticked


async def catch_up(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, now: datetime, *, limit: int = 500
) -> Ticked:
    """Rounds until nothing is due any more."""
    total = Ticked()
    while (ticked := await tick(sessions, book, now, limit=limit)).moved:
        for name in ("tickets", "marked", "acted", "refused", "failed"):
            setattr(total, name, getattr(total, name) + getattr(ticked, name))
    return total


async def _marks(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, now: datetime, limit: int, ticked: Ticked
) -> Done:
    ids: list[int] = []
    try:
        async with sessions() as db:
            ids = await claim(db, now, limit)
            done = await mark(db, book, ids, now)
            await db.commit()
    except Exception as error:
        if is_outage(error) or not ids:
            raise
        done = await _one_by_one(sessions, book, ids, now, ticked)  # one of them is at fault, not all
    ticked.tickets += len(ids)
    for ticket, climbed in done:
        ticked.marked += len(climbed.taken)
        for deed in climbed.taken:
            CLOCK_RUNGS.labels(deed.value, Outcome.DONE.value).inc()
        if any(kind is TicketEventKind.ALARMED for kind, _ in climbed.events):
            log.warning("urgent_ticket_waits", ticket=ticket.no, status=ticket.status)
    return done


async def _one_by_one(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, ids: list[int], now: datetime, ticked: Ticked
) -> Done:
    done: Done = []
    for number in ids:
        try:
            async with sessions() as db:
                one = await mark(db, book, await claim_one(db, number), now)
                await db.commit()
            done += one
        except Exception as error:
            if is_outage(error):
                raise
            await _put_off(sessions, book, number, None, now, error, ticked)
    return done


async def _act(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, due: list[Due], now: datetime, ticked: Ticked
) -> None:
    try:
        outcomes = await act_on(sessions, book, due, now)
    except Exception as error:
        if is_outage(error):
            raise
        if len(due) == 1:
            await _put_off(sessions, book, *due[0], now, error, ticked)
            return
        for one in due:  # one of them is at fault, not all
            await _act(sessions, book, [one], now, ticked)
        return
    for outcome, deed in outcomes:
        ticked.acted += outcome is Outcome.DONE
        ticked.refused += outcome is Outcome.REFUSED
        if deed is not None:
            CLOCK_RUNGS.labels(deed.value, outcome.value).inc()


async def _put_off(
    sessions: async_sessionmaker[AsyncSession],
    book: Rulebook,
    ticket_id: int,
    clock_id: int | None,
    now: datetime,
    error: Exception,
    ticked: Ticked,
) -> None:
    ticked.failed += 1
    CLOCK_RUNGS.labels("any", Outcome.FAILED.value).inc()
    await put_off(sessions, book, ticket_id, clock_id, now, error)
