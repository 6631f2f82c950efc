"""After a change of the calendar: the dues of open tickets again, batch by batch; doing it twice changes nothing.

What a notice changes is counted from the clock's start, with all that has moved it since (routing.calendar.replay).
The old due is kept in the clock's history, the ticket's event says what moved. Only open tickets (domain.md §3.1,
rule 8), only clocks in working time; a due never moves to where it has passed already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col

from app.tickets.clockwork import Clockwork
from app.tickets.counting_again import CALENDAR, Recount, recount
from app.tickets.facts import read_presents
from app.tickets.party import SYSTEM
from models.codes import ClockKind, TicketEventKind
from models.ledger import append_ticket_events
from models.ticket import Ticket
from routing.rulebook import Rulebook
from routing.workflow import ENDED

TOPIC = "recalculate"
"""Of the outbox; see app.jobs.recalculation."""
BATCH = 100
_BEYOND = timedelta(days=20)
"""The longest rung of a ladder beyond a due (通报 after five working days), with the longest holiday in it."""

_CANDIDATES = text(
    "SELECT DISTINCT ticket_id FROM clocks WHERE stopped_at IS NULL AND ticket_id > :after "
    "AND (\"limit\" LIKE '%wd' OR \"limit\" LIKE '%wh' OR kind = 'finish' OR next_at IS NULL) "
    "AND (next_at IS NULL OR ((CAST(:since AS timestamptz) IS NULL OR due >= :since) "
    "AND (CAST(:until AS timestamptz) IS NULL OR started_at <= :until))) "
    "ORDER BY ticket_id LIMIT :limit"
)
_CHOSEN = text(
    "SELECT s.id FROM sub_dispatches s JOIN ticket_events e ON e.ticket_id = s.ticket_id AND e.kind = 'sub_dispatch' "
    "AND e.at = s.started_at WHERE s.ended_at IS NULL AND s.ticket_id = ANY(CAST(:ids AS bigint[])) "
    "AND e.payload ? 'until'"
)
_UNTIL = text(
    "UPDATE pauses SET until = :until WHERE ticket_id = :id AND ended_at IS NULL AND reason = 'wait_info' "
    "AND started_at <= :until"
)


@dataclass(slots=True)
class Recalculated:
    """What one batch did (or would do). ``last``: the ticket to go on after; 0: that was the last batch."""

    looked_at: int = 0
    moved: list[dict[str, Any]] = field(default_factory=list)
    """Ticket's number, clock, from, to."""
    tickets: int = 0
    """On which something moved."""
    kept: int = 0
    unknown: int = 0
    last: int = 0

    def add(self, other: Recalculated) -> None:
        """Sum up."""
        self.looked_at += other.looked_at
        self.moved += other.moved
        self.tickets += other.tickets
        self.kept += other.kept
        self.unknown += other.unknown


async def recalculate(
    sessions: async_sessionmaker[AsyncSession],
    book: Rulebook,
    now: datetime,
    *,
    after: int = 0,
    days: tuple[date, date] | None = None,
    dry_run: bool = False,
    limit: int = BATCH,
) -> Recalculated:
    """One batch of open tickets, the next ``limit`` after this id.

    ``days``: the first and last day of which the calendar has changed; None: it may have changed everywhere.
    """
    async with sessions() as db:
        ids = list((await db.execute(_CANDIDATES, {"after": after, "limit": limit, **_reach(days, book)})).scalars())
    total = Recalculated(last=ids[-1] if len(ids) == limit else 0)
    left = await _batch(sessions, book, ids, now, total, dry_run=dry_run, wait=False)
    for number in left:  # somebody had it in hand; one at a time, so that nobody waits for two
        await _batch(sessions, book, [number], now, total, dry_run=dry_run, wait=True)
    return total


def _reach(days: tuple[date, date] | None, book: Rulebook) -> dict[str, datetime | None]:
    if days is None:
        return {"since": None, "until": None}
    midnight = datetime.min.time()
    first, last = (datetime.combine(day, midnight, book.calendar.zone) for day in days)
    return {"since": first - _BEYOND, "until": last + timedelta(days=1)}


async def _batch(
    sessions: async_sessionmaker[AsyncSession],
    book: Rulebook,
    ids: Sequence[int],
    now: datetime,
    total: Recalculated,
    *,
    dry_run: bool,
    wait: bool,
) -> list[int]:
    """Recount these tickets in one transaction; those that somebody has in hand, unless we ``wait``."""
    if not ids:
        return []
    async with sessions() as db:
        query = select(Ticket).where(col(Ticket.id).in_(ids)).order_by(col(Ticket.id))
        found = (await db.execute(query.with_for_update(skip_locked=not wait))).scalars().all()
        tickets = [ticket for ticket in found if ticket.status not in ENDED]
        presents = await read_presents(db, tickets, now) if tickets else {}
        locked = {ticket.id for ticket in found}
        numbers = [ticket.id for ticket in tickets]
        chosen = frozenset((await db.execute(_CHOSEN, {"ids": numbers})).scalars()) if numbers else frozenset()
        events = []
        for ticket in tickets:
            assert ticket.id is not None
            present = presents[ticket.id]
            work = Clockwork(db, ticket, list(present.clocks), book, now)
            done = recount(work, present, chosen)
            total.looked_at += 1
            total.kept += done.kept
            total.unknown += done.unknown
            if done.moved:
                events.append((ticket.id, TicketEventKind.RECALCULATED, await _note(work, done, now)))
                total.tickets += 1
                total.moved += [{"no": ticket.no, **moved} for moved in done.moved]
        if dry_run:
            await db.rollback()
        else:
            await db.flush()
            await append_ticket_events(db, events, SYSTEM.name, now)
            await db.commit()
    return [number for number in ids if number not in locked]


async def _note(work: Clockwork, done: Recount, now: datetime) -> dict[str, Any]:
    """The ticket's own fields, and what its event says."""
    work.settle()
    work.ticket.version += 1
    work.ticket.updated_at = now
    waiting = work.live(ClockKind.WAIT_INFO)
    if waiting is not None:
        await work.db.execute(_UNTIL, {"until": waiting.due, "id": work.ticket.id})
    return {"why": CALENDAR, "moved": done.moved}
