"""The front door's side of lines: asks the nursery for them, speaks with them, sees them die. Imports no pjsua2."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog

from telephony.errors import TelephonyError
from telephony.line.protocol import Command, Event, decode_event, encode

log = structlog.get_logger(__name__)

_FORK_S = 5.0


class NurseryError(TelephonyError):
    """The nursery is gone or did not bring up the line."""

    id = "line.nursery"
    retry = True


class Nursery:
    """The nursery process. One request at a time; started again by the next request when it has died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._lock = asyncio.Lock()

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "telephony.line.nursery",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        log.info("nursery_started", pid=self._process.pid)

    async def fork(self, spec: dict[str, Any]) -> int:
        """A line of this specification (the fields of ``process.LineSpec``); its pid.

        Raises:
            NurseryError: it did not come up; asking again may help.
        """
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()
            assert self._reader is not None
            assert self._writer is not None
            try:
                self._writer.write(msgspec.json.encode(spec) + b"\n")
                await self._writer.drain()
                answer = await asyncio.wait_for(self._reader.readline(), _FORK_S)
                born = msgspec.json.decode(answer)
            except (OSError, TimeoutError, msgspec.DecodeError) as error:
                await self._kill()
                raise NurseryError("线路进程未能启动") from error
            if not born["ok"]:
                raise NurseryError("线路进程未能启动")
            return int(born["pid"])

    async def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._process = None

    async def stop(self) -> None:
        """End the nursery; its lines live on."""
        if self._writer is not None:
            self._writer.close()
        await self._kill()


class LineLink:
    """The control connection to one line. Events come to ``on_event``; death of the process to ``on_death``, once."""

    def __init__(
        self,
        line_id: str,
        pid: int,
        socket_path: Path,
        on_event: Callable[[LineLink, Event], None],
        on_death: Callable[[LineLink], None],
    ) -> None:
        self.line_id = line_id
        self.pid = pid
        self.alive = True
        self.heard_at = asyncio.get_running_loop().time()
        self._socket = socket_path
        self._on_event = on_event
        self._on_death = on_death
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pidfd: int | None = None

    async def connect(self) -> None:
        """Connect and begin to watch the process.

        Raises:
            OSError: no such process, or nobody listens.
        """
        self._pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._died)
        try:
            reader, self._writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            self.close()
            raise
        self._reading = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self.heard_at = asyncio.get_running_loop().time()
                try:
                    event = decode_event(line)
                except msgspec.DecodeError:
                    log.warning("line_event_not_understood", line=self.line_id)
                    continue
                self._on_event(self, event)
        except OSError as error:
            log.info("line_link_lost", line=self.line_id, error=type(error).__name__)

    def _died(self) -> None:
        """The pidfd is readable: the process is gone. What it still said is read before anybody is told."""
        if not self.alive:
            return
        self.alive = False
        self._unwatch()
        asyncio.get_running_loop().create_task(self._tell_death())

    async def _tell_death(self) -> None:
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=0.5)
        self.close()
        self._on_death(self)

    def send(self, command: Command) -> None:
        """To the line; a dead one is told by ``on_death``."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(command))

    def kill(self) -> None:
        """A line that hangs: end it, ``on_death`` follows."""
        try:
            os.kill(self.pid, 9)
        except ProcessLookupError:
            log.info("line_was_gone", line=self.line_id)

    def _unwatch(self) -> None:
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def close(self) -> None:
        """Let go of the line; it lives on."""
        self.alive = False
        self._unwatch()
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()
