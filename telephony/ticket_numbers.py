"""Ticket numbers reserved without the database: ``<prefix><yyyymmdd><node digit><5-digit day counter>`` (ADR 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from telephony.disk import replace
from telephony.errors import TelephonyError

_ZONE = ZoneInfo("Asia/Shanghai")
_MOST = 99_999


class NumbersExhaustedError(TelephonyError):
    """99,999 numbers were reserved on one node in one day."""

    id = "ticket_numbers.exhausted"


class _Counter(msgspec.Struct):
    day: str
    last: int


class TicketNumbers:
    """A durable day counter: a number is on the disk before it is given out, so none is given twice."""

    def __init__(self, path: Path, prefix: str, node_digit: int, now: Callable[[], datetime]) -> None:
        self._path = path
        self._prefix = prefix
        self._node_digit = node_digit
        self._now = now
        path.parent.mkdir(parents=True, exist_ok=True)

    def reserve(self) -> str:
        """The next number of today (Asia/Shanghai).

        Raises:
            NumbersExhaustedError: none is left today.
        """
        day = self._now().astimezone(_ZONE).strftime("%Y%m%d")
        counter = self._read()
        if counter is None or counter.day < day:  # a clock set back must not begin a day anew
            counter = _Counter(day, 0)
        if counter.last >= _MOST:
            raise NumbersExhaustedError("当日工单编号已用尽")
        counter.last += 1
        replace(self._path, msgspec.json.encode(counter))
        return f"{self._prefix}{counter.day}{self._node_digit}{counter.last:05d}"

    def _read(self) -> _Counter | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Counter)
        except FileNotFoundError:
            return None
