"""The front door's door for orders, as the ticket side sees it."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec

from app.errors import HotlineError
from app.instance import run_dir
from app.settings import AppSettings
from telephony.events import SECRET_HEADER
from telephony.orders import ORDERS_PATH, ORDERS_SOCKET, Accepted, Order, Refusal

_TIMEOUT_S = 10.0


class TelephonyUnreachableError(HotlineError):
    """No front door answers, or not as one: the same order may be given again."""

    id = "telephony.unreachable"
    status = 503


class OrderRefusedError(HotlineError):
    """The front door refuses an order. ``reason``: its stable id; ``retry``: it may take the same order later."""

    id = "telephony.order_refused"
    status = 409

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.reason = refusal.id
        self.retry = refusal.retry


class TelephonyDoor:
    """Gives orders to the front door at ``url`` (http://…), or at the unix socket of this machine's instance."""

    def __init__(self, secret_file: Path, url: str | None, socket: Path | None) -> None:
        self._secret_file = secret_file
        self._url = url or "http://front-door"
        self._socket = None if url else socket

    @classmethod
    def of(cls, settings: AppSettings) -> TelephonyDoor:
        """The one in the settings."""
        socket = None if settings.telephony_url else run_dir(settings.data_dir) / ORDERS_SOCKET
        return cls(settings.internal_secret_file, settings.telephony_url, socket)

    async def give(self, order: Order) -> Accepted:
        """Have a call placed; the same order again is the same call.

        Raises:
            OrderRefusedError: the front door says no.
            TelephonyUnreachableError: it is not known whether the order has arrived.
        """
        transport = None if self._socket is None else httpx.AsyncHTTPTransport(uds=str(self._socket))
        try:
            secret = self._secret_file.read_text("ascii").strip()
            async with httpx.AsyncClient(
                transport=transport, base_url=self._url, timeout=_TIMEOUT_S, trust_env=False
            ) as client:
                answer = await client.post(
                    ORDERS_PATH,
                    content=msgspec.json.encode(order),
                    headers={SECRET_HEADER: secret, "Content-Type": "application/json"},
                )
            if answer.status_code == httpx.codes.OK:
                return msgspec.json.decode(answer.content, type=Accepted)
            refusal = msgspec.json.decode(answer.content, type=Refusal)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, msgspec.DecodeError) as error:
            raise TelephonyUnreachableError(f"前门没有应答（{type(error).__name__}）") from error
        raise OrderRefusedError(refusal)
