"""The whole measurement: read, create, act, all at once; what came of it against the goals of design.md §5."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.bench.api.acting import Workers
from app.bench.api.cores import used_by
from app.bench.api.creating import Agents, check
from app.bench.api.http import Answer, Browser
from app.bench.api.inbox import Lookers
from app.bench.api.measure import Figures, Turn, closed, paced, summary
from app.bench.api.plans import told_plans
from app.bench.api.reading import Readers
from app.bench.api.sample import draw
from app.bench.api.stage import Stage, fill, stage
from app.bench.own_database import own_database
from app.bench.stories import words
from app.clock import utc_now
from app.settings import AppSettings
from app.tickets.rulebook import read_rulebook

CREATED_PER_S = 300
PAGE_MS = 50
READS_PER_S = 35
"""Some 700 people at their desks, each opening a page every 20 seconds."""
_CREATES_PER_S = 30
"""Beside them: ten times what comes in on the busiest hour of a city's day."""
_SEATS = 32
_SIGNED_PER_S = 200
"""More than units can sign in a second here, so that they do not run out of work."""
_CREATED = 'hotline_http_request_seconds_count{route="/api/tickets",status="201"}'
_WARM_S = 3.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each part runs, with how many users, over how many sampled tickets."""

    seconds: float = 20.0
    workers: int = 2
    creators: tuple[int, ...] = (2, 4, 8, 16, 32)
    readers: int = 4
    sample: int = 500


def run(settings: AppSettings, tickets: int, plan: Plan, folder: Path | None, plans: Path | None) -> dict[str, Any]:
    """On a PostgreSQL of its own, kept in ``folder`` when given. ``plans``: a file for the ten hottest queries."""
    now = utc_now()
    with ExitStack() as stack:
        root = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-")))
        url = stack.enter_context(own_database(read_rulebook(settings).city, root / "database"))
        filled = fill(url, settings, tickets, now)
        report = {**filled, **asyncio.run(measure(url, root, settings, plan, now))}
        if plans is not None:
            plans.write_text(asyncio.run(told_plans(url, root, settings, plan.sample, now)), "utf-8")
    return report


async def measure(url: str, folder: Path, settings: AppSettings, plan: Plan, now: datetime) -> dict[str, Any]:
    """Against a loaded database; see docs/perf/api.md for what the parts are."""
    async with stage(url, folder, plan.workers, now) as hall:
        sample = draw(url, hall.people, plan.sample)
        readers, lookers = Readers(hall.people, sample), Lookers(hall.people, now)
        texts = words(read_rulebook(settings), settings.examples_dir, 1000, seed=7)
        agents = Agents(hall.people, texts, f"{now:%Y%m%d%H%M%S}")
        desk = _Desk(readers, lookers)
        await closed(hall, desk.turn, users=plan.readers, seconds=_WARM_S)
        await closed(hall, agents.create, users=plan.readers, seconds=_WARM_S)

        async def of(turn: Turn, users: int, seconds: float = plan.seconds) -> dict[str, Any]:
            return await _told(hall, lambda: closed(hall, turn, users=users, seconds=seconds))

        report: dict[str, Any] = {"load_before": _load(), "workers": plan.workers}
        desk_figures: list[Figures] = []

        async def at_desks(**more: Any) -> Figures:
            figures = await paced(hall, desk.turn, per_s=READS_PER_S, users=_SEATS, seconds=plan.seconds, **more)
            desk_figures.append(figures)
            return figures

        report["read_at_desks"] = await _told(hall, at_desks)
        report["read_at_full_speed"] = {
            "inbox": await of(lookers.page, plan.readers),
            "ticket": await of(readers.ticket, plan.readers),
            "actions": await of(readers.actions, plan.readers),
        }
        workers = Workers(url, hall.people, max(plan.sample, int(plan.seconds * _SIGNED_PER_S)))
        report["act"] = await of(workers.act, plan.readers)
        report["create"] = {str(users): await of(agents.create, users) for users in plan.creators}
        report["all_at_once"] = await _all_at_once(hall, desk, agents, plan)
        report["created"] = {**check(url, agents), "counted_by_metrics": await _counted(hall)}
        report["load_after"] = _load()
        report["goals"] = goals_of(report, desk_figures[0])
        return report


class _Desk:
    """What a person at a desk asks for next: mostly a list or a ticket, sometimes what may be done."""

    def __init__(self, readers: Readers, lookers: Lookers) -> None:
        self._readers, self._lookers = readers, lookers

    async def turn(self, browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        """One request."""
        luck = chance.random()
        if luck < 0.5:
            return await self._lookers.page(browser, chance)
        return await (self._readers.ticket if luck < 0.85 else self._readers.actions)(browser, chance)


async def _all_at_once(hall: Stage, desk: _Desk, agents: Agents, plan: Plan) -> dict[str, Any]:
    """People at their desks while appeals come in."""

    async def turn(browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        if chance.random() < _CREATES_PER_S / (_CREATES_PER_S + READS_PER_S):
            return await agents.create(browser, chance)
        return await desk.turn(browser, chance)

    both = READS_PER_S + _CREATES_PER_S
    return await _told(hall, lambda: paced(hall, turn, per_s=both, users=_SEATS, seconds=plan.seconds))


async def _told(hall: Stage, work: Callable[[], Awaitable[Figures]]) -> dict[str, Any]:
    """The figures with what each request cost the cores: of the web app, the database, and this client."""
    before = (used_by(hall.web), used_by(hall.postgres), time.process_time())
    figures = await work()
    after = (used_by(hall.web), used_by(hall.postgres), time.process_time())
    requests = max(1, sum(len(times) for times in figures.took.values()))
    names = ("web", "database", "client")
    costs = {name: round((b - a) * 1000 / requests, 2) for name, a, b in zip(names, before, after, strict=True)}
    return {**figures.told(), "core_ms_each": costs, "load": _load()}


async def _counted(hall: Stage) -> int:
    """Answers 201 to creations, by the metrics of all web processes together."""
    async with Browser(hall.host, hall.port) as browser:
        told = (await browser.ask("GET", "/metrics", "")).body.decode()
    return int(sum(float(line.rpartition(" ")[2]) for line in told.splitlines() if line.startswith(_CREATED)))


def goals_of(report: dict[str, Any], desks: Figures) -> dict[str, Any]:
    """What was to be reached, what was, and whether."""
    best = max(part["per_s"] for part in report["create"].values())
    pages = [seconds for kind, times in desks.took.items() if kind.startswith("inbox") for seconds in times]
    tickets = [seconds for kind, times in desks.took.items() if kind.startswith("ticket") for seconds in times]
    made = report["created"]
    whole = made["acknowledged"] == made["found"] == made["with_event"] == made["with_holder"]
    goals = {
        "create_per_s": {"goal": CREATED_PER_S, "reached": best, "met": best >= CREATED_PER_S},
        "acknowledged_is_there_once": {
            "goal": True,
            "reached": whole,
            "met": whole and not made["numbers_twice"] and not made["sent_again_and_made_twice"],
        },
    }
    for name, times in (("inbox_p95_ms", pages), ("ticket_p95_ms", tickets)):
        reached = summary(times)["p95_ms"] if times else None
        goals[name] = {"goal": PAGE_MS, "reached": reached, "met": reached is not None and reached <= PAGE_MS}
    return goals


def _load() -> list[float]:
    return [round(value, 1) for value in os.getloadavg()]
