"""Delivers the spool to the app, in order, for ever; acknowledged only after the app has committed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import msgspec
import structlog

from telephony.events import CALL_EVENTS_PATH, SECRET_HEADER, Delivery, Envelope
from telephony.spool import Spool

log = structlog.get_logger(__name__)

_BATCH = 200
_IDLE_S = 1.0
_LONGEST_DELAY_S = 2.0
_REFUSED = frozenset({400, 413, 422})
"""Answers about the events themselves. Any other may be a wrong address, a proxy, an old app: tried for ever."""


class Courier:
    """Carries events from the spool to ``app_url``. Call :meth:`wake` when there are new ones."""

    def __init__(self, spool: Spool, app_url: str, secret_file: Path, refused: Path) -> None:
        self._spool = spool
        self._url = app_url.rstrip("/") + CALL_EVENTS_PATH
        self._secret_file = secret_file
        self._refused = refused
        self._news = asyncio.Event()
        self.delivered = 0
        self.failures = 0

    def wake(self) -> None:
        """There is something to deliver."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(timeout=10.0, trust_env=False) as client:
            delay = 0.1
            while True:
                self._news.clear()
                try:
                    events, position = self._spool.unacked(_BATCH)
                except OSError:
                    log.exception("spool_not_read")
                    await asyncio.sleep(_LONGEST_DELAY_S)
                    continue
                if not events:
                    self._spool.ack(position)
                    await self._wait_for_news()
                    continue
                if await self._deliver(client, events):
                    self._spool.ack(position)
                    self.delivered += len(events)
                    delay = 0.1
                else:
                    self.failures += 1
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, _LONGEST_DELAY_S)

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), _IDLE_S)
        except TimeoutError:
            return

    async def _deliver(self, client: httpx.AsyncClient, events: list[Envelope]) -> bool:
        """True: committed (or kept aside because the app will never take them)."""
        status = await self._post(client, events)
        if status is not None and 200 <= status < 300:
            return True
        if status not in _REFUSED:
            return False
        if len(events) > 1:  # one of them is at fault: find it
            for event in events:
                if not await self._deliver(client, [event]):
                    return False
            return True
        log.error("event_refused", call=events[0].call_id, seq=events[0].seq, status=status)
        try:
            with self._refused.open("ab") as file:
                file.write(msgspec.json.encode(events[0]) + b"\n")
        except OSError:
            log.exception("refused_not_written")
            return False
        return True

    async def _post(self, client: httpx.AsyncClient, events: list[Envelope]) -> int | None:
        try:
            secret = self._secret_file.read_text("ascii").strip()
            answer = await client.post(
                self._url,
                content=msgspec.json.encode(Delivery(events)),
                headers={SECRET_HEADER: secret, "Content-Type": "application/json"},
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            if self.failures == 0 or self.failures % 100 == 0:
                log.warning("app_not_reached", error=type(error).__name__)
            return None
        return answer.status_code
