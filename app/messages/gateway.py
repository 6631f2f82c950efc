"""What sending asks of a gateway, and how one says no."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class GatewayError(Exception):
    """The message was not accepted. ``code`` is stored and shown: no personal data, nothing of the answer's body."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TemporaryGatewayError(GatewayError):
    """It may be accepted later; not before ``retry_after`` where the gateway said so.

    ``unanswered``: the whole time that a request may take was waited in vain.
    """

    def __init__(self, code: str, retry_after: timedelta | None = None, *, unanswered: bool = False) -> None:
        super().__init__(code)
        self.retry_after = retry_after
        self.unanswered = unanswered


class PermanentGatewayError(GatewayError):
    """It will never be accepted as it is."""


class Gateway(Protocol):
    """Takes a message once: the same ``message_id`` again is accepted again and delivers nothing."""

    async def send(self, message_id: str, recipient: str, text: str) -> None:
        """Returns when the gateway answers for the message.

        Raises:
            TemporaryGatewayError, PermanentGatewayError: see there.
        """
