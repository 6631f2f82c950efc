"""What holds of tickets at any time, whoever did what to them: looked at from outside, over the whole record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.calls.orders import PLACE_CALL
from models.ledger import GENESIS, chained
from models.verify import verify
from routing.workflow import ENDED
from tests.workflow.record import breaches
from tests.workflow.working import CountingGateway

Rows = list[dict[str, Any]]
_ENDED = {status.value for status in ENDED}


@dataclass
class Watch:
    """``tickets``: their numbers. ``amended``: since the last look, which may move the citizen's due earlier."""

    tickets: tuple[str, ...] = ()
    amended: bool = False
    citizen: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    """Ticket → start and due of the citizen's clock when last seen."""
    versions: dict[int, int] = field(default_factory=dict)

    async def look(self, sessions: async_sessionmaker[AsyncSession], now: datetime) -> None:
        """AssertionError: something does not hold."""
        async with sessions() as db:
            faults = await breaches(db)
            assert not faults, faults
            tickets = await _rows(db, "SELECT * FROM tickets ORDER BY id")
            events = await _rows(db, "SELECT * FROM ticket_events ORDER BY ticket_id, seq")
            holdings = await _rows(db, "SELECT * FROM holdings ORDER BY id")
            clocks = await _rows(db, "SELECT * FROM clocks ORDER BY id")
        for ticket in tickets:
            mine = {"events": events, "holdings": holdings, "clocks": clocks}
            of = {name: [row for row in rows if row["ticket_id"] == ticket["id"]] for name, rows in mine.items()}
            self._versions(ticket)
            _story(ticket, of["events"])
            _one_holder(ticket, of["holdings"])
            _held_all_the_time(ticket, of["holdings"], of["events"], now)
            self._citizen(ticket, of["clocks"])
            _nothing_twice(of["events"])
        self.amended = False

    def _versions(self, ticket: dict[str, Any]) -> None:
        assert ticket["version"] >= self.versions.get(ticket["id"], 1)
        self.versions[ticket["id"]] = ticket["version"]

    def _citizen(self, ticket: dict[str, Any], clocks: Rows) -> None:
        """One clock, begun once with acceptance; its due only ever moves away."""
        mine = [clock for clock in clocks if clock["family"] == "citizen"]
        assert len(mine) <= 1
        for clock in mine:
            assert clock["started_at"] == ticket["created_at"]
            started, due = self.citizen.get(ticket["id"], (clock["started_at"], clock["due"]))
            assert clock["started_at"] == started
            assert clock["due"] >= due or self.amended, "the citizen's due came nearer"
            self.citizen[ticket["id"]] = (clock["started_at"], clock["due"])

    async def at_rest(
        self, sessions: async_sessionmaker[AsyncSession], gateway: CountingGateway, *, killed: int
    ) -> None:
        """When the worker has done its work: every message is delivered, once."""
        async with sessions() as db:
            faults = [(check.name, check.examples) for check in await verify(db) if check.breaches]
            assert not faults, faults
        async with sessions() as db:
            messages = await _rows(db, "SELECT * FROM messages")
            jobs = await _rows(db, "SELECT * FROM outbox WHERE done_at IS NULL")
        delivered, offers = gateway.delivered, gateway.offers
        assert set(delivered.values()) <= {1}, "delivered twice"
        assert {row["id"] for row in messages if row["state"] == "sent"} == set(delivered)
        assert [job for job in jobs if job["topic"] != PLACE_CALL] == []
        assert {row["state"] for row in messages} <= {"sent", "cancelled"}
        again = sum(count - 1 for count in offers.values())
        assert again <= killed, "offered again though no worker died"


async def _rows(db: AsyncSession, query: str) -> Rows:
    return [dict(row) for row in (await db.execute(text(query))).mappings()]


def _moves(events: Rows) -> list[tuple[datetime, int, int]]:
    """(at, from, to) of the events that tell of a step."""
    return [
        (event["at"], event["payload"]["from"], event["payload"]["to"])
        for event in events
        if "from" in event["payload"] and "to" in event["payload"]
    ]


def _story(ticket: dict[str, Any], events: Rows) -> None:
    """Each event begins where the one before has ended; the last one tells what the ticket is."""
    moves = _moves(events)
    for (_, _, to), (_, begins, _) in pairwise(moves):
        assert begins == to, events
    if moves:
        assert ticket["status"] == moves[-1][2]
    before = GENESIS
    for number, event in enumerate(events, 1):
        entry = {name: event[name] for name in ("ticket_id", "seq", "kind", "actor", "at", "payload")}
        assert (event["seq"], event["prev_hash"], event["hash"]) == (number, before, chained(before, entry))
        before = event["hash"]


def _one_holder(ticket: dict[str, Any], holdings: Rows) -> None:
    live = [holding for holding in holdings if holding["ended_at"] is None]
    assert len(live) == (0 if ticket["status"] in _ENDED else 1)


def _held_all_the_time(ticket: dict[str, Any], holdings: Rows, events: Rows, now: datetime) -> None:
    """The holders' times add up to the wall's, from acceptance until now, less what it was closed."""
    held = sum(((row["ended_at"] or now) - row["started_at"] for row in holdings), timedelta(0))
    closed, since = timedelta(0), None
    for at, begins, to in _moves(events):
        if begins not in _ENDED and to in _ENDED:
            since = at
        elif begins in _ENDED and to not in _ENDED:
            assert since is not None
            closed, since = closed + (at - since), None
    if since is not None:
        closed += now - since
    assert held == now - ticket["created_at"] - closed


def _nothing_twice(events: Rows) -> None:
    """No warning twice about one due of one clock; no level of a supervision and no notice twice by itself."""
    said = [event for event in events if event["actor"] == "system" and "clock_id" in event["payload"]]
    warned = Counter((event["kind"], event["payload"]["clock_id"], event["payload"]["due"]) for event in said)
    assert set(warned.values()) <= {1}, warned
    assert sum(event["kind"] == "circulate" for event in events) <= 1
    level = 0
    for event in events:
        if event["kind"] in {"escalate", "supervise"}:
            assert event["payload"]["level"] > level, "the same level twice"
            level = event["payload"]["level"]
        elif event["kind"] == "lift_supervision":
            level = 0
        elif event["payload"].get("supervision"):  # opened by what a citizen said
            level = event["payload"]["supervision"]
