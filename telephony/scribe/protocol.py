"""What the front door and a scribe say to each other: JSON lines over ``<run_dir>/scribe.sock``.

The front door listens; a scribe connects, says how much it takes at once, and gets utterances up to that number.
The front door keeps every utterance until its text has come back: a scribe holds no state and may die at any time.
"""

from __future__ import annotations

import msgspec


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """Scribe → front door, first message. ``capacity``: utterances in hand at once."""

    model: str
    capacity: int
    pid: int


class Job(msgspec.Struct, tag="job", frozen=True):
    """Front door → scribe: [start_s, end_s] of a WAV that may still be growing (its header sizes may be 0)."""

    id: str
    path: str
    start_s: float
    end_s: float


class Text(msgspec.Struct, tag="text", frozen=True):
    """Scribe → front door. Empty ``text``: nothing was said (or it was judged a hallucination, see ``dropped``)."""

    id: str
    text: str
    model: str
    avg_logprob: float | None = None
    took_s: float = 0.0
    dropped: str | None = None
    uncorrected: str | None = None
    """What the recogniser wrote, where the corrector changed it."""


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """Scribe → front door: this job cannot be done (file missing or broken); ``retry`` says whether later may help."""

    id: str
    reason: str
    retry: bool


Message = Hello | Job | Text | Failed
_messages: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """One message as a JSON line."""
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes) -> Message:
    """Raise msgspec.DecodeError on anything that is no message."""
    return _messages.decode(line)
