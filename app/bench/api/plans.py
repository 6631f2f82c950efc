"""The hottest queries under the same turns as the load, and PostgreSQL's plans for them."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from litestar import Litestar
from sqlalchemy import event

from app.bench.api.acting import Workers
from app.bench.api.creating import Agents
from app.bench.api.http import Answer
from app.bench.api.inbox import Lookers
from app.bench.api.people import sign_all_in
from app.bench.api.reading import Readers
from app.bench.api.sample import draw
from app.bench.stories import words
from app.main import create_app
from app.settings import AppSettings
from app.tickets.numbers import NumberStock
from app.tickets.rulebook import read_rulebook
from models.direct import Direct

_HOTTEST = 10
_TIMES = 100
"""Requests of each kind."""
_ASIDES = ("EXPLAIN", "SELECT set_config")
_HOUSEKEEPING = re.compile(r"(Index Searches|Storage|Heap Fetches|Cache |Hits|Sort Method|Planning:|Heap Blocks)")
_LIST = re.compile(r"'\{[^}']{40,}\}'")


@dataclass(slots=True)
class Query:
    """A statement with what it took, and the values of one time it was slow."""

    statement: str
    times: list[float] = field(default_factory=list)
    values: Any = None

    def add(self, seconds: float, values: Any) -> None:
        """Once more. The values kept are of the slowest time."""
        if not self.times or seconds >= max(self.times):
            self.values = values
        self.times.append(seconds)


class Inside:
    """Asks an app in this process instead of a server, as :class:`Browser` does."""

    def __init__(self, app: Litestar) -> None:
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench.test")  # type: ignore[arg-type]

    async def ask(
        self, method: str, target: str, cookie: str, *, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request."""
        got = await self._client.request(method, target, json=body, headers={**(headers or {}), "Cookie": cookie})
        return Answer(got.status_code, {name.lower(): value for name, value in got.headers.items()}, got.content)


class Queries:
    """What was asked of the database, by statement."""

    def __init__(self) -> None:
        self._of: dict[str, Query] = {}

    def note(self, statement: str, values: Any, seconds: float) -> None:
        """Once more; what only prepares another question is left out."""
        if not statement.lstrip().startswith(_ASIDES):
            self._of.setdefault(statement, Query(statement)).add(seconds, values)

    def hottest(self) -> list[Query]:
        """Those that took most in all."""
        return sorted(self._of.values(), key=lambda query: -sum(query.times))[:_HOTTEST]


class _Watched(Direct):
    """Single statements whose times are noted."""

    def __init__(self, url: str, queries: Queries) -> None:
        super().__init__(url)
        self._queries = queries

    async def rows(self, query: str, values: Mapping[str, Any]) -> list[Any]:
        started = time.perf_counter()
        found = await super().rows(query, values)
        self._queries.note(query, values, time.perf_counter() - started)
        return found


def watched(settings: AppSettings, url: str) -> tuple[Litestar, Queries]:
    """The web app, in this process, and what it asks."""
    app, queries = create_app(settings), Queries()
    engine = app.state.sessions.kw["bind"].sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def begin(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001
        context.bench_started = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def end(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001
        queries.note(statement, parameters, time.perf_counter() - context.bench_started)

    app.state.direct = _Watched(url, queries)
    app.state.ticket_numbers = NumberStock(app.state.direct)
    return app, queries


async def told_plans(url: str, folder: Path, settings: AppSettings, sample: int, now: datetime) -> str:
    """The ten hottest queries of all kinds of requests, one request after the other, with their plans, as text."""
    people = await sign_all_in(url, now)
    drawn = draw(url, people, sample)
    readers, lookers = Readers(people, drawn), Lookers(people, now)
    agents = Agents(people, words(read_rulebook(settings), settings.examples_dir, 200, seed=9), f"plans{now:%s}")
    workers = Workers(url, people, sample)
    app, queries = watched(settings.model_copy(update={"data_dir": folder / "data", "database_url": url}), url)
    inside, chance = Inside(app), random.Random(7)  # noqa: S311  (a load, no secret)
    for _ in range(_TIMES):
        for turn in (lookers.page, readers.ticket, readers.actions, agents.create, workers.act):
            await turn(inside, chance)  # type: ignore[arg-type]
    await app.state.direct.close()
    await app.state.sessions.kw["bind"].dispose()
    lines = []
    with psycopg.connect(url) as db:
        for number, query in enumerate(queries.hottest(), 1):
            times = sorted(query.times)
            took = f"median {times[len(times) // 2] * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms"
            statement = " ".join(query.statement.split())
            lines += [f"## {number}. {len(times)} times, {took}", "", "```sql", statement, "```"]
            lines += ["", "```", *short(plan_of(db, query)), "```", ""]
    return "\n".join(lines)


def plan_of(db: psycopg.Connection[Any], query: Query) -> list[str]:
    """EXPLAIN (ANALYZE, BUFFERS), undone afterwards."""
    with db.transaction(force_rollback=True):
        rows = db.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {query.statement}", query.values).fetchall()
    return [str(row[0]) for row in rows]


def short(plan: list[str]) -> list[str]:
    """Without what was never executed, what each node says of its own housekeeping, and long lists of codes."""
    kept, skipped = [], -1
    for number, line in enumerate(plan):
        depth = len(line) - len(line.lstrip())
        if 0 <= skipped < depth:
            continue
        skipped = -1
        if "(never executed)" in line:
            skipped = depth
        elif not _HOUSEKEEPING.match(line.lstrip()) and (number <= 1 or "Buffers:" not in line):
            kept.append(_LIST.sub("{…}", line))
    return kept
