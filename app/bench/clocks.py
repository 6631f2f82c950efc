"""``hotline bench clocks``: many clocks due at once among a million open tickets, worked off by real workers."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from app.bench.load import load_tickets
from app.bench.stories import OPEN_MIX
from app.clock import CITY_ZONE
from app.tickets.marking import CLAIM
from models.codes import TicketStatus
from models.ledger import first_break
from routing.rulebook import Rulebook

NOW = datetime(2026, 11, 25, 15, 0, tzinfo=CITY_ZONE)
"""An ordinary Wednesday: what was due at office close on Tuesday is past its grace of two working hours."""
_SAMPLE = 1000

_CHOOSE = (
    "UPDATE clocks c SET {change} FROM (SELECT id FROM tickets t WHERE t.status = %(status)s "
    "AND t.profile IN ('N5', 'N10', 'Q') AND t.id > %(after)s ORDER BY t.id LIMIT %(count)s) t "
    "WHERE c.ticket_id = t.id AND c.kind = ANY(%(kinds)s) AND c.stopped_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Tickets that are due alike: ``clocks`` of each, and the events that must come of each, once."""

    name: str
    share: float
    """Of all due clocks."""
    status: TicketStatus
    kinds: tuple[str, ...]
    change: str
    events: tuple[str, ...]


_YELLOW, _RED = "next_at = %(now)s", "stage = 1, due = %(now)s, next_at = %(now)s"
COHORTS = (
    Cohort("yellow", 0.4, TicketStatus.HANDLING, ("finish", "citizen"), _YELLOW, ("warn", "warn")),
    Cohort("red", 0.4, TicketStatus.HANDLING, ("finish", "citizen"), _RED, ("overdue", "overdue", "urge")),
    Cohort("contact_yellow", 0.1, TicketStatus.SIGN, ("contact",), _YELLOW, ("warn",)),
    Cohort(
        "auto_sign",
        0.05,
        TicketStatus.SIGN,
        ("sign",),
        "stage = 2, started_at = %(now)s - interval '2 days', due = date_trunc('day', %(now)s AT TIME ZONE "
        "'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai' - interval '6 hours', next_at = %(now)s",
        ("auto_sign",),
    ),
    Cohort("archive", 0.05, TicketStatus.CLOSED, ("archive",), "due = %(now)s, next_at = %(now)s", ("archive",)),
)


def measure(
    url: str, book: Rulebook, examples: Path, *, open_tickets: int, due: int, workers: int, limit: int
) -> dict[str, Any]:
    """Load, make due, let the workers run, look whether each was acted on exactly once."""
    closed = max(due * COHORTS[-1].share * 2, open_tickets / 500)  # and some that wait for the archive
    mix = {**OPEN_MIX, TicketStatus.CLOSED: closed / open_tickets}
    count = round(open_tickets + closed)
    loaded = load_tickets(url, book, examples, count, now=NOW, mix=mix, searchable=False)
    with psycopg.connect(url) as db:
        opened = _one(db, "SELECT count(*) FROM tickets WHERE status < 80")
    return {"open": opened, "load_s": loaded.seconds, **run(url, due=due, workers=workers, limit=limit)}


