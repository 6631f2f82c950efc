"""What the worker does, by the clock of a test: clocks that are due, outbox rows, messages to a gateway that counts."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.callbacks.jobs import CallbackJobs
from app.callbacks.planning import CLOSE_CALLBACK
from app.callbacks.sweeping import sweep_callbacks
from app.calls.orders import PLACE_CALL
from app.jobs.outbox import Handler, claim, perform
from app.messages.file_gateway import FileGateway, read_sent
from app.messages.sending import Sender
from app.messages.settings import MessageSettings
from app.messages.writing import SEND_TOPIC
from app.tickets.ticker import Ticked, catch_up
from models.session import engine, sessions
from routing.city import load
from routing.rulebook import Rulebook
from tests.fixtures.life import CITIES

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.workflow.preloaded"])


class CountingGateway:
    """Writes down whatever is offered to it, and what of that it delivers: each id once, as a gateway must."""

    def __init__(self, folder: Path) -> None:
        self._offers = folder / "offers"
        self._delivered = folder / "delivered"
        self._gateway = FileGateway(self._delivered)

    async def send(self, message_id: str, recipient: str, text: str) -> None:
        with self._offers.open("ab", buffering=0) as file:
            file.write(f"{message_id}\n".encode())
        await self._gateway.send(message_id, recipient, text)

    @property
    def offers(self) -> Counter[str]:
        """How often each id was offered."""
        return Counter(self._offers.read_text().split() if self._offers.exists() else ())

    @property
    def delivered(self) -> Counter[str]:
        """How often each id was delivered."""
        return Counter(sent.id for sent in read_sent(self._delivered))


@dataclass(frozen=True)
class Working:
    """A worker's work on one database."""

    sessions: async_sessionmaker[AsyncSession]
    book: Rulebook
    gateway: CountingGateway

    async def round(self, now: datetime) -> Ticked:
        """Everything that is due now, until nothing is; what the ticker did."""
        ticked = await catch_up(self.sessions, self.book, now)
        handlers = self._handlers(now)
        while rows := await claim(self.sessions, now):
            for row in rows:
                await perform(self.sessions, handlers, row, now)
        await sweep_callbacks(self.sessions, self.book, now)
        return ticked

    def _handlers(self, now: datetime) -> dict[str, Handler]:
        sender = Sender(
            self.gateway, lambda: self.book.city.messages, MessageSettings(), lambda: "secret", lambda: now
        )  # fmt: skip
        jobs = CallbackJobs(lambda: self.book, lambda: now)
        return {SEND_TOPIC: sender, CLOSE_CALLBACK: jobs.close, PLACE_CALL: _no_telephone}


async def _no_telephone(_: async_sessionmaker[AsyncSession], __: dict[str, Any]) -> None:
    """Nobody is called here."""


@cache
def yinchuan_book() -> Rulebook:
    """Read once a process."""
    return Rulebook.of(load(CITIES / "yinchuan"))


def _work_until_killed(url: str, folder: str, now: str, ready: Any) -> None:
    """In a process of its own: rounds without end."""

    async def rounds() -> None:
        db_engine = engine(url, pool_size=2)
        working = Working(sessions(db_engine), yinchuan_book(), CountingGateway(Path(folder)))
        ready.set()
        while True:
            await working.round(datetime.fromisoformat(now))

    asyncio.run(rounds())


def killed_worker(url: str, folder: Path, now: datetime, after_s: float) -> None:
    """A worker that is killed (kill -9) so long after it was ready."""
    ready = _FORKING.Event()
    process = _FORKING.Process(
        target=_work_until_killed, args=(url, str(folder), now.isoformat(), ready), daemon=True
    )  # fmt: skip
    process.start()
    assert ready.wait(60)
    time.sleep(after_s)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    process.close()
