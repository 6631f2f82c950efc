"""Utterances that wait for their text: on disk until it has come back, handed out fairly over the calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from telephony.disk import replace
from telephony.events import Side

log = structlog.get_logger(__name__)


class Waiting(msgspec.Struct, frozen=True):
    """An utterance without text. ``path`` is absolute."""

    call_id: str
    index: int
    side: Side
    part: int
    start_s: float
    end_s: float
    path: str

    @property
    def id(self) -> str:
        """Its job's id."""
        return f"{self.call_id}:{self.index}"


class _Done(msgspec.Struct, frozen=True):
    done: str


class PendingText:
    """The list, in the order of arrival. ``is_live(call_id)``: live calls come first."""

    def __init__(self, path: Path, is_live: Callable[[str], bool]) -> None:
        self._path = path
        self._is_live = is_live
        self._waiting: dict[str, Waiting] = {}
        self._in_hand: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._load()
        replace(path, b"".join(msgspec.json.encode(item) + b"\n" for item in self._waiting.values()))
        self._file = path.open("ab", buffering=0)

    def _load(self) -> None:
        if not self._path.exists():
            return
        for line in self._path.read_bytes().splitlines():
            try:
                item = msgspec.json.decode(line)
                if "done" in item:
                    self._waiting.pop(item["done"], None)
                else:
                    waiting = msgspec.convert(item, Waiting)
                    self._waiting[waiting.id] = waiting
            except (msgspec.DecodeError, TypeError):
                log.warning("pending_line_broken")  # the torn last line of a killed process

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, waiting: Waiting) -> None:
        """One more."""
        self._waiting[waiting.id] = waiting
        self._write(waiting)

    def next(self) -> Waiting | None:
        """The next to recognise, now in somebody's hand: the call with the fewest in hand first, live before ended."""
        in_hand: dict[str, int] = {}
        for job in self._in_hand:
            call_id = job.partition(":")[0]
            in_hand[call_id] = in_hand.get(call_id, 0) + 1
        free = [waiting for waiting in self._waiting.values() if waiting.id not in self._in_hand]
        if not free:
            return None
        chosen = min(free, key=lambda w: (not self._is_live(w.call_id), in_hand.get(w.call_id, 0)))
        self._in_hand.add(chosen.id)
        return chosen

    def put_back(self, job: str) -> None:
        """Its scribe was lost, or failed in a way that may pass."""
        self._in_hand.discard(job)

    def get(self, job: str) -> Waiting | None:
        """What a job is about; None: its text has come already."""
        return self._waiting.get(job)

    def done(self, job: str) -> None:
        """Its caption is in the spool."""
        self._in_hand.discard(job)
        if self._waiting.pop(job, None) is not None:
            self._write(_Done(job))

    def calls(self) -> set[str]:
        """Calls that wait for text."""
        return {waiting.call_id for waiting in self._waiting.values()}

    def _write(self, item: Waiting | _Done) -> None:
        try:
            self._file.write(msgspec.json.encode(item) + b"\n")
        except OSError:
            log.exception("pending_not_written")  # in memory it is kept all the same

    def sync(self) -> None:
        """On the disk."""
        os.fsync(self._file.fileno())
