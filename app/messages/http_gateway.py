"""The city's SMS gateway over HTTP: one signed POST a message.

Headers: ``Idempotency-Key`` (the message's id: the gateway delivers it once, however often it comes),
``X-Hotline-Key-Id``, ``X-Hotline-Timestamp`` (seconds since 1970), ``X-Hotline-Nonce`` (new each time),
``X-Hotline-Signature`` (see :func:`sign`). Body: JSON with id, recipient, text. The gateway should refuse times more
than some minutes off and nonces it has seen: a request that was overheard cannot be sent again.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256

import httpx
import msgspec

from app.clock import utc_now
from app.messages.gateway import PermanentGatewayError, TemporaryGatewayError

_LATER = frozenset({408, 425, 429})
"""Client errors that another time may heal."""
_LONGEST_WAIT = timedelta(days=1)


def sign(key: bytes, timestamp: str, nonce: str, body: bytes) -> str:
    """HMAC-SHA256 over ``timestamp LF nonce LF body``, in hex."""
    return hmac.new(key, f"{timestamp}\n{nonce}\n".encode() + body, sha256).hexdigest()


class HttpGateway:
    """``timeout_s`` bounds a whole request, however slowly the answer drips in."""

    def __init__(
        self, url: str, key_id: str, key: bytes, timeout_s: float, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._url, self._key_id, self._key, self._timeout_s, self._now = url, key_id, key, timeout_s, now

    async def send(self, message_id: str, recipient: str, text: str) -> None:
        """See :class:`app.messages.gateway.Gateway`. 2xx is yes; 4xx is no for ever, but for 408, 425 and 429."""
        body = msgspec.json.encode({"id": message_id, "recipient": recipient, "text": text})
        timestamp, nonce = str(int(self._now().timestamp())), secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message_id,
            "X-Hotline-Key-Id": self._key_id,
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Nonce": nonce,
            "X-Hotline-Signature": sign(self._key, timestamp, nonce, body),
        }
        status, wait = await self._post(body, headers)
        if 200 <= status < 300:
            return
        code = f"http.{status}"
        if 400 <= status < 500 and status not in _LATER:
            raise PermanentGatewayError(code)
        raise TemporaryGatewayError(code, wait)

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, timedelta | None]:
        """Status and Retry-After; the answer's body is of no interest and may be endless."""
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                httpx.AsyncClient(trust_env=False, timeout=self._timeout_s) as client,
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                return answer.status_code, self._wait(answer.headers.get("Retry-After"))
        except (TimeoutError, httpx.TimeoutException):
            raise TemporaryGatewayError("timeout", unanswered=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TemporaryGatewayError(type(error).__name__) from None

    def _wait(self, header: str | None) -> timedelta | None:
        """Seconds, or a date of HTTP; None: not said, or not to be understood."""
        if header is None:
            return None
        try:
            if header.strip().isdecimal():
                wait = timedelta(seconds=min(int(header), int(_LONGEST_WAIT.total_seconds())))
            else:
                at = parsedate_to_datetime(header)
                wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - self._now()
        except (ValueError, OverflowError):
            return None
        return min(max(wait, timedelta(0)), _LONGEST_WAIT)
