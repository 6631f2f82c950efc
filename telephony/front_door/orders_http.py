"""The door for orders: HTTP on the unix socket, and on a TCP port for a ticket side on another machine."""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from telephony.errors import TelephonyError
from telephony.events import SECRET_HEADER
from telephony.orders import ORDERS_PATH, Accepted, Order, Refusal

_LONGEST = 4096
_order: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class OrdersApp:
    """ASGI. ``take`` accepts an order or raises a :class:`TelephonyError` that says why not."""

    def __init__(self, take: Callable[[Order], Accepted], secret_file: Path) -> None:
        self._take = take
        self._secret_file = secret_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        status, answer = await self._answer(scope, receive)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(answer)})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Accepted | Refusal]:
        if (scope["method"], scope["path"]) != ("POST", ORDERS_PATH):
            return 404, Refusal("order.no_such_path", "没有这个接口", retry=False)
        if not self._knows_secret(dict(scope["headers"]).get(SECRET_HEADER.lower().encode(), b"")):
            return 401, Refusal("order.wrong_secret", "内部接口密钥错误", retry=True)  # a setting to be put right
        body = await _body(receive)
        if body is None:
            return 413, Refusal("order.too_long", "外呼指令过长", retry=False)
        try:
            order = _order.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return 400, Refusal("order.malformed", "外呼指令格式错误", retry=False)
        try:
            return 200, self._take(order)
        except TelephonyError as error:
            return 503 if error.retry else 422, Refusal(error.id, error.message, error.retry)

    def _knows_secret(self, given: bytes) -> bool:
        try:
            secret = self._secret_file.read_bytes().strip()
        except OSError:
            return False
        return bool(secret) and hmac.compare_digest(given, secret)


async def _body(receive: Receive) -> bytes | None:
    """The request's body; None: it is too long to be an order."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LONGEST:
            return None
        if not message.get("more_body"):
            return body


class OrdersAddressError(TelephonyError):
    """The address orders were to come in on is taken, or none of ours."""

    id = "order.address_taken"
    retry = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the front door's own business."""
        yield


class OrdersServer:
    """Serves :class:`OrdersApp` in the running loop."""

    def __init__(self, app: OrdersApp) -> None:
        config = uvicorn.Config(
            app,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=30,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None
        self._sockets: list[socket.socket] = []

    def bind(self, unix: Path, tcp: tuple[str, int] | None) -> None:
        """Have the addresses.

        Raises:
            OrdersAddressError: one cannot be had.
        """
        try:
            unix.unlink(missing_ok=True)
            self._bind(socket.AF_UNIX, str(unix))
            if tcp is not None:
                self._bind(socket.AF_INET, tcp)
        except OSError as error:
            where = f"{tcp[0]}:{tcp[1]}" if tcp is not None else str(unix)
            raise OrdersAddressError(f"外呼指令接口 {where}: {error.strerror or error}") from error

    def _bind(self, family: socket.AddressFamily, address: str | tuple[str, int]) -> None:
        listening = socket.socket(family, socket.SOCK_STREAM)
        self._sockets.append(listening)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)

    async def start(self) -> None:
        """Take orders from now on."""
        self._serving = asyncio.create_task(self._server.serve(sockets=self._sockets))
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """What is being answered is answered to its end."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        for listening in self._sockets:
            listening.close()
