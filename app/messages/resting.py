"""A gateway that does not answer is left alone for a while, so that the wait for it does not hold up other jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from app.messages.gateway import Gateway, TemporaryGatewayError

_REST = timedelta(minutes=1)


class RestingError(Exception):
    """It was not asked; not before ``until``."""

    def __init__(self, until: datetime) -> None:
        super().__init__("gateway.resting")
        self.until = until


class Resting:
    """Of one process. A message that was not offered has not been tried."""

    def __init__(self, gateway: Gateway, now: Callable[[], datetime]) -> None:
        self._gateway, self._now = gateway, now
        self._until: datetime | None = None

    async def send(self, message_id: str, recipient: str, text: str) -> None:
        """See :class:`app.messages.gateway.Gateway`. RestingError: see there."""
        if self._until is not None and self._now() < self._until:
            raise RestingError(self._until)
        try:
            await self._gateway.send(message_id, recipient, text)
        except TemporaryGatewayError as error:
            if error.unanswered:
                self._until = self._now() + _REST
            raise
        self._until = None
