"""The hottest queries under the same turns as the load, and PostgreSQL's plans for them."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
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
from app.bench.api.measure import Turn
from app.bench.api.people import sign_all_in
from app.bench.api.reading import Readers
from app.bench.api.sample import draw
from app.bench.stories import words
from app.main import create_app
from app.settings import AppSettings
from app.tickets.rulebook import read_rulebook

_HOTTEST = 10
_TIMES = 100
"""Requests of each kind."""


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


async def hottest(app: Litestar, turns: Sequence[Turn], times: int) -> list[Query]:
    """Every turn so many times, one after the other; the queries that took most in all."""
    queries: dict[str, Query] = {}
    engine = app.state.sessions.kw["bind"].sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def begin(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001
        context.bench_started = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def end(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: ARG001
        took = time.perf_counter() - context.bench_started
        queries.setdefault(statement, Query(statement)).add(took, parameters)

    inside, chance = Inside(app), random.Random(7)  # noqa: S311  (a load, no secret)
    for _ in range(times):
        for turn in turns:
            await turn(inside, chance)  # type: ignore[arg-type]
    event.remove(engine, "before_cursor_execute", begin)
    event.remove(engine, "after_cursor_execute", end)
    return sorted(queries.values(), key=lambda query: -sum(query.times))[:_HOTTEST]


async def told_plans(url: str, folder: Path, settings: AppSettings, sample: int, now: datetime) -> str:
    """The ten hottest queries of all kinds of requests with their plans, as text."""
    people = await sign_all_in(url, now)
    drawn = draw(url, people, sample)
    readers, lookers = Readers(people, drawn), Lookers(people, now)
    agents = Agents(people, words(read_rulebook(settings), settings.examples_dir, 200, seed=9), f"plans{now:%s}")
    workers = Workers(url, people, sample)
    app = create_app(settings.model_copy(update={"data_dir": folder / "data", "database_url": url}))
    turns = (lookers.page, readers.ticket, readers.actions, agents.create, workers.act)
    found = await hottest(app, turns, _TIMES)
    lines = []
    with psycopg.connect(url) as db:
        for number, query in enumerate(found, 1):
            times = sorted(query.times)
            took = (
                f"{len(times)} times, median {times[len(times) // 2] * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms"
            )
            lines += [f"## {number}. {took}", "", " ".join(query.statement.split()), "", *plan_of(db, query), ""]
    await app.state.sessions.kw["bind"].dispose()
    return "\n".join(lines)


def plan_of(db: psycopg.Connection[Any], query: Query) -> list[str]:
    """EXPLAIN (ANALYZE, BUFFERS), undone afterwards."""
    with db.transaction(force_rollback=True):
        rows = db.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {query.statement}", query.values).fetchall()
    return [str(row[0]) for row in rows]
