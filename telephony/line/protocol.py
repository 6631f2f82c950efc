"""What the front door and a line say to each other: JSON lines over the line's unix socket.

The line listens on ``<run_dir>/lines/<line_id>.sock``; the front door connects (and connects again after its own
restart; a line outlives the front door). One line serves one conversation and exits after it. The line decides
nothing: the conversation's state lives in the front door, so that it survives the line.
"""

from __future__ import annotations

from typing import Literal

import msgspec

TOKEN_HEADER = "X-Hotline-Line"  # noqa: S105  (a header's name)
"""In the INVITE to a line: the token it was forked with. Who does not know it is refused: its port may be public."""

# ---- front door → line


class Prepare(msgspec.Struct, tag="prepare", frozen=True):
    """Precedes the INVITE: whose call this is and where its sound goes.

    The line answers the next INVITE with 200, records ``<directory>/citizen-<part>.wav`` (what the citizen says) and
    ``<directory>/agent-<part>.wav`` (what the citizen hears), and reports utterances of the citizen's side.
    """

    call_id: str
    directory: str
    part: int


class Play(msgspec.Struct, tag="play", frozen=True):
    """Play the files one after the other to the citizen; a later Play replaces an earlier one."""

    id: str
    files: list[str]


class StopPlay(msgspec.Struct, tag="stop_play", frozen=True):
    pass


class End(msgspec.Struct, tag="end", frozen=True):
    """Close the recorders, hang up what is left, say Finished, exit."""


Command = Prepare | Play | StopPlay | End

# ---- line → front door


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """First message on every connection: what the line is and does now."""

    line_id: str
    pid: int
    sip_host: str
    sip_port: int
    call_id: str | None
    part: int


class Media(msgspec.Struct, tag="media", frozen=True):
    """The citizen's leg has sound in both directions and is being recorded."""

    codec: str


class Digit(msgspec.Struct, tag="digit", frozen=True):
    digit: str
    method: Literal["rfc4733", "info"]


class Played(msgspec.Struct, tag="played", frozen=True):
    """The Play with this id has been played to its end."""

    id: str


class SpeechStarted(msgspec.Struct, tag="speech_started", frozen=True):
    at_s: float


class SpeechEnded(msgspec.Struct, tag="speech_ended", frozen=True):
    """An utterance, cut by the VAD (or at its maximum length, then ``final`` is False and speech goes on).

    ``voiced_s`` is how much within [start_s, end_s] of this recording part had the pitch of a voice.
    """

    start_s: float
    end_s: float
    voiced_s: float
    final: bool


class Hold(msgspec.Struct, tag="hold", frozen=True):
    """The citizen's session has sound both ways (False) or not: we are on hold. Said of the first session and changes.

    While held no RTP need come: :class:`RtpSilence` is said after a longer time.
    """

    held: bool


class RtpSilence(msgspec.Struct, tag="rtp_silence", frozen=True):
    """No RTP has come from the citizen for this long."""

    seconds: float


class Beat(msgspec.Struct, tag="beat", frozen=True):
    """Each second: alive."""

    recorded_s: float


class Finished(msgspec.Struct, tag="finished", frozen=True):
    """The recorders are closed; the line exits now."""

    cause: int


Event = Ready | Media | Digit | Played | SpeechStarted | SpeechEnded | Hold | RtpSilence | Beat | Finished


def encode(message: Command | Event) -> bytes:
    """One message as a JSON line."""
    return msgspec.json.encode(message) + b"\n"


_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def decode_command(line: bytes) -> Command:
    """Raise msgspec.DecodeError on anything that is no command."""
    return _commands.decode(line)


def decode_event(line: bytes) -> Event:
    """Raise msgspec.DecodeError on anything that is no event."""
    return _events.decode(line)
