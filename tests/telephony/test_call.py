"""One call of the front door, with surroundings that only take notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from telephony.events import Payload
from telephony.front_door.call import Call
from telephony.front_door.journal import CallRecord
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
    RtpSilence,
    SpeechEnded,
    SpeechStarted,
    StopPlay,
)
from telephony.pending_text import Waiting
from tests.telephony.test_small_files import wav

ARRIVED = 1_795_579_200.0  # 2026-11-25T04:00:00Z
NUMBER = "YC20261125100001"


class Line:
    def __init__(self, line_id: str = "l-1") -> None:
        self.line_id, self.pid = line_id, 4711
        self.told: list[Command] = []

    def send(self, command: Command) -> None:
        self.told.append(command)


class Notes:
    """Surroundings."""

    def __init__(self, folder: Path) -> None:
        self.prompts_dir, self.recordings_dir = folder / "prompts", folder / "recordings"
        self.events: list[Payload] = []
        self.journal: list[tuple[CallRecord, bool]] = []
        self.waiting: list[Waiting] = []
        self.sip: list[tuple[Any, ...]] = []
        self.number: str | None = NUMBER

    def emit(self, record: CallRecord, payload: Payload) -> None:
        record.seq += 1
        self.events.append(payload)

    def remember(self, record: CallRecord, *, durable: bool = False) -> None:
        self.journal.append((record, durable))

    def await_text(self, waiting: Waiting) -> None:
        self.waiting.append(waiting)

    def ask_sip(self, name: str, *arguments: Any) -> None:
        self.sip.append((name, *arguments))

    def reserve_number(self) -> str | None:
        return self.number

    @property
    def kinds(self) -> list[str]:
        return [type(payload).__name__.lower() for payload in self.events]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)


class Clock:
    now = ARRIVED

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def call(notes: Notes, clock: Clock) -> Call:
    """Just arrived."""
    one = Call(notes, CallRecord("c-1", ARRIVED), clock)
    one.arrived({"ani": "13900000001", "dialled": "12345", "sip_call_id": "x@y", "source": "127.0.0.1:5070"})
    return one


@pytest.fixture
def line(call: Call, clock: Clock) -> Line:
    """Serves the call, which is answered."""
    one = Line()
    call.on_line(one)  # type: ignore[arg-type]
    clock.now += 0.05
    call.answered({"version": 1})
    call.on_line_event(Media(codec="PCMA"))
    return one


def record_sound(notes: Notes, call: Call, name: str, seconds: float) -> None:
    folder = notes.recordings_dir / call.folder
    folder.mkdir(parents=True, exist_ok=True)
    wav(folder / f"{name}.wav", bytes(int(seconds * 16000)))


def test_a_line_is_told_whose_call_it_is_and_where_to_record(notes: Notes, call: Call, line: Line):
    assert line.told[0] == Prepare(
        call_id="c-1", directory=str(notes.recordings_dir / "2026" / "11" / "25" / "c-1"), part=1
    )
    play = line.told[1]
    assert isinstance(play, Play)
    assert play.files == [str(notes.prompts_dir / "greeting.wav")]
    assert (call.record.line_id, call.record.line_pid) == ("l-1", 4711)


def test_an_answered_call_is_journalled_durably_with_its_dialogs(notes: Notes, call: Call, line: Line):
    assert notes.kinds == ["arrived", "answered"]
    assert notes.events[1].setup_ms == pytest.approx(50.0, abs=0.2)  # type: ignore[union-attr]
    assert any(durable for _, durable in notes.journal)
    call.renewed({"version": 2})
    assert call.record.sip == {"version": 2}
    assert notes.journal[-1][0].sip == {"version": 2}


def test_utterances_wait_for_text_and_are_journalled_at_once(notes: Notes, call: Call, line: Line):
    call.on_line_event(SpeechStarted(at_s=1.0))
    assert call.record.speech_since == 1.0
    before = len(notes.journal)
    call.on_line_event(SpeechEnded(start_s=1.0, end_s=3.5, voiced_s=2.0, final=True))
    assert call.record.speech_since is None
    assert len(notes.journal) > before
    (waiting,) = notes.waiting
    assert (waiting.id, waiting.start_s, waiting.end_s) == ("c-1:1", 1.0, 3.5)
    assert waiting.path.endswith("c-1/citizen-1.wav")
    assert Path(waiting.path).is_absolute()


def test_whatever_a_line_reports_the_conversation_is_journalled_after_it(notes: Notes, call: Call, line: Line):
    for event in (Played(id="1"), Played(id="2"), SpeechStarted(at_s=1.0), Digit(digit="1", method="info")):
        notes.journal.clear()
        call.on_line_event(event)
        assert notes.journal
    assert call.record.state.phase == "listening"


def test_a_piece_of_longer_speech_leaves_the_rest_open(call: Call, line: Line):
    call.on_line_event(SpeechStarted(at_s=1.0))
    call.on_line_event(SpeechEnded(start_s=1.0, end_s=12.0, voiced_s=9.0, final=False))
    assert call.record.speech_since == 12.0
    assert call.record.state.speaking


def test_speech_a_lost_line_had_begun_is_cut_where_its_recording_ends(notes: Notes, call: Call, line: Line):
    call.on_line_event(SpeechStarted(at_s=1.0))
    record_sound(notes, call, "citizen-1", 3.0)
    call.lost_line()
    (waiting,) = notes.waiting
    assert (waiting.part, waiting.start_s, waiting.end_s) == (1, 1.0, 3.0)
    assert (call.record.part, call.record.reanchored, call.line) == (2, 1, None)
    assert not call.record.state.speaking


@pytest.mark.parametrize("recorded", [None, 0.5, 1.2])
def test_a_sound_too_short_to_be_kept_leaves_nobody_speaking_for_ever(
    notes: Notes, call: Call, line: Line, recorded: float | None
):
    call.on_line_event(SpeechStarted(at_s=1.0))
    if recorded is not None:
        record_sound(notes, call, "citizen-1", recorded)
    call.lost_line()
    assert notes.waiting == []
    assert not call.record.state.speaking


def test_a_line_lost_before_the_answer_begins_no_second_part(call: Call):
    call.on_line(Line())  # type: ignore[arg-type]
    call.lost_line()
    assert (call.record.part, call.record.reanchored) == (1, 0)
    assert call.lines_lost == 1


def test_the_next_line_records_the_next_part_and_says_the_prompt_again(notes: Notes, call: Call, line: Line):
    call.lost_line()
    second = Line("l-2")
    call.on_line(second)  # type: ignore[arg-type]
    call.on_line_event(Media(codec="PCMA"))
    call.reanchored(44.0, {"version": 2})
    assert isinstance(second.told[0], Prepare)
    assert second.told[0].part == 2
    assert isinstance(second.told[1], Play)
    assert second.told[1].files == [str(notes.prompts_dir / "greeting.wav")]
    assert notes.kinds[-1] == "reanchored"
    assert call.lines_lost == 0


def test_speech_into_the_prompt_stops_it(call: Call, line: Line):
    call.on_line_event(Played(id="1"))
    call.on_line_event(SpeechStarted(at_s=9.5))
    assert isinstance(line.told[-1], StopPlay)


def test_a_whole_appeal_ends_with_a_hang_up_and_its_number(notes: Notes, call: Call, line: Line, clock: Clock):
    for event in (Played(id="1"), Played(id="2"), SpeechStarted(at_s=1.0)):
        call.on_line_event(event)
    call.on_line_event(SpeechEnded(start_s=1.0, end_s=5.0, voiced_s=3.0, final=True))
    call.on_line_event(Digit(digit="#", method="rfc4733"))
    play = next(command for command in reversed(line.told) if isinstance(command, Play))
    assert [Path(file).stem for file in play.files[:3]] == ["number_intro", "digit_2", "digit_0"]
    call.on_line_event(Played(id=play.id))
    call.on_line_event(Played(id=str(int(play.id) + 1)))
    assert ("hang_up", "c-1") in notes.sip
    clock.now += 60
    call.sip_ended("system", 200)
    assert line.told[-1] == End()
    record_sound(notes, call, "citizen-1", 6.0)
    record_sound(notes, call, "agent-1", 6.0)
    call.finish()
    recording, ended = notes.events[-2:]
    assert [(part.side, part.part, part.seconds) for part in recording.parts] == [  # type: ignore[union-attr]
        ("citizen", 1, 6.0),
        ("agent", 1, 6.0),
    ]
    assert not Path(recording.parts[0].path).is_absolute()  # type: ignore[union-attr]
    assert (ended.outcome, ended.by, ended.ticket_no, ended.digits, ended.utterances, ended.talk_s) == (  # type: ignore[union-attr]
        "appeal",
        "system",
        NUMBER,
        "#",
        1,
        60.0,
    )


def test_who_ended_the_call_first_is_who_ended_it(notes: Notes, call: Call, line: Line):
    call.sip_ended("citizen", 200)
    call.sip_ended("system", 500)
    call.finish()
    assert (notes.events[-1].by, notes.events[-1].sip_cause) == ("citizen", 200)  # type: ignore[union-attr]
    assert line.told.count(End()) == 1


def test_a_call_that_was_never_answered_failed_and_has_no_recording(notes: Notes, call: Call):
    call.sip_ended("system", 503)
    call.finish()
    assert notes.kinds == ["arrived", "ended"]
    assert (notes.events[-1].outcome, notes.events[-1].talk_s) == ("failed", 0.0)  # type: ignore[union-attr]


def test_a_recording_that_cannot_be_settled_does_not_keep_the_call_from_ending(
    notes: Notes, call: Call, line: Line, monkeypatch: pytest.MonkeyPatch
):
    def broken(_: Path) -> float:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("telephony.front_door.call.repair", broken)
    call.sip_ended("citizen", 200)
    call.finish()
    assert notes.kinds[-1] == "ended"
    assert "recording" not in notes.kinds


def test_a_caller_whose_sound_has_stopped_is_hung_up_on(notes: Notes, call: Call, line: Line):
    call.on_line_event(Beat(recorded_s=1.0))
    assert notes.sip == []
    call.on_line_event(RtpSilence(seconds=30.0))
    assert notes.sip == [("hang_up", "c-1")]


def test_a_hold_is_an_event_once_and_the_prompt_is_said_again_after_it(notes: Notes, call: Call, line: Line):
    call.on_line_event(Hold(held=False))  # of the first session
    assert notes.kinds == ["arrived", "answered"]
    for held in (True, True, False, False):
        call.on_line_event(Hold(held=held))
    assert notes.kinds == ["arrived", "answered", "held", "resumed"]
    assert [event.by for event in notes.events[2:]] == ["citizen", "citizen"]  # type: ignore[union-attr]
    assert [command.id for command in line.told if isinstance(command, Play)] == ["1", "2"]


def test_a_finished_line_is_over_and_time_stands_still_after_the_end(notes: Notes, call: Call, line: Line):
    call.on_line_event(Finished(cause=200))
    assert call.line_over.is_set()
    call.sip_ended("citizen", 200)
    said = len(line.told)
    call.tick()
    assert len(line.told) == said


def test_nothing_is_played_while_there_is_no_line_but_keys_are_noted(notes: Notes, call: Call, line: Line):
    call.lost_line()
    call.on_line_event(Digit(digit="1", method="info"))
    assert notes.kinds[-2:] == ["digit", "greeted"]


def test_without_a_number_the_appeal_still_ends(notes: Notes, call: Call, line: Line):
    notes.number = None
    call.on_line_event(SpeechEnded(start_s=1.0, end_s=5.0, voiced_s=3.0, final=True))
    call.sip_ended("citizen", 200)
    call.finish()
    assert (notes.events[-1].outcome, notes.events[-1].ticket_no) == ("partial", None)  # type: ignore[union-attr]