def run(url: str, *, due: int, workers: int, limit: int) -> dict[str, Any]:
    """The measurement on a loaded database."""
    with psycopg.connect(url, autocommit=True) as db:
        wanted = _make_due(db, due)
        mark = _one(db, "SELECT max(id) FROM ticket_events")
        made = _one(db, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL AND next_at <= %s", NOW)
        plan = _plan(db, limit)
    told, seconds = _race(url, workers, limit)
    with psycopg.connect(url) as db:
        return {
            "due": made,
            "workers": workers,
            "seconds": round(seconds, 3),
            "per_s": round(made / seconds),
            "each": told,
            **_check(db, mark, wanted),
            "claim": plan,
        }


def _one(db: psycopg.Connection[Any], query: str, *values: Any) -> Any:
    row = db.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def _make_due(db: psycopg.Connection[Any], due: int) -> dict[str, int]:
    """Make the cohorts due now; how many events of each kind must come of it."""
    wanted: dict[str, int] = {}
    after = {cohort.status: 0 for cohort in COHORTS}
    for cohort in COHORTS:
        tickets = round(due * cohort.share / len(cohort.kinds))
        values = {"now": NOW, "status": cohort.status.value, "count": tickets, "kinds": list(cohort.kinds)}
        values["after"] = after[cohort.status]
        changed = db.execute(_CHOOSE.format(change=cohort.change) + " RETURNING c.ticket_id", values)
        ids = [row[0] for row in changed]
        after[cohort.status] = max(ids, default=0)
        for event in cohort.events:
            wanted[event] = wanted.get(event, 0) + len(set(ids))
        if cohort.name == "red":
            db.execute("UPDATE tickets SET due = %s, citizen_due = %s WHERE id = ANY(%s)", (NOW, NOW, ids))
    db.execute("VACUUM ANALYZE clocks, tickets")
    db.execute("CHECKPOINT")
    return wanted


def _race(url: str, workers: int, limit: int) -> tuple[list[dict[str, Any]], float]:
    """Seconds from the start signal until the last worker found nothing to do any more."""
    command = [sys.executable, "-m", "app.bench.clock_worker", url, NOW.isoformat(), str(limit)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(workers)
    ]
    for worker in running:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    started = time.perf_counter()
    for worker in running:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [msgspec.json.decode(worker.communicate()[0]) for worker in running]
    return told, max(float(each["seconds"]) for each in told) if told else time.perf_counter() - started


def _check(db: psycopg.Connection[Any], mark: int, wanted: dict[str, int]) -> dict[str, Any]:
    found: dict[str, int] = dict(
        db.execute("SELECT kind, count(*) FROM ticket_events WHERE id > %s GROUP BY kind", (mark,)).fetchall()
    )
    twice = _one(
        db,
        "SELECT count(*) FROM (SELECT ticket_id, kind, payload ->> 'clock_id' FROM ticket_events WHERE id > %s "
        "GROUP BY 1, 2, 3 HAVING count(*) > 1) again",
        mark,
    )
    left = _one(db, "SELECT count(*) FROM clocks WHERE stopped_at IS NULL AND next_at <= %s", NOW)
    broken = _broken_chains(db, mark)
    return {
        "events": found,
        "left": left,
        "acted_on_twice": twice,
        "broken_chains": broken,
        "exactly_once": found == wanted and not twice and not left and not broken,
    }


def _broken_chains(db: psycopg.Connection[Any], mark: int) -> int:
    """Of a sample of the tickets that were acted on."""
    rows = db.execute(
        "SELECT ticket_id, seq, kind, actor, at, payload, prev_hash, hash FROM ticket_events WHERE ticket_id IN "
        "(SELECT DISTINCT ticket_id FROM ticket_events WHERE id > %s LIMIT %s) ORDER BY ticket_id, seq",
        (mark, _SAMPLE),
    ).fetchall()
    chains: dict[int, list[Any]] = {}
    for ticket_id, seq, kind, actor, at, payload, prev_hash, digest in rows:
        entry = {"ticket_id": ticket_id, "seq": seq, "kind": kind, "actor": actor, "at": at, "payload": payload}
        chains.setdefault(ticket_id, []).append((seq, prev_hash, digest, entry))
    return sum(first_break(chain) is not None for chain in chains.values())


def _plan(db: psycopg.Connection[Any], limit: int) -> list[str]:
    """How PostgreSQL claims one batch: what it reads grows with what is due, not with what is open."""
    query = str(CLAIM).replace(":now", "%(now)s").replace(":limit", "%(limit)s")
    rows = db.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {query}", {"now": NOW, "limit": limit})
    return [row[0] for row in rows]
