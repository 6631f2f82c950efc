"""News for open pages: PostgreSQL tells one connection a process, that tells every page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import structlog

log = structlog.get_logger(__name__)

_HEARTBEAT_S = 15.0
_LONGEST_DELAY_S = 5.0


_TICKETS = "hotline_tickets"
"""Channel on which the ids of changed tickets come, with commas."""


class LiveNews:
    """That something has changed; slow readers miss repetitions, never the last change.

    ``on_tickets`` is told which tickets have; None: some may have been missed.
    """

    def __init__(self, url: str, on_tickets: Callable[[list[int] | None], None] = lambda _: None) -> None:
        self._url = url
        self._on_tickets = on_tickets
        self._readers: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        delay = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=5
                ) as connection:
                    await connection.execute(f"LISTEN {_TICKETS}")
                    await connection.execute("LISTEN hotline_live")
                    delay = 0.2
                    self._on_tickets(None)  # whatever happened while nobody listened
                    self._tell()
                    async for news in connection.notifies():
                        if news.channel == _TICKETS:
                            self._on_tickets([int(number) for number in news.payload.split(",")])
                        self._tell()
            except (psycopg.Error, OSError) as error:
                log.warning("database_not_reached", error=type(error).__name__)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_S)

    def _tell(self) -> None:
        for reader in self._readers:
            reader.set()

    async def changes(self) -> AsyncIterator[str]:
        """After each change "changed" (several at once are one); "still" when nothing has happened for 15 s."""
        news = asyncio.Event()
        self._readers.add(news)
        try:
            yield "changed"
            while True:
                try:
                    await asyncio.wait_for(news.wait(), _HEARTBEAT_S)
                except TimeoutError:
                    yield "still"
                    continue
                news.clear()
                yield "changed"
                await asyncio.sleep(0.3)
        finally:
            self._readers.discard(news)
