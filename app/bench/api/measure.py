"""Latencies, and what is told of them."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from app.bench.api.http import Answer, Browser
from app.bench.api.stage import Stage

Turn = Callable[[Browser, random.Random], Awaitable[tuple[str, Answer | None]]]
"""What a user does once: (kind of request, answer; None: nothing was to be done)."""


@dataclass(slots=True)
class Figures:
    """Of one run. ``took``: seconds of each good answer, by kind."""

    took: dict[str, list[float]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    """Answers that were none of the wanted, as ``kind status id``."""
    seconds: float = 0.0

    def add(self, kind: str, answer: Answer, seconds: float) -> None:
        """One answer."""
        if answer.status < 300:
            self.took.setdefault(kind, []).append(seconds)
        else:
            self.refused[f"{kind} {answer.status} {_id_of(answer)}"] += 1

    def told(self) -> dict[str, Any]:
        """By kind, and of all."""
        everything = [seconds for times in self.took.values() for seconds in times]
        report: dict[str, Any] = {
            "seconds": round(self.seconds, 1),
            "per_s": round(len(everything) / self.seconds, 1) if self.seconds else 0.0,
            "kinds": {kind: summary(times) for kind, times in sorted(self.took.items())},
        }
        if self.refused:
            report["refused"] = dict(self.refused)
        return report


def summary(times: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(times)
    told = {f"p{share}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1000, 1)
            for share in (50, 95, 99)}  # fmt: skip
    return {"n": len(ordered), **told, "max_ms": round(ordered[-1] * 1000, 1)}


async def closed(stage: Stage, turn: Turn, *, users: int, seconds: float, seed: int = 1) -> Figures:
    """``users`` at once, each asking again as soon as it was answered, until there is nothing left to do."""
    figures = Figures()
    started = time.perf_counter()
    end = started + seconds

    async def user(number: int) -> None:
        chance = random.Random(seed * 1000 + number)  # noqa: S311  (a load, no secret)
        async with Browser(stage.host, stage.port) as browser:
            while time.perf_counter() < end and await _once(turn, browser, chance, figures, time.perf_counter()):
                pass

    await asyncio.gather(*(user(number) for number in range(users)))
    figures.seconds = time.perf_counter() - started
    return figures


async def paced(stage: Stage, turn: Turn, *, per_s: float, users: int, seconds: float, seed: int = 1) -> Figures:
    """So many requests a second, at random moments, whatever the answers take.

    Times count from the moment a request was meant to start, so that waiting for one of the ``users`` is not hidden.
    """
    figures = Figures()
    started = time.perf_counter()
    chance = random.Random(seed)  # noqa: S311  (a load, no secret)
    moments: asyncio.Queue[float | None] = asyncio.Queue()

    async def clock() -> None:
        at = started
        while (at := at + chance.expovariate(per_s)) < started + seconds:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            moments.put_nowait(at)
        for _ in range(users):
            moments.put_nowait(None)

    async def user(number: int) -> None:
        own = random.Random(seed * 1000 + number)  # noqa: S311  (a load, no secret)
        async with Browser(stage.host, stage.port) as browser:
            while (at := await moments.get()) is not None:
                await _once(turn, browser, own, figures, at)

    await asyncio.gather(clock(), *(user(number) for number in range(users)))
    figures.seconds = time.perf_counter() - started
    return figures


async def _once(turn: Turn, browser: Browser, chance: random.Random, figures: Figures, at: float) -> bool:
    """Whether anything was to be done."""
    kind, answer = await turn(browser, chance)
    if answer is not None:
        figures.add(kind, answer, time.perf_counter() - at)
    return answer is not None


def _id_of(answer: Answer) -> str:
    try:
        return str(answer.json().get("id") or answer.json().get("type"))
    except (ValueError, AttributeError):
        return ""
