"""What the load runs against: a database with many tickets in it, and the web app in processes as in production."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from app.bench.api.cores import parent_of
from app.bench.api.people import People, sign_all_in
from app.bench.load import load_tickets
from app.bench.stories import YEAR_MIX
from app.errors import HotlineError
from app.settings import PROJECT, AppSettings
from app.tickets.rulebook import read_rulebook

_READY_S = 60.0


class StageError(HotlineError):
    """Something the bench needs did not start."""

    id = "bench.stage"


@dataclass(slots=True)
class Stage:
    """``url``: the database; ``host``, ``port``: the web app; ``people``: who is signed in."""

    url: str
    host: str
    port: int
    people: People
    web: int
    """The web app's first process; the others are its children."""
    postgres: int
    """The server's first process."""


def fill(url: str, settings: AppSettings, tickets: int, now: datetime) -> dict[str, float]:
    """Load what is missing to so many tickets; what it took."""
    with psycopg.connect(url) as db:
        row = db.execute("SELECT count(*) FROM tickets").fetchone()
    assert row is not None
    missing = tickets - int(row[0])
    if missing <= 0:
        return {"tickets": int(row[0]), "loaded": 0, "load_s": 0.0}
    done = load_tickets(url, read_rulebook(settings), settings.examples_dir, missing, now=now, mix=YEAR_MIX)
    return {"tickets": tickets, "loaded": done.tickets, "load_s": done.seconds}


@asynccontextmanager
async def stage(url: str, folder: Path, workers: int, now: datetime) -> AsyncIterator[Stage]:
    """The web app in so many processes on the database, and people who are signed in."""
    people = await sign_all_in(url, now)
    port = _free_port()
    environment = {
        **os.environ,
        "HOTLINE_DATA_DIR": str(folder / "data"),
        "HOTLINE_DATABASE_URL": url,
        "HOTLINE_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "app", "web", "--port", str(port), "--workers", str(workers)]
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=PROJECT)  # noqa: ASYNC220, S603
    try:
        await _wait(port, process)
        yield Stage(url, "127.0.0.1", port, people, process.pid, _server_of(url))
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 60)


def _server_of(url: str) -> int:
    with psycopg.connect(url) as db:
        return parent_of(db.info.backend_pid)


async def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            status = await reader.readline()
            writer.close()
            if b" 200 " in status:
                return
        except OSError:
            pass
        await asyncio.sleep(0.2)
    raise StageError("web 未就绪，见其日志")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
