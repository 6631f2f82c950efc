"""Orders to call somebody: which are taken, and which have been taken before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from telephony.conversation.surveys import SURVEYS
from telephony.dialling import check_number
from telephony.disk import private_folder, replace, sweep_scratch
from telephony.errors import TelephonyError
from telephony.front_door.journal import CallRecord, Journal, PlacedRecord
from telephony.ids import new_call_id
from telephony.orders import Accepted, Order
from telephony.settings import TelephonySettings

log = structlog.get_logger(__name__)

_KEPT_S = 86_400.0
_SWEEP_EVERY_S = 3600.0


class NoTrunkError(TelephonyError):
    """This node has no way out."""

    id = "order.no_trunk"


class OrderExpiredError(TelephonyError):
    """It is too late for this call."""

    id = "order.expired"


class UnknownSurveyError(TelephonyError):
    """There is no such survey."""

    id = "order.unknown_survey"


class LinesBusyError(TelephonyError):
    """Too many calls of ours, or of citizens; or the front door is closing."""

    id = "order.lines_busy"
    retry = True


class NotJournalledError(TelephonyError):
    """The disk does not take the order: it would be forgotten in a crash, and carried out twice."""

    id = "order.not_journalled"
    retry = True


def check(order: Order, settings: TelephonySettings, now: datetime) -> None:
    """Whether an order can be carried out at all.

    Raises:
        TelephonyError: why not.
    """
    if settings.trunk is None:
        raise NoTrunkError("未配置外呼中继（HOTLINE_TELEPHONY_TRUNK_URI），不能外呼")
    check_number(order.number)
    if order.survey not in SURVEYS:
        raise UnknownSurveyError("没有这份调查问卷")
    if order.expires_at <= now:
        raise OrderExpiredError("外呼指令已过期")


class _Taken(msgspec.Struct):
    call_id: str
    expires_at: float


class OrderBook:
    """The orders that were taken: a file each, on the disk before the order is acknowledged.

    Kept for a day after they would have expired: then the same order would be refused anyhow.
    """

    def __init__(self, folder: Path, now_s: float) -> None:
        private_folder(folder)
        sweep_scratch(folder)
        self._folder = folder
        self._taken: dict[str, _Taken] = {}
        self._swept_at = now_s
        for path in folder.glob("*.json"):
            try:
                self._taken[path.stem] = msgspec.json.decode(path.read_bytes(), type=_Taken)
            except msgspec.DecodeError:
                log.warning("order_record_broken", file=path.name)
        self._sweep(now_s)

    def call_of(self, order_id: str) -> str | None:
        """The call that an order has become; None: it is new."""
        taken = self._taken.get(order_id)
        return None if taken is None else taken.call_id

    def take(self, order_id: str, call_id: str, expires_at: float, now_s: float) -> None:
        """Remember an order for good.

        Raises:
            OSError: it is not on the disk.
        """
        taken = _Taken(call_id, expires_at)
        replace(self._folder / f"{order_id}.json", msgspec.json.encode(taken))
        self._taken[order_id] = taken
        if now_s - self._swept_at >= _SWEEP_EVERY_S:
            self._sweep(now_s)

    def _sweep(self, now_s: float) -> None:
        self._swept_at = now_s
        for order_id in [key for key, taken in self._taken.items() if taken.expires_at + _KEPT_S < now_s]:
            del self._taken[order_id]
            (self._folder / f"{order_id}.json").unlink(missing_ok=True)


class OrderDesk:
    """Takes orders. ``room()``: whether one more call of ours may be placed now; ``begin``: places it."""

    def __init__(
        self,
        settings: TelephonySettings,
        journal: Journal,
        room: Callable[[], bool],
        begin: Callable[[CallRecord], None],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._room = room
        self._begin = begin
        self._clock = clock
        self._book = OrderBook(settings.journal_dir / "orders", clock())

    def remember(self, records: Iterable[CallRecord]) -> None:
        """Calls that the front door before us was placing: it may have died between their record and the order's."""
        for record in records:
            placed = record.placed
            if placed is not None and self._book.call_of(placed.order_id) is None:
                self._book.take(placed.order_id, record.call_id, placed.expires_at, self._clock())

    def take(self, order: Order) -> Accepted:
        """Accept an order, new or given again.

        Raises:
            TelephonyError: why it is not accepted; ``retry``: not now.
        """
        known = self._book.call_of(order.order_id)
        if known is not None:
            return Accepted(order.order_id, known, repeated=True)
        now_s = self._clock()
        check(order, self._settings, datetime.fromtimestamp(now_s, UTC))
        if not self._room():
            raise LinesBusyError("线路繁忙，请稍后再试")
        placed = PlacedRecord(order.order_id, order.number, order.purpose, order.survey, order.expires_at.timestamp())
        record = CallRecord(call_id=new_call_id(), arrived_at=now_s, placed=placed)
        try:
            self._journal.begin(record)
            self._book.take(order.order_id, record.call_id, placed.expires_at, now_s)
        except OSError as error:
            self._journal.remove(record.call_id)
            log.exception("order_not_journalled")
            raise NotJournalledError("外呼指令未能写入磁盘，请稍后再试") from error
        self._begin(record)
        return Accepted(order.order_id, record.call_id, repeated=False)
