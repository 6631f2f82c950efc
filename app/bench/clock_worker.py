"""One worker of ``hotline bench clocks``, a process of its own: says "ready", waits for a line, ticks.

python -m app.bench.clock_worker URL NOW LIMIT
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict
from datetime import datetime

import msgspec

from app.settings import AppSettings
from app.tickets.ticker import catch_up
from models.session import engine, sessions
from routing.city import load
from routing.rulebook import Rulebook


async def _work(url: str, now: datetime, limit: int) -> dict[str, object]:
    book = Rulebook.of(load(AppSettings().city_dir))
    db_engine = engine(url, pool_size=2)
    async with db_engine.connect():
        pass
    print("ready", flush=True)  # noqa: T201  (to the parent)
    await asyncio.to_thread(sys.stdin.readline)
    started, cpu = time.perf_counter(), time.process_time()
    done = await catch_up(sessions(db_engine), book, now, limit=limit)
    took = time.perf_counter() - started
    await db_engine.dispose()
    return {**asdict(done), "seconds": round(took, 3), "cpu_s": round(time.process_time() - cpu, 3)}


if __name__ == "__main__":
    told = asyncio.run(_work(sys.argv[1], datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])))
    print(msgspec.json.encode(told).decode(), flush=True)  # noqa: T201
