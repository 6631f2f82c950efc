"""A small HTTP client for load: one keep-alive connection, parsed in C, so that the web app gets the cores."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self, cast

import httptools
import msgspec

_TIMEOUT_S = 60.0


@dataclass(slots=True)
class Answer:
    """Status, headers (names in lower case) and body of a response."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class _Wire(asyncio.Protocol):
    """Bytes in, one :class:`Answer` out for each request."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiting: asyncio.Future[Answer] | None = None
        self._begin()

    def _begin(self) -> None:
        self._answer = Answer()
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(exc or ConnectionResetError("closed by the server"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        answer = self._answer
        answer.status, answer.body = self._parser.get_status_code(), b"".join(self._pieces)
        self._begin()
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(answer)


class Browser:
    """A connection that belongs to one signed-in user at a time; use it as an async context manager."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._wire: _Wire | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.close()

    async def ask(
        self, method: str, target: str, cookie: str, *, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request. ``body``: a record that is sent as JSON. Raises OSError or TimeoutError: no answer."""
        wire = await self._connected()
        assert wire.transport is not None
        content = b"" if body is None else msgspec.json.encode(body)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}:{self._port}", f"Cookie: {cookie}"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        wire.waiting = asyncio.get_running_loop().create_future()
        wire.transport.write("\r\n".join([*lines, "", ""]).encode() + content)
        return await asyncio.wait_for(wire.waiting, _TIMEOUT_S)

    async def _connected(self) -> _Wire:
        if self._wire is None or self._wire.transport is None or self._wire.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, self._wire = await loop.create_connection(_Wire, self._host, self._port)
        return self._wire
