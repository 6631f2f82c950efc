"""What a new front door must know of each call of the one before: a file a call, replaced in one step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

from telephony.conversation.survey import SurveyState
from telephony.conversation.voice_intake import State
from telephony.disk import replace

log = structlog.get_logger(__name__)


class PlacedRecord(msgspec.Struct):
    """Of a call that we place: the order, and how far it has come. Times are seconds since the epoch."""

    order_id: str
    number: str
    purpose: str
    survey: str
    expires_at: float
    dialled_at: float | None = None
    """Durable before the INVITE leaves: what was dialled is not dialled again."""
    heard_at: float | None = None
    """The network has answered something."""
    cancel: str | None = None
    """The CANCEL for the INVITE that rings, for a front door that knows nothing else of it."""
    state: SurveyState = msgspec.field(default_factory=SurveyState)


class CallRecord(msgspec.Struct):
    """A call that is not over. Times are seconds since the epoch."""

    call_id: str
    arrived_at: float
    line_id: str | None = None
    line_pid: int | None = None
    part: int = 1
    seq: int = 0
    utterances: int = 0
    answered_at: float | None = None
    reanchored: int = 0
    speech_since: float | None = None
    """Second of the present recording part since when the citizen has been speaking."""
    state: State = msgspec.field(default_factory=State)
    placed: PlacedRecord | None = None
    """Set: we called the citizen, and ``state`` has no part in it."""
    sip: dict[str, Any] | None = None


class Journal:
    """The folder of call records."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, record: CallRecord, *, durable: bool = False) -> None:
        """Replace the call's record; ``durable``: also against the machine's death."""
        try:
            self._replace(record, durable=durable)
        except OSError:
            log.exception("journal_not_written")  # a full disk must not end the call

    def begin(self, record: CallRecord) -> None:
        """The record of a call that must not begin without one.

        Raises:
            OSError: it is not on the disk.
        """
        self._replace(record, durable=True)

    def _replace(self, record: CallRecord, *, durable: bool) -> None:
        replace(self._folder / f"{record.call_id}.json", msgspec.json.encode(record), durable=durable)

    def remove(self, call_id: str) -> None:
        """The call's end is in the spool."""
        (self._folder / f"{call_id}.json").unlink(missing_ok=True)

    def records(self) -> Iterator[CallRecord]:
        """Calls a front door left behind."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                yield msgspec.json.decode(path.read_bytes(), type=CallRecord)
            except (msgspec.DecodeError, msgspec.ValidationError):
                log.warning("journal_record_broken", file=path.name)
                path.rename(path.with_suffix(".broken"))
