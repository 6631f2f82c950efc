"""The scribes' socket: hands out utterances, takes text back. A scribe that goes away loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from telephony.pending_text import PendingText, Waiting
from telephony.scribe.protocol import Failed, Hello, Job, Text, decode, encode

log = structlog.get_logger(__name__)

_ROUND_S = 0.5
_RETRY_S = 5.0


class ScribeServer:
    """``on_text(waiting, text)`` for each utterance that has been recognised (or never can be)."""

    def __init__(self, pending: PendingText, on_text: Callable[[Waiting, Text], None]) -> None:
        self._pending = pending
        self._on_text = on_text
        self._server: asyncio.Server | None = None
        self._news: set[asyncio.Event] = set()
        self.connected = 0

    async def start(self, path: Path) -> None:
        """Listen."""
        path.unlink(missing_ok=True)  # noqa: ASYNC240  (once, before anything is served)
        self._server = await asyncio.start_unix_server(self._serve, path)

    def wake(self) -> None:
        """There is something to recognise."""
        for news in self._news:
            news.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        in_hand: set[str] = set()
        news = asyncio.Event()
        try:
            hello = decode(await reader.readline())
            if not isinstance(hello, Hello):
                return
            log.info("scribe_connected", model=hello.model, capacity=hello.capacity)
            self.connected += 1
            self._news.add(news)
            giving = asyncio.create_task(self._give(writer, hello.capacity, in_hand, news))
            try:
                while line := await reader.readline():
                    self._take(decode(line), in_hand)
                    news.set()
            finally:
                giving.cancel()
                self.connected -= 1
                log.info("scribe_left")
        except (OSError, msgspec.DecodeError, ValueError) as error:
            log.warning("scribe_lost", error=type(error).__name__)
        finally:
            self._news.discard(news)
            for job in in_hand:
                self._pending.put_back(job)
            writer.close()
            self.wake()

    async def _give(self, writer: asyncio.StreamWriter, capacity: int, in_hand: set[str], news: asyncio.Event) -> None:
        while True:
            while len(in_hand) < capacity and (waiting := self._pending.next()) is not None:
                in_hand.add(waiting.id)
                writer.write(encode(Job(waiting.id, waiting.path, waiting.start_s, waiting.end_s)))
                await writer.drain()
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), _ROUND_S)
            except TimeoutError:
                continue

    def _take(self, message: object, in_hand: set[str]) -> None:
        if not isinstance(message, (Text, Failed)):
            return
        in_hand.discard(message.id)
        waiting = self._pending.get(message.id)
        if waiting is None:
            return
        if isinstance(message, Text):
            self._on_text(waiting, message)
        elif message.retry:
            asyncio.get_running_loop().call_later(_RETRY_S, self._pending.put_back, message.id)
        else:
            log.warning("utterance_unreadable", job=message.id, reason=message.reason)
            self._on_text(waiting, Text(id=message.id, text="", model="none", dropped=message.reason))

    async def stop(self) -> None:
        """No more."""
        if self._server is not None:
            self._server.close()
