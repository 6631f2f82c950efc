"""The gateway of demonstrations and tests: a file with one JSON line a message. Nothing leaves the machine."""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import datetime
from pathlib import Path
from threading import Lock

import msgspec

from app.clock import local_iso, utc_now


class Sent(msgspec.Struct, frozen=True):
    """A line. ``at``: when it was written, in the city's zone."""

    id: str
    at: str
    recipient: str
    text: str


class FileGateway:
    """Appends under a lock that all processes share, on disk before it returns; an id that is there is not repeated.

    Only its owner can read the file: it holds telephone numbers.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: set[str] = set()
        self._read_to = 0
        self._turn = Lock()

    async def send(self, message_id: str, recipient: str, text: str) -> None:
        """See :class:`app.messages.gateway.Gateway`; it never refuses."""
        await asyncio.to_thread(self._append, message_id, recipient, text, utc_now())

    def _append(self, message_id: str, recipient: str, text: str, at: datetime) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._turn:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                end = self._catch_up(descriptor)
                if message_id in self._ids:
                    return
                line = msgspec.json.encode(Sent(message_id, local_iso(at) or "", recipient, text)) + b"\n"
                os.ftruncate(descriptor, end)  # half a line of a process that was killed: it was never answered for
                os.pwrite(descriptor, line, end)
                os.fsync(descriptor)
                self._ids.add(message_id)
                self._read_to = end + len(line)
            finally:
                os.close(descriptor)

    def _catch_up(self, descriptor: int) -> int:
        """Learn the ids that others have written since; where whole lines end."""
        size = os.fstat(descriptor).st_size
        if size < self._read_to:  # somebody has put the file away
            self._ids, self._read_to = set(), 0
        news = os.pread(descriptor, size - self._read_to, self._read_to)
        whole = news[: news.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._ids.add(msgspec.json.decode(line, type=Sent).id)
        self._read_to += len(whole)
        return self._read_to


def read_sent(path: Path) -> list[Sent]:
    """Every whole line of the file; none where there is no file."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [msgspec.json.decode(line, type=Sent) for line in lines if line.endswith(b"\n")]
