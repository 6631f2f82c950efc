"""A line: one process, one conversation. It answers, plays, records, reports; it decides nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
import wave
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec
import structlog

from telephony.disk import keep_private, replace
from telephony.line.control import Control
from telephony.line.endpoint import Addresses, Endpoint, Happened
from telephony.line.protocol import (
    Beat,
    Command,
    Digit,
    End,
    Finished,
    Hold,
    Media,
    Play,
    Played,
    Prepare,
    Ready,
    RtpSilence,
    SpeechEnded,
    SpeechStarted,
    StopPlay,
)
from telephony.line.tail import Tail
from telephony.line.vad import Cut, Cutter, Started

log = structlog.get_logger(__name__)

_BUSY_POLL_MS = 10
_IDLE_POLL_MS = 100
_BEAT_S = 1.0
_LISTEN_S = 0.1
_ORPHAN_IDLE_S = 60.0
_ORPHAN_CALL_S = 300.0
_LAST_WORDS_S = 5.0
"""How long a finished line waits for a controller to fetch its last events."""


class LineSpec(msgspec.Struct, frozen=True):
    """What the nursery is told about a line to fork."""

    line_id: str
    run_dir: str
    host: str
    sip_port: int
    rtp_port: int
    rtp_range: int
    max_call_s: float
    rtp_silence_s: float
    held_silence_s: float
    token: str
    """Only an INVITE that carries it is taken."""


class Line:
    """The loop between SIP and the controller. ``clock`` is monotonic seconds."""

    def __init__(self, spec: LineSpec, endpoint: Endpoint, control: Control, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._endpoint = endpoint
        self._control = control
        self._clock = clock
        self._prepared: Prepare | None = None
        self._answered = False
        self._tail: Tail | None = None
        self._cutter = Cutter()
        self._cause: int | None = None
        self._stop = False
        self._started = self._controlled = clock()
        self._beat = self._listened = self._started
        self._packets = 0
        self._media_since = self._started
        self._silent_since = self._started
        self._silent_told = False
        self._held: bool | None = None

    def stop(self) -> None:
        """End the conversation cleanly (SIGTERM)."""
        self._stop = True

    def run(self) -> None:
        """Until the conversation is over."""
        while self._cause is None:
            busy = self._endpoint.has_call
            self._endpoint.poll(_BUSY_POLL_MS if busy else _IDLE_POLL_MS)
            self._serve_controller()
            while self._endpoint.happened and self._cause is None:
                self._on_happened(self._endpoint.happened.popleft())
            self._listen()
            self._watch()
        self._finish(self._cause)

    def _serve_controller(self) -> None:
        if self._control.accept():
            prepared = self._prepared
            ready = Ready(
                line_id=self._spec.line_id,
                pid=os.getpid(),
                sip_host=self._spec.host,
                sip_port=self._endpoint.sip_port,
                call_id=prepared.call_id if prepared else None,
                part=prepared.part if prepared else 0,
            )
            self._control.send(ready)
            self._control.send_waiting()
        for command in self._control.commands():
            self._on_command(command)
        self._control.flush()

    def _on_command(self, command: Command) -> None:
        match command:
            case Prepare():
                try:
                    Path(command.directory).mkdir(parents=True, exist_ok=True)
                except OSError:
                    log.exception("recordings_folder_not_made")  # a call without a recording is better than none
                self._prepared = command
                self._answer()
            case Play():
                self._endpoint.play(command.id, [Path(file) for file in command.files])
            case StopPlay():
                self._endpoint.stop_play()
            case End():
                self._stop = True

    def _on_happened(self, happened: Happened) -> None:
        match happened.kind:
            case "incoming":
                self._answer()
            case "media":
                self._connect(happened.text)
            case "hold":
                self._on_hold(held=bool(happened.number))
            case "digit":
                self._control.send(Digit(digit=happened.text, method="info" if happened.number else "rfc4733"))
            case "eof":
                if self._endpoint.ended_play(happened.text):
                    self._control.send(Played(id=happened.text))
            case "ended":
                self._cause = happened.number

    def _answer(self) -> None:
        """The INVITE may come before its Prepare or after."""
        if self._prepared is not None and self._endpoint.has_call and not self._answered:
            self._answered = True
            self._endpoint.answer()

    def _connect(self, codec: str) -> None:
        assert self._prepared is not None
        folder = Path(self._prepared.directory)
        first = self._tail is None
        citizen = folder / f"citizen-{self._prepared.part}.wav"
        self._endpoint.connect(citizen, folder / f"agent-{self._prepared.part}.wav")
        if first:
            self._tail = Tail(citizen)
            self._media_since = self._silent_since = self._clock()
            self._control.send(Media(codec=codec))

    def _on_hold(self, *, held: bool) -> None:
        if held != self._held:
            self._held = held
            self._silent_since, self._silent_told = self._clock(), False
            self._control.send(Hold(held=held))

    def _listen(self) -> None:
        now = self._clock()
        if self._tail is None or now - self._listened < _LISTEN_S:
            return
        self._listened = now
        for frame in self._tail.frames():
            self._report(self._cutter.push(frame))

    def _report(self, found: list[Started | Cut]) -> None:
        for piece in found:
            if isinstance(piece, Started):
                self._control.send(SpeechStarted(at_s=round(piece.at_s, 3)))
            else:
                self._control.send(
                    SpeechEnded(
                        start_s=round(piece.start_s, 3),
                        end_s=round(piece.end_s, 3),
                        voiced_s=round(piece.voiced_s, 3),
                        final=piece.final,
                    )
                )

    def _watch(self) -> None:
        now = self._clock()
        if now - self._beat >= _BEAT_S:
            self._beat = now
            self._control.send(Beat(recorded_s=round(now - self._started, 1)))
            self._watch_rtp(now)
        if self._control.connected:
            self._controlled = now
        orphan_s = _ORPHAN_CALL_S if self._endpoint.has_call else _ORPHAN_IDLE_S
        too_long = self._answered and now - self._media_since > self._spec.max_call_s
        if self._stop or now - self._controlled > orphan_s or too_long:
            self._cause = 0

    def _watch_rtp(self, now: float) -> None:
        if self._tail is None:
            return
        packets = self._endpoint.received_packets()
        if packets != self._packets:
            self._packets, self._silent_since, self._silent_told = packets, now, False
        silent = now - self._silent_since
        longest = self._spec.held_silence_s if self._held else self._spec.rtp_silence_s
        if silent >= longest and not self._silent_told:
            self._silent_told = True
            self._control.send(RtpSilence(seconds=round(silent, 1)))

    def _finish(self, cause: int) -> None:
        self._endpoint.hang_up()
        for _ in range(5):  # let the BYE go out
            self._endpoint.poll(10)
        self._endpoint.ended()
        if self._tail is not None:
            for frame in self._tail.frames():
                self._report(self._cutter.push(frame))
            self._report(self._cutter.flush())
            self._tail.close()
        self._control.send(Finished(cause=cause))
        end = self._clock() + _LAST_WORDS_S
        while not self._control.connected and self._prepared is not None and self._clock() < end:
            self._endpoint.poll(50)
            self._serve_controller()


def run(spec: LineSpec, ready: Callable[[], None]) -> None:
    """The life of a line; ``ready`` is called when it takes commands and calls."""
    control = Control(Path(spec.run_dir) / "lines" / f"{spec.line_id}.sock")
    addresses = Addresses(spec.host, spec.sip_port, spec.rtp_port, spec.rtp_range)
    endpoint = Endpoint(addresses, _silence(spec), spec.token)
    line = Line(spec, endpoint, control, time.monotonic)
    signal.signal(signal.SIGTERM, lambda *_: line.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready()
    try:
        line.run()
    finally:
        control.close()
        endpoint.destroy()


def _silence(spec: LineSpec) -> Path:
    return Path(spec.run_dir) / "silence.wav"


def make_silence(spec: LineSpec) -> None:
    """A second of silence, one file for all lines: it keeps the time of their recordings going while nobody sends."""
    if _silence(spec).exists():
        return
    content = BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    replace(_silence(spec), content.getvalue(), durable=False)


def main() -> None:
    """``python -m telephony.line.process '{"line_id": …}'``: one line by hand."""
    keep_private()
    spec = msgspec.json.decode(sys.argv[1].encode(), type=LineSpec)
    make_silence(spec)
    run(spec, lambda: None)


if __name__ == "__main__":
    main()
