"""The contract between telephony and the ticket side: what happened on a call.

An event is written to the spool before anything else, delivered at least once and in order per call to
``POST /internal/call-events``, and acknowledged only after the app has committed it. (call_id, seq) is its identity.
Kinds may be added; a receiver keeps kinds it does not know (decode to :class:`Envelope` first).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

CALL_EVENTS_PATH = "/internal/call-events"
SECRET_HEADER = "X-Hotline-Secret"  # noqa: S105  (a header's name)

Outcome = Literal[
    "appeal",  # the caller stated an appeal and the voice intake took it
    "partial",  # the caller hung up (or was lost) after having spoken
    "silent",  # answered, but no speech was ever heard
    "digits_only",  # only keys were pressed
    "abandoned_greeting",  # hung up during the greeting without having spoken
    "failed",  # could not be answered or broke down
    # of calls the hotline places
    "surveyed",  # every question was answered
    "partly_surveyed",  # some were
    "not_surveyed",  # the citizen picked up, but answered none
    "unanswered",  # nobody picked up
    "busy",
    "declined",  # the citizen did not want to take it
    "unreachable",  # no such number, or the network cannot reach it
]
Side = Literal["citizen", "agent"]


class Arrived(msgspec.Struct, tag="arrived", frozen=True):
    """An INVITE was accepted for a call. ``ani`` is the network's calling number as dialled, not normalised.

    ``source``: address and port its datagram came from.
    """

    ani: str
    dialled: str
    sip_call_id: str
    source: str


class Placed(msgspec.Struct, tag="placed", frozen=True):
    """The hotline places a call: the first event of it, in place of ``arrived``. ``number``: the citizen's.

    ``caller``: the number the citizen is shown. One order (``telephony.orders``) is one call.
    """

    order_id: str
    purpose: str
    survey: str
    number: str
    caller: str


class Greeted(msgspec.Struct, tag="greeted", frozen=True):
    """The greeting with its recording notice was played to its end (or cut short by a key)."""

    prompt: str
    complete: bool


class Queued(msgspec.Struct, tag="queued", frozen=True):
    group: str


class Offered(msgspec.Struct, tag="offered", frozen=True):
    agent: str


class Answered(msgspec.Struct, tag="answered", frozen=True):
    """The citizen's leg is connected. ``by`` is "system" for the voice intake, else the agent's id."""

    by: str
    setup_ms: float


class Held(msgspec.Struct, tag="held", frozen=True):
    by: str


class Resumed(msgspec.Struct, tag="resumed", frozen=True):
    by: str


class Digit(msgspec.Struct, tag="digit", frozen=True):
    digit: str
    method: Literal["rfc4733", "info"]


class Utterance(msgspec.Struct, tag="utterance", frozen=True):
    """Somebody spoke; text follows later as a :class:`Caption` with the same ``index``.

    ``start_s``/``end_s`` are seconds from the start of recording part ``part`` of ``side``.
    """

    index: int
    side: Side
    part: int
    start_s: float
    end_s: float


class Caption(msgspec.Struct, tag="caption", frozen=True):
    """Text of utterance ``index``; empty when the recogniser heard no words. May arrive after ``ended``.

    ``uncorrected``: what the recogniser wrote, where characters were then put right by their sound.
    """

    index: int
    side: Side
    part: int
    start_s: float
    end_s: float
    text: str
    model: str
    avg_logprob: float | None = None
    uncorrected: str | None = None


class LegJoined(msgspec.Struct, tag="leg_joined", frozen=True):
    leg: str
    party: str


class LegLeft(msgspec.Struct, tag="leg_left", frozen=True):
    leg: str
    cause: int


class TransferStarted(msgspec.Struct, tag="transfer_started", frozen=True):
    target: str


class TransferAnswered(msgspec.Struct, tag="transfer_answered", frozen=True):
    target: str


class TransferFailed(msgspec.Struct, tag="transfer_failed", frozen=True):
    target: str
    cause: int


class SupervisorJoined(msgspec.Struct, tag="supervisor_joined", frozen=True):
    supervisor: str
    mode: Literal["listen", "whisper", "barge"]


class Abandoned(msgspec.Struct, tag="abandoned", frozen=True):
    waited_s: float


class Voicemail(msgspec.Struct, tag="voicemail", frozen=True):
    """The voice intake read the reserved ticket number back to the caller."""

    ticket_no: str


class Survey(msgspec.Struct, tag="survey", frozen=True):
    """A question of a survey was answered. ``answer``: what the key meant (``telephony/conversation/surveys.py``)."""

    question: str
    digit: str
    answer: str


class SpeechInvited(msgspec.Struct, tag="speech_invited", frozen=True):
    """The citizen was asked to speak, and the tone is over: what is said from now on answers ``question``."""

    question: str


class Reanchored(msgspec.Struct, tag="reanchored", frozen=True):
    """The line died and the citizen's leg goes on on another; recording continues as ``part``."""

    part: int
    gap_ms: float


class RecordingPart(msgspec.Struct, frozen=True):
    """``path`` is relative to the recordings folder. 8 kHz 16-bit mono WAV."""

    side: Side
    part: int
    path: str
    seconds: float


class Recording(msgspec.Struct, tag="recording", frozen=True):
    """All parts of both sides, final (headers repaired)."""

    parts: list[RecordingPart]


class Ended(msgspec.Struct, tag="ended", frozen=True):
    """The call is over. ``ticket_no`` is the number reserved for it (set for appeals).

    ``sip_cause``: of a call that was not answered the network's final answer.
    """

    by: Literal["citizen", "system", "agent", "network"]
    sip_cause: int
    outcome: Outcome
    talk_s: float
    utterances: int
    digits: str
    ticket_no: str | None = None


Payload = (
    Arrived | Placed | Greeted | Queued | Offered | Answered | Held | Resumed | Digit | Utterance | Caption | LegJoined
    | LegLeft | TransferStarted | TransferAnswered | TransferFailed | SupervisorJoined | Abandoned | Voicemail
    | Survey | SpeechInvited | Reanchored | Recording | Ended
)  # fmt: skip


class CallEvent(msgspec.Struct, frozen=True):
    """One event of a call. ``call_id``: UUIDv7 as text; ``seq`` from 1 without holes; ``at`` UTC; ``node``: machine."""

    call_id: str
    seq: Annotated[int, msgspec.Meta(ge=1)]
    at: datetime
    node: str
    payload: Payload


class Envelope(msgspec.Struct, frozen=True):
    """The same event with an undecoded payload: what a receiver reads first, so that unknown kinds are kept."""

    call_id: str
    seq: Annotated[int, msgspec.Meta(ge=1)]
    at: datetime
    node: str
    payload: dict[str, Any]

    @property
    def kind(self) -> str:
        """The payload's tag, "unknown" when there is none."""
        return str(self.payload.get("type", "unknown"))


class Delivery(msgspec.Struct, frozen=True):
    """Body of the POST: events in spool order."""

    events: list[Envelope]


class Receipt(msgspec.Struct, frozen=True):
    """Answer: how many were new, and how many had been committed before."""

    accepted: int
    repeated: int
