"""One call in the front door: its conversation, its line of the moment, its events, its record in the journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

import structlog

from telephony.conversation.talk import Action, HangUp, Hush, Note, Say, Talk
from telephony.conversation.voice_intake import IntakeSettings, VoiceIntake
from telephony.events import (
    Answered,
    Arrived,
    Ended,
    Held,
    Outcome,
    Payload,
    Reanchored,
    Recording,
    RecordingPart,
    Resumed,
    Utterance,
)
from telephony.front_door.journal import CallRecord
from telephony.line.client import LineLink
from telephony.line.protocol import (
    Digit,
    End,
    Event,
    Finished,
    Hold,
    Media,
    Play,
    Played,
    Prepare,
    RtpSilence,
    SpeechEnded,
    SpeechStarted,
    StopPlay,
)
from telephony.pending_text import Waiting
from telephony.recording import RecordingError, grown_seconds, repair

log = structlog.get_logger(__name__)

_SHORTEST_S = 0.3

EndedBy = Literal["citizen", "system", "agent", "network"]


class Surroundings(Protocol):
    """What a call needs of its front door."""

    def emit(self, record: CallRecord, payload: Payload) -> None:
        """Spool an event of the call."""

    def remember(self, record: CallRecord, *, durable: bool = False) -> None:
        """Journal the call."""

    def await_text(self, waiting: Waiting) -> None:
        """Have an utterance recognised."""

    def ask_sip(self, name: str, *arguments: Any) -> None:
        """Have the SIP edge do something."""

    def reserve_number(self) -> str | None:
        """A ticket number; None when none can be had now."""

    @property
    def prompts_dir(self) -> Path:
        """Where prompts lie."""

    @property
    def recordings_dir(self) -> Path:
        """Where recordings go."""


class Call:
    """Events from the line and from SIP in, events and commands out."""

    def __init__(self, door: Surroundings, record: CallRecord, clock: Callable[[], float] = time.time) -> None:
        self._door = door
        self._clock = clock
        self.record = record
        self.line: LineLink | None = None
        self.sip_over = asyncio.Event()
        self.line_over = asyncio.Event()
        self.lines_lost = 0
        """Lines lost or not had one after the other, none of which served the call."""
        self._ended_by: EndedBy = "network"
        self._cause = 0
        self._media_seen = record.answered_at is not None
        self._talk = self._begin_talk()

    def _begin_talk(self) -> Talk[Any]:
        """The conversation, where the record says it is."""
        return VoiceIntake(self._door.reserve_number, IntakeSettings(), self.record.state)

    @property
    def id(self) -> str:
        """The call's id."""
        return self.record.call_id

    @property
    def folder(self) -> Path:
        """Of its recordings, below the recordings folder."""
        day = time.strftime("%Y/%m/%d", time.gmtime(self.record.arrived_at))
        return Path(day) / self.id

    # ---- SIP

    def arrived(self, data: dict[str, Any]) -> None:
        """An INVITE."""
        self._emit(
            Arrived(ani=data["ani"], dialled=data["dialled"], sip_call_id=data["sip_call_id"], source=data["source"])
        )

    def on_line(self, line: LineLink) -> None:
        """This line serves it from now on: it is told before its INVITE comes."""
        self.line = line
        self.record.line_id, self.record.line_pid = line.line_id, line.pid
        folder = self._door.recordings_dir / self.folder
        line.send(Prepare(call_id=self.id, directory=str(folder.resolve()), part=self.record.part))
        self._door.remember(self.record)

    def answered(self, snapshot: dict[str, Any]) -> None:
        """The citizen has our 200."""
        self.lines_lost = 0
        self.record.answered_at = self._clock()
        self.record.sip = snapshot
        setup_ms = (self.record.answered_at - self.record.arrived_at) * 1000
        self._emit(Answered(by="system", setup_ms=round(setup_ms, 1)))
        self._door.remember(self.record, durable=True)

    def reanchored(self, gap_ms: float, snapshot: dict[str, Any]) -> None:
        """The citizen has taken the new line's session."""
        self.lines_lost = 0
        self.record.sip = snapshot
        self._emit(Reanchored(part=self.record.part, gap_ms=gap_ms))
        self._door.remember(self.record, durable=True)

    def renewed(self, snapshot: dict[str, Any]) -> None:
        """A dialog has gone on: what a new front door needs has changed."""
        self.record.sip = snapshot
        self._door.remember(self.record)

    def sip_ended(self, by: EndedBy, cause: int) -> None:
        """The citizen's leg is over."""
        if not self.sip_over.is_set():
            self._ended_by, self._cause = by, cause
            self.sip_over.set()
            if self.line is not None:
                self.line.send(End())

    def lost_line(self) -> None:
        """The line's process is gone: what was being said is cut here; the next line records the next part."""
        self.line = None
        self.lines_lost += 1
        if self.record.answered_at is not None:
            self._cut_open_speech()
            self.record.part += 1
            self.record.reanchored += 1

    # ---- the line

    def on_line_event(self, event: Event) -> None:
        """What the line reports."""
        now = self._clock()
        match event:
            case Media():
                actions = self._talk.reanchored() if self._media_seen else self._talk.answered()
                self._media_seen = True
                self._do(actions)
            case Played(id=play_id):
                self._do(self._talk.played(play_id, now))
            case Digit(digit=digit, method=method):
                self._do(self._talk.digit(digit, method, now))
            case SpeechStarted(at_s=at_s):
                self.record.speech_since = at_s
                self._do(self._talk.speech_started(now))
            case SpeechEnded():
                self.record.speech_since = None if event.final else event.end_s
                self._utterance(event.start_s, event.end_s)
                self._do(self._talk.speech_ended(event.voiced_s, final=event.final, now=now))
            case Hold(held=held):
                self._on_hold(now, held=held)
            case RtpSilence(seconds=seconds):
                log.info("citizen_silent_on_rtp", call=self.id, seconds=seconds)
                self._door.ask_sip("hang_up", self.id)
            case Finished():
                self.line_over.set()
            case _:
                return
        self._door.remember(self.record)  # also where nothing was to be done the conversation has gone on

    def _on_hold(self, now: float, *, held: bool) -> None:
        if held == (self._talk.state.held_since is not None):  # a line says it of its first session too
            return
        self._emit(Held(by="citizen") if held else Resumed(by="citizen"))
        if held:
            self._talk.held(now)
        else:
            self._do(self._talk.resumed(now))

    def tick(self) -> None:
        """Time has passed."""
        if self._media_seen and not self.sip_over.is_set():
            self._do(self._talk.tick(self._clock()))

    def _cut_open_speech(self) -> None:
        """An utterance the dead line had begun: up to where its recording reaches."""
        since, self.record.speech_since = self.record.speech_since, None
        recorded = grown_seconds(self._door.recordings_dir / self.folder / f"citizen-{self.record.part}.wav")
        if since is None:
            return
        said_s = max(0.0, recorded - since)
        if said_s >= _SHORTEST_S:
            self._utterance(since, recorded)
        self._do(self._talk.speech_ended(said_s, final=True, now=self._clock()))

    def _utterance(self, start_s: float, end_s: float) -> None:
        record = self.record
        record.utterances += 1
        path = self._door.recordings_dir / self.folder / f"citizen-{record.part}.wav"
        said = Utterance(record.utterances, "citizen", record.part, round(start_s, 3), round(end_s, 3))
        self._emit(said)
        self._door.await_text(
            Waiting(self.id, said.index, said.side, said.part, said.start_s, said.end_s, str(path.resolve()))
        )

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Note(payload=payload):
                    self._emit(payload)
                case HangUp():
                    self._door.ask_sip("hang_up", self.id)
                case _ if self.line is None:
                    continue
                case Say(id=play_id, prompts=prompts):
                    files = [str((self._door.prompts_dir / f"{prompt}.wav").resolve()) for prompt in prompts]
                    self.line.send(Play(id=play_id, files=files))
                case Hush():
                    self.line.send(StopPlay())
        if actions:
            self._door.remember(self.record)

    # ---- the end

    def finish(self) -> None:
        """Both legs and the line are over: settle the recording, say the last word."""
        parts = self._recordings()
        if parts:
            self._emit(Recording(parts=parts))
        answered_at = self.record.answered_at
        outcome = self._outcome()
        self._emit(
            Ended(
                by=self._ended_by,
                sip_cause=self._cause,
                outcome=outcome,
                talk_s=round(self._clock() - answered_at, 1) if answered_at else 0.0,
                utterances=self.record.utterances,
                digits=self._talk.state.digits,
                ticket_no=self._talk.ticket_no,
            )
        )

    def _outcome(self) -> Outcome:
        return self._talk.outcome(answered=self.record.answered_at is not None)

    def _recordings(self) -> list[RecordingPart]:
        parts = []
        for part in range(1, self.record.part + 1):
            for side in ("citizen", "agent"):
                relative = self.folder / f"{side}-{part}.wav"
                try:
                    seconds = repair(self._door.recordings_dir / relative)
                except RecordingError:
                    continue  # the line died before it had recorded anything
                except OSError:
                    log.exception("recording_not_settled", call=self.id, part=part, side=side)
                    continue
                parts.append(RecordingPart(side, part, str(relative), round(seconds, 2)))
        return parts

    def _emit(self, payload: Payload) -> None:
        self._door.emit(self.record, payload)
