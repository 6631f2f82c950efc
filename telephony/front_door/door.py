"""The front door: takes calls from the SIP edge, gives each a line, keeps them going, tells the spool."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from telephony.delivery import Courier
from telephony.disk import private_folder, shared_folder, sweep_scratch
from telephony.errors import TelephonyError
from telephony.events import CallEvent, Caption, Ended, Payload
from telephony.front_door.call import Call
from telephony.front_door.journal import CallRecord, Journal
from telephony.front_door.orders import OrderDesk
from telephony.front_door.orders_http import OrdersApp, OrdersServer
from telephony.front_door.placed_call import PlacedCall, RingLimits
from telephony.front_door.pool import LinePool
from telephony.front_door.scribes import ScribeServer
from telephony.front_door.sip.thread import SipThread
from telephony.front_door.watchdog import Watchdog
from telephony.ids import new_call_id
from telephony.line.client import LineLink
from telephony.line.protocol import End, Event
from telephony.orders import ORDERS_SOCKET
from telephony.pending_text import PendingText, Waiting
from telephony.scribe.protocol import Text
from telephony.settings import TelephonySettings
from telephony.spool import Spool
from telephony.ticket_numbers import TicketNumbers

log = structlog.get_logger(__name__)

_TICK_S = 0.25
_TRIES = 3
_LAST_WORDS_S = 10.0
_STOP_S = 12.0
_RETRY_AFTER_S = 5


class FrontDoor:
    """Composition and the traffic between the parts; runs in the asyncio loop."""

    def __init__(self, settings: TelephonySettings) -> None:
        self._settings = settings
        shared_folder(settings.run_dir)
        calls = settings.journal_dir / "calls"
        for folder in (
            settings.run_dir / "lines",
            settings.recordings_dir,
            settings.journal_dir,
            calls,
            settings.spool_dir,
        ):
            private_folder(folder)
            sweep_scratch(folder)
        self._calls: dict[str, Call] = {}
        self._finishing: dict[str, asyncio.Task[None]] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._sequences: dict[str, int] = {}
        self._said: dict[str, int] = {}
        self._unspooled: list[CallEvent] = []
        self._journal = Journal(calls)
        self._pending = PendingText(settings.journal_dir / "pending_text.jsonl", self._calls.__contains__)
        self._spool = Spool(settings.spool_dir, keep=lambda: len(self._pending) > 0)
        self._numbers = TicketNumbers(
            settings.journal_dir / "ticket_numbers.json",
            settings.ticket_prefix,
            settings.node_digit,
            lambda: datetime.now(UTC),
        )
        self._courier = Courier(
            self._spool, settings.app_url, settings.secret_file, settings.spool_dir / "refused.events"
        )
        self._scribes = ScribeServer(self._pending, self._on_text)
        self._pool = LinePool(settings, self._on_line_event, self._on_line_death)
        self._orders = OrderDesk(settings, self._journal, self._has_room, self._begin_placing, time.time)
        self._orders_server = OrdersServer(OrdersApp(self._orders.take, settings.secret_file))
        self._accepting = False
        self._sip: SipThread | None = None
        self._watchdog = Watchdog(settings.host, settings.sip_port)
        self._tasks: list[asyncio.Task[None]] = []
        self._status: asyncio.Server | None = None

    # ---- life

    async def start(self) -> None:
        """Take up what the front door before us left, then open.

        Raises:
            OSError: the SIP address cannot be bound.
            OrdersAddressError: the address for orders cannot be.
        """
        port = self._settings.orders_port
        tcp = None if port is None else (self._settings.orders_host, port)
        self._orders_server.bind(self._settings.run_dir / ORDERS_SOCKET, tcp)
        records = self._left_calls()
        self._orders.remember(records)
        self._sip = SipThread(self._settings, asyncio.get_running_loop(), self._on_sip, new_call_id)
        self._sip.start()
        await self._sip.wait_started()
        for record in records:
            await self._take_up(record)
        self._pool.sweep()
        self._pool.refill()
        await self._scribes.start(self._settings.run_dir / "scribe.sock")
        status_path = self._settings.run_dir / "front_door.sock"
        status_path.unlink(missing_ok=True)
        self._status = await asyncio.start_unix_server(self._tell_status, status_path)
        self._tasks = [
            asyncio.create_task(work) for work in (self._courier.run(), self._pool.watch(), self._tick(), self._sync())
        ]
        await self._orders_server.start()
        self._accepting = True
        self._watchdog.start()

    async def stop(self) -> None:
        """No new calls; the present ones are ended properly; everything is in the spool when this returns."""
        self._watchdog.stop()
        self._accepting = False
        self.ask_sip("stop_accepting")
        for call_id in list(self._calls):
            self.ask_sip("hang_up", call_id)
        deadline = time.monotonic() + _STOP_S
        while self._calls and time.monotonic() < deadline:  # noqa: ASYNC110  (empty is many things' doing)
            await asyncio.sleep(0.05)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._orders_server.stop()
        await self._scribes.stop()
        if self._status is not None:
            self._status.close()
        await self._pool.stop()
        self._pending.sync()
        self._spool.close()

    def _left_calls(self) -> list[CallRecord]:
        """The calls the front door before us left, and where the numbering of each stands.

        Of one whose end is in the spool only the record was left: the end is a call's last word, after its recording.
        """
        records = list(self._journal.records())
        ended = self._restore_sequences({record.call_id for record in records})
        for call_id in ended:
            log.info("call_had_ended", call=call_id)
            self._journal.remove(call_id)
        return [record for record in records if record.call_id not in ended]

    def _restore_sequences(self, calls: set[str]) -> set[str]:
        """Those of these calls whose end is in the spool."""
        waiting = self._pending.calls()
        ended: set[str] = set()
        for event in self._spool.all_events() if calls or waiting else ():
            if event.call_id in calls or event.call_id in waiting:
                self._sequences[event.call_id] = max(event.seq, self._sequences.get(event.call_id, 0))
                if event.kind == "utterance":
                    self._said[event.call_id] = int(event.payload["index"])
                elif event.kind == "ended" and event.call_id in calls:
                    ended.add(event.call_id)
        for call_id in ended - waiting:
            del self._sequences[call_id]
        return ended

    async def _take_up(self, record: CallRecord) -> None:
        """A call of the front door before us: its line lives on, or another takes over, or it is ended properly."""
        record.seq = max(record.seq, self._sequences.get(record.call_id, 0))
        record.utterances = max(record.utterances, self._said.pop(record.call_id, 0))
        call = self._calls[record.call_id] = self._placed(record) if record.placed is not None else Call(self, record)
        line = None
        if record.line_id is not None and record.line_pid is not None:
            line = await self._pool.adopt(record.line_id, record.line_pid)
        self._finishing[call.id] = asyncio.create_task(self._finish(call))
        call.line = line
        log.info("call_taken_up", call=call.id, line_lives=line is not None, answered=record.sip is not None)
        if isinstance(call, PlacedCall) and self._takes_up_placing(call):
            return
        if record.sip is None or record.sip.get("citizen") is None:
            call.sip_ended("network", 0)
            return
        self.ask_sip("revive", call.id, record.sip, line is not None)
        if line is None:
            await self._replace_line(call)

    # ---- calls of ours

    def _has_room(self) -> bool:
        """Whether one more call of ours may be placed now."""
        ours = sum(isinstance(call, PlacedCall) for call in self._calls.values())
        return self._accepting and ours < self._settings.max_placed and self._pool.taken < self._settings.max_lines

    def _placed(self, record: CallRecord) -> PlacedCall:
        return PlacedCall(self, record, RingLimits(self._settings.no_progress_s, self._settings.ring_s), time.time)

    def _begin_placing(self, record: CallRecord) -> None:
        call = self._calls[record.call_id] = self._placed(record)
        self._finishing[call.id] = asyncio.create_task(self._finish(call))
        call.place(self._settings.hotline_number)
        self._in_background(self._serve(call))

    def _takes_up_placing(self, call: PlacedCall) -> bool:
        """One that had not been dialled is dialled now, unless it is too late; one that rang is taken back."""
        placed = call.placed
        if placed.dialled_at is None and self._settings.trunk is not None and time.time() < placed.expires_at:
            if call.record.seq == 0:
                call.place(self._settings.hotline_number)
            self._in_background(self._serve(call))
            return True
        if call.record.answered_at is None and placed.cancel is not None and self._settings.trunk is not None:
            self.ask_sip("cancel_left", placed.cancel)
        return False

    # ---- what calls ask for (telephony.front_door.call.Surroundings)

    def emit(self, record: CallRecord, payload: Payload) -> None:
        """To the spool; a full disk keeps the event in memory until it takes it again."""
        record.seq += 1
        self._write(CallEvent(record.call_id, record.seq, datetime.now(UTC), self._settings.node, payload))

    def _write(self, event: CallEvent) -> None:
        self._sequences[event.call_id] = event.seq
        try:
            for waiting in [*self._unspooled, event]:
                self._spool.append(waiting)
                if self._unspooled:
                    self._unspooled.pop(0)
            if isinstance(event.payload, Ended):
                self._spool.sync()
        except OSError as error:
            if not self._unspooled:
                log.exception("spool_not_written", error=str(error))
            if event not in self._unspooled:
                self._unspooled.append(event)
        self._courier.wake()

    def remember(self, record: CallRecord, *, durable: bool = False) -> None:
        """Journal a call."""
        self._journal.write(record, durable=durable)

    def await_text(self, waiting: Waiting) -> None:
        """Queue an utterance for a scribe."""
        self._pending.add(waiting)
        self._scribes.wake()

    def ask_sip(self, name: str, *arguments: Any) -> None:
        """To the SIP thread."""
        assert self._sip is not None
        self._sip.ask(name, *arguments)

    def reserve_number(self) -> str | None:
        """A ticket number; None when the disk is full or the day's numbers are used up: the call goes on without."""
        try:
            return self._numbers.reserve()
        except (OSError, TelephonyError, msgspec.DecodeError):
            log.exception("ticket_number_not_reserved")
            return None

    @property
    def prompts_dir(self) -> Path:
        """The city's."""
        return self._settings.prompts_dir

    @property
    def recordings_dir(self) -> Path:
        """This node's."""
        return self._settings.recordings_dir

    # ---- what happens

    def _on_sip(self, kind: str, call_id: str, data: dict[str, Any]) -> None:
        if kind == "invite":
            call = self._calls[call_id] = Call(self, CallRecord(call_id=call_id, arrived_at=time.time()))
            call.arrived(data)
            self._finishing[call_id] = asyncio.create_task(self._finish(call))
            self._in_background(self._serve(call))
            return
        found = self._calls.get(call_id)
        if found is None:
            return
        match kind:
            case "answered":
                found.answered(data)
            case "ringing" if isinstance(found, PlacedCall):
                found.ringing(data["cancel"])
            case "renewed":
                found.renewed(data)
            case "reanchored":
                found.reanchored(data["gap_ms"], data["snapshot"])
            case "line_failed":
                log.warning("line_refused", call=call_id, code=data["code"])
                if found.line is not None:
                    found.line.send(End())
                self._in_background(self._replace_line(found))
            case "ended":
                found.sip_ended(data["by"], data["cause"])

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, call: Call) -> None:
        """A line for a new call, or 503."""
        line = await self._pool.take()
        if line is None:
            log.warning("no_line_free", taken=self._pool.taken)
            if isinstance(call, PlacedCall):
                call.sip_ended("system", 503)
            else:
                self.ask_sip("refuse", call.id, 503, "Service Unavailable", _RETRY_AFTER_S)
            return
        self._hand_over(call, line)

    def _hand_over(self, call: Call, line: LineLink) -> None:
        if isinstance(call, PlacedCall) and call.placed.dialled_at is None:
            call.dialling()
            self.ask_sip("dial", call.id, self._settings.hotline_number, call.placed.number)
        call.on_line(line)
        if call.sip_over.is_set():  # hung up meanwhile
            line.send(End())
            return
        self.ask_sip("place", call.id, self._pool.address(line), self._pool.token(line))

    async def _replace_line(self, call: Call) -> None:
        """Another line for a call whose own is gone."""
        self.ask_sip("line_lost", call.id)
        call.lost_line()
        if call.sip_over.is_set():
            call.line_over.set()
            return
        while call.lines_lost <= _TRIES:  # a call that no line survives is not to use up all of them
            line = await self._pool.take()
            if line is not None:
                self._hand_over(call, line)
                return
            call.lines_lost += 1
            await asyncio.sleep(0.1)
        log.error("no_line_for_reanchoring", call=call.id)
        call.line_over.set()
        if call.record.answered_at is None:
            self.ask_sip("refuse", call.id, 503, "Service Unavailable", _RETRY_AFTER_S)
        else:
            self.ask_sip("hang_up", call.id)

    def _call_of(self, line: LineLink) -> Call | None:
        return next((call for call in self._calls.values() if call.line is line), None)

    def _on_line_event(self, line: LineLink, event: Event) -> None:
        call = self._call_of(line)
        if call is not None:
            call.on_line_event(event)

    def _on_line_death(self, line: LineLink) -> None:
        call = self._call_of(line)
        if call is None:
            return
        if call.sip_over.is_set() or call.line_over.is_set():
            call.line = None
            call.line_over.set()
            return
        log.warning("line_died", call=call.id, line=line.line_id)
        self._in_background(self._replace_line(call))

    async def _finish(self, call: Call) -> None:
        """When both sides of a call are over: its last events, then it is forgotten."""
        await self._both_over(call)
        if call.line is not None and not call.line_over.is_set():
            log.warning("line_did_not_finish", call=call.id)
            call.line.kill()
        call.finish()
        with suppress(OSError):
            self._spool.sync()
        self._calls.pop(call.id, None)
        self._journal.remove(call.id)
        self._finishing.pop(call.id, None)
        if call.id not in self._pending.calls():
            self._sequences.pop(call.id, None)

    async def _both_over(self, call: Call) -> None:
        sip, line = asyncio.create_task(call.sip_over.wait()), asyncio.create_task(call.line_over.wait())
        await asyncio.wait({sip, line}, return_when=asyncio.FIRST_COMPLETED)
        if not sip.done():  # the line ended by itself: its BYE is on the way
            await asyncio.wait({sip}, timeout=2.0)
            if not sip.done():
                self.ask_sip("hang_up", call.id)
                await asyncio.wait({sip}, timeout=2.0)
        if not line.done() and call.line is not None:
            await asyncio.wait({line}, timeout=_LAST_WORDS_S)
        for task in (sip, line):
            task.cancel()

    def _on_text(self, waiting: Waiting, text: Text) -> None:
        """An utterance's text, while the call goes on or long after."""
        payload = Caption(
            waiting.index,
            waiting.side,
            waiting.part,
            waiting.start_s,
            waiting.end_s,
            text.text,
            text.model,
            text.avg_logprob,
            text.uncorrected,
        )
        call = self._calls.get(waiting.call_id)
        if call is not None:
            self.emit(call.record, payload)
        else:
            seq = self._sequences.get(waiting.call_id, 0) + 1
            self._write(CallEvent(waiting.call_id, seq, datetime.now(UTC), self._settings.node, payload))
        self._pending.done(waiting.id)
        if call is None and waiting.call_id not in self._pending.calls():
            self._sequences.pop(waiting.call_id, None)

    # ---- time

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._watchdog.beat()
            for call in list(self._calls.values()):
                try:
                    call.tick()
                except Exception:  # one call's fault must not stop the clock of all
                    log.exception("call_tick_failed", call=call.id)

    async def _sync(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            if self._unspooled:
                self._retry_unspooled()
            with suppress(OSError, ValueError):  # ValueError: a new segment was begun just now
                await asyncio.to_thread(self._spool.sync)

    def _retry_unspooled(self) -> None:
        with suppress(OSError):
            while self._unspooled:
                self._spool.append(self._unspooled[0])
                self._unspooled.pop(0)
        self._courier.wake()

    async def _tell_status(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._sip is not None
        status = {
            "calls": len(self._calls),
            "lines_taken": self._pool.taken,
            "lines_spare": self._pool.spare,
            "spool_backlog_bytes": self._spool.backlog_bytes(),
            "events_delivered": self._courier.delivered,
            "pending_text": len(self._pending),
            "scribes": self._scribes.connected,
            "counters": await self._sip.counters(),
        }
        writer.write(json.dumps(status).encode() + b"\n")
        with suppress(OSError):
            await writer.drain()
        writer.close()
