"""Call events on disk before anything else: append-only segments of JSON lines, and how far they are delivered.

What is appended survives the death of the process at once, and that of the machine after :meth:`Spool.sync`.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from telephony.disk import replace
from telephony.events import CallEvent, Envelope

log = structlog.get_logger(__name__)

_NAME = re.compile(r"^(\d{10})\.jsonl$")
_SEGMENT_BYTES = 8 << 20
_KEPT_SEGMENTS = 4


class Position(NamedTuple):
    """A place in the spool: before the byte ``offset`` of segment ``segment``."""

    segment: int
    offset: int


class Spool:
    """One writer, one reader."""

    def __init__(
        self, folder: Path, *, keep: Callable[[], bool] = lambda: False, segment_bytes: int = _SEGMENT_BYTES
    ) -> None:
        """``keep()`` True: delivered segments are kept for now (somebody still counts on them)."""
        self._folder = folder
        self._keep = keep
        self._segment_bytes = segment_bytes
        folder.mkdir(parents=True, exist_ok=True)
        segments = self._segments()
        self._segment = segments[-1] if segments else 1
        self._cut_torn_line(self._path(self._segment))
        self._file = self._path(self._segment).open("ab", buffering=0)
        self._ack = self._read_ack()
        self._dirty = False

    def _segments(self) -> list[int]:
        return sorted(int(match[1]) for path in self._folder.iterdir() if (match := _NAME.match(path.name)))

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment:010d}.jsonl"

    @staticmethod
    def _cut_torn_line(path: Path) -> None:
        if not path.exists():
            return
        with path.open("r+b") as file:
            data = file.read()
            whole = data.rfind(b"\n") + 1
            if whole < len(data):
                log.warning("torn_line_cut", bytes=len(data) - whole)
                file.truncate(whole)

    def append(self, event: CallEvent) -> None:
        """Write an event.

        Raises:
            OSError: the disk takes no more; a half-written line is cut off again.
        """
        line = msgspec.json.encode(event) + b"\n"
        before = self._file.seek(0, os.SEEK_END)
        written = 0
        try:
            written = self._file.write(line)
        finally:
            if written != len(line):
                self._file.truncate(before)
        if written != len(line):
            raise OSError(errno.ENOSPC, "short write")
        self._dirty = True
        if before + len(line) >= self._segment_bytes:
            self._roll()

    def _roll(self) -> None:
        self.sync()
        self._file.close()
        self._segment += 1
        self._file = self._path(self._segment).open("ab", buffering=0)
        for segment in self._segments():
            if segment < min(self._ack.segment, self._segment - _KEPT_SEGMENTS) and not self._keep():
                self._path(segment).unlink()

    def sync(self) -> None:
        """What was appended is on the disk when this returns."""
        if self._dirty and not self._file.closed:
            self._dirty = False
            os.fsync(self._file.fileno())

    # ---- delivery

    def _read_ack(self) -> Position:
        """The machine may have died with the one file on the disk and the other not: never beyond what there is."""
        segments = self._segments()
        end = Position(self._segment, self._path(self._segment).stat().st_size)
        try:
            ack = Position(*msgspec.json.decode((self._folder / "ack.json").read_bytes(), type=tuple[int, int]))
        except FileNotFoundError:
            return Position(segments[0], 0)
        except msgspec.DecodeError:
            log.warning("ack_broken")  # all of it once more: the receiver knows what it has
            return Position(segments[0], 0)
        return min(ack, end)

    def unacked(self, limit: int) -> tuple[list[Envelope], Position]:
        """The next events to deliver, and what to :meth:`ack` when they are."""
        events: list[Envelope] = []
        segment, offset = self._ack
        while len(events) < limit:
            try:
                with self._path(segment).open("rb") as file:
                    file.seek(offset)
                    while len(events) < limit and (line := file.readline()).endswith(b"\n"):
                        offset += len(line)
                        if (event := _decode(line)) is not None:
                            events.append(event)
            except FileNotFoundError:
                log.warning("segment_missing", segment=segment)
            if len(events) >= limit or segment >= self._segment:
                break
            segment, offset = segment + 1, 0
        return events, Position(segment, offset)

    def ack(self, position: Position) -> None:
        """Everything before this place has been committed by the receiver."""
        if position != self._ack:
            self._ack = position
            try:
                replace(self._folder / "ack.json", msgspec.json.encode(position), durable=False)
            except OSError:
                log.exception("ack_not_written")  # a restart would deliver again

    def backlog_bytes(self) -> int:
        """How much is not delivered yet."""
        return sum(
            self._path(segment).stat().st_size - (self._ack.offset if segment == self._ack.segment else 0)
            for segment in self._segments()
            if segment >= self._ack.segment
        )

    def all_events(self) -> Iterator[Envelope]:
        """Everything still on disk, delivered or not: how a restarted front door knows each call's last number."""
        for segment in self._segments():
            with self._path(segment).open("rb") as file:
                for line in file:
                    if (event := _decode(line)) is not None:
                        yield event

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        self._file.close()


def _decode(line: bytes) -> Envelope | None:
    try:
        return msgspec.json.decode(line, type=Envelope)
    except msgspec.DecodeError:
        log.warning("spool_line_broken", bytes=len(line))
        return None
