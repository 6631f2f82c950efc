"""Lines: a few spares forked ahead, one taken for each call, dead and hung ones noticed."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog

from telephony.errors import TelephonyError
from telephony.line.client import LineLink, Nursery
from telephony.line.protocol import End, Event, Ready
from telephony.settings import TelephonySettings

log = structlog.get_logger(__name__)

_HUNG_S = 5.0
_WATCH_S = 1.0
_READY_S = 2.0
_RTP_PORTS_A_LINE = 40


class LinePool:
    """``on_event`` and ``on_death`` are about lines that were taken."""

    def __init__(
        self,
        settings: TelephonySettings,
        on_event: Callable[[LineLink, Event], None],
        on_death: Callable[[LineLink], None],
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._on_death = on_death
        self._nursery = Nursery()
        self._numbers = itertools.count()
        self._spares: deque[LineLink] = deque()
        self._taken: dict[str, LineLink] = {}
        self._addresses: dict[str, tuple[str, int]] = {}
        self._tokens: dict[str, str] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._refilling: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def taken(self) -> int:
        """Lines in calls."""
        return len(self._taken)

    @property
    def spare(self) -> int:
        """Lines that wait."""
        return len(self._spares)

    def address(self, line: LineLink) -> tuple[str, int]:
        """Where a line takes its INVITE."""
        return self._addresses[line.line_id]

    def token(self, line: LineLink) -> str:
        """What its INVITE must carry."""
        return self._tokens[line.line_id]

    async def take(self) -> LineLink | None:
        """A line for a call; None: all are busy, or none comes up."""
        if self.taken >= self._settings.max_lines:
            return None
        line: LineLink | None = None
        while self._spares and (line is None or not line.alive):
            line = self._spares.popleft()
        if line is None or not line.alive:
            line = await self._fork() or await self._fork()  # twice: a nursery that has died is started by the second
        if line is None:
            return None
        self._taken[line.line_id] = line
        self.refill()
        return line

    def refill(self) -> None:
        """Bring the spares up to their number, in the background."""
        if not self._stopping and (self._refilling is None or self._refilling.done()):
            self._refilling = asyncio.create_task(self._refill())

    async def _refill(self) -> None:
        while not self._stopping and len(self._spares) < self._settings.spare_lines:
            line = await self._fork()
            if line is None:
                await asyncio.sleep(0.5)
            else:
                self._spares.append(line)

    async def _fork(self) -> LineLink | None:
        number = next(self._numbers)
        line_id = f"{os.getpid()}-{int(time.time()) % 100_000}-{number}"
        token = self._tokens[line_id] = secrets.token_hex(16)
        slots = max(1, self._settings.rtp_port_span // _RTP_PORTS_A_LINE)
        try:
            pid = await self._nursery.fork(
                {
                    "line_id": line_id,
                    "run_dir": str(self._settings.run_dir),
                    "host": self._settings.line_host,
                    "sip_port": 0,
                    "rtp_port": self._settings.rtp_port_base + number % slots * _RTP_PORTS_A_LINE,
                    "rtp_range": _RTP_PORTS_A_LINE,
                    "max_call_s": self._settings.max_call_s,
                    "rtp_silence_s": self._settings.rtp_silence_s,
                    "held_silence_s": self._settings.held_silence_s,
                    "token": token,
                }
            )
            return await self._connect(line_id, pid)
        except (TelephonyError, OSError, TimeoutError) as error:
            self._forget(line_id)
            log.warning("line_not_forked", error=str(error))
            return None

    async def _connect(self, line_id: str, pid: int) -> LineLink:
        line = LineLink(line_id, pid, self._socket(line_id), self._event, self._died)
        self._ready[line_id] = asyncio.Event()
        await line.connect()
        try:
            await asyncio.wait_for(self._ready[line_id].wait(), _READY_S)
        except TimeoutError:
            line.kill()
            raise
        finally:
            self._ready.pop(line_id, None)
        return line

    async def adopt(self, line_id: str, pid: int) -> LineLink | None:
        """A line of the front door before us, in a call; None: it is gone."""
        # it is in a call: events may come with the first bytes
        line = LineLink(line_id, pid, self._socket(line_id), self._event, self._died)
        self._taken[line_id] = line
        try:
            await line.connect()
        except OSError:
            self._taken.pop(line_id, None)
            return None
        return line

    def _event(self, line: LineLink, event: Event) -> None:
        if isinstance(event, Ready):
            self._addresses[line.line_id] = (event.sip_host, event.sip_port)
            if line.line_id in self._ready:
                self._ready[line.line_id].set()
        elif line.line_id in self._taken:
            self._on_event(line, event)

    def _died(self, line: LineLink) -> None:
        self._forget(line.line_id)
        if self._taken.pop(line.line_id, None) is not None:
            self._on_death(line)
        elif line in self._spares:
            self._spares.remove(line)
            log.warning("spare_line_died", line=line.line_id)
            self.refill()

    def _socket(self, line_id: str) -> Path:
        return self._settings.run_dir / "lines" / f"{line_id}.sock"

    def _forget(self, line_id: str) -> None:
        """A line that is gone; one that was killed could not remove its socket."""
        self._addresses.pop(line_id, None)
        self._tokens.pop(line_id, None)
        self._socket(line_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the sockets of lines that died while there was no front door. Adopt first: a line heeds the newest."""
        for path in self._socket("x").parent.glob("*.sock"):
            if path.stem in self._taken:
                continue
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.setblocking(False)
                if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
                    path.unlink(missing_ok=True)

    async def watch(self) -> None:
        """Kill what has not been heard for too long, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_WATCH_S)
            for line in [*self._taken.values(), *self._spares]:
                if loop.time() - line.heard_at > _HUNG_S:
                    log.warning("line_hung", line=line.line_id)
                    line.heard_at = loop.time()
                    line.kill()
            self.refill()

    async def stop(self) -> None:
        """End the spares and the nursery; taken lines are their calls' business."""
        self._stopping = True
        if self._refilling is not None:
            self._refilling.cancel()
        for line in self._spares:
            line.send(End())
        await asyncio.sleep(0.05)
        for line in [*self._spares, *self._taken.values()]:
            line.close()
        await self._nursery.stop()
