"""Ticket numbers, the journal, recordings, growing recordings: small files that outlive a process."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from telephony.conversation.voice_intake import State
from telephony.disk import replace
from telephony.front_door.journal import CallRecord, Journal
from telephony.line.tail import Tail
from telephony.line.vad import FRAME_BYTES
from telephony.recording import HEADER, RecordingError, grown_seconds, repair
from telephony.ticket_numbers import NumbersExhaustedError, TicketNumbers

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # in Shanghai


class Clock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def numbers(path: Path, clock: Clock, digit: int = 1) -> TicketNumbers:
    return TicketNumbers(path / "numbers.json", "YC", digit, clock)


def test_numbers_count_up_through_the_day_and_over_restarts(tmp_path: Path):
    clock = Clock()
    assert [numbers(tmp_path, clock).reserve() for _ in range(3)] == [
        "YC20261125100001",
        "YC20261125100002",
        "YC20261125100003",
    ]


def test_the_day_changes_at_midnight_in_shanghai(tmp_path: Path):
    clock = Clock(datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC))
    one = numbers(tmp_path, clock)
    assert one.reserve() == "YC20261125100001"
    clock.now += timedelta(seconds=1)
    assert one.reserve() == "YC20261126100001"


def test_a_clock_set_back_gives_no_number_twice(tmp_path: Path):
    clock = Clock()
    one = numbers(tmp_path, clock)
    given = [one.reserve()]
    for days in (1, -1, 0, 1, -300):
        clock.now = NOON + timedelta(days=days)
        given.append(one.reserve())
    assert len(set(given)) == len(given)
    assert given == sorted(given)


def test_nodes_and_numbers_never_collide(tmp_path: Path):
    given = [numbers(tmp_path / str(node), Clock(), node).reserve() for node in range(1, 10)]
    assert len(set(given)) == 9
    assert {len(number) for number in given} == {16}


def test_the_last_number_of_a_day_is_given_and_then_none(tmp_path: Path):
    clock = Clock()
    (tmp_path / "numbers.json").write_bytes(b'{"day":"20261125","last":99998}')
    one = numbers(tmp_path, clock)
    assert one.reserve() == "YC20261125199999"
    for _ in range(2):
        with pytest.raises(NumbersExhaustedError) as caught:
            one.reserve()
    assert caught.value.id == "ticket_numbers.exhausted"
    clock.now += timedelta(days=1)
    assert one.reserve() == "YC20261126100001"


def test_a_number_is_on_the_disk_before_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written: list[tuple[bytes, bool]] = []

    def noted(path: Path, data: bytes, *, durable: bool = True) -> None:
        written.append((data, durable))
        replace(path, data, durable=durable)

    monkeypatch.setattr("telephony.ticket_numbers.replace", noted)
    numbers(tmp_path, Clock()).reserve()
    assert written == [(b'{"day":"20261125","last":1}', True)]

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("telephony.ticket_numbers.replace", full)
    with pytest.raises(OSError, match="No space"):
        numbers(tmp_path, Clock()).reserve()
    monkeypatch.undo()
    assert numbers(tmp_path, Clock()).reserve() == "YC20261125100002"


# ---- journal


def record(call_id: str) -> CallRecord:
    return CallRecord(call_id, 1.0, "l-1", 77, state=State(phase="listening", digits="12"), sip={"version": 2})


def test_a_journal_gives_back_what_was_written_last(tmp_path: Path):
    journal = Journal(tmp_path / "calls")
    one = record("a")
    journal.write(one, durable=True)
    one.part = 2
    journal.write(one)
    journal.write(record("b"))
    assert list(Journal(tmp_path / "calls").records()) == [one, record("b")]
    journal.remove("a")
    journal.remove("a")
    assert [found.call_id for found in journal.records()] == ["b"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"call_id": 5}', b"\xff" * 9, b"null"])
def test_a_broken_record_is_put_aside_and_the_others_are_read(tmp_path: Path, content: bytes):
    journal = Journal(tmp_path)
    journal.write(record("b"))
    (tmp_path / "a.json").write_bytes(content)
    assert [found.call_id for found in journal.records()] == ["b"]
    assert (tmp_path / "a.broken").read_bytes() == content


def test_a_journal_that_cannot_be_written_does_not_end_the_call(tmp_path: Path):
    journal = Journal(tmp_path / "calls")
    (tmp_path / "calls").rmdir()
    journal.write(record("a"))
    assert not (tmp_path / "calls").exists()


def test_a_scratch_file_a_killed_process_left_is_no_record(tmp_path: Path):
    (tmp_path / "a.json.123.new").write_bytes(b"{")
    assert list(Journal(tmp_path).records()) == []


# ---- recordings


def wav(path: Path, samples: bytes, *, sizes: bool = False) -> Path:
    """As a killed recorder leaves it: sizes of 0."""
    riff, data = (36 + len(samples), len(samples)) if sizes else (0, 0)
    header = b"RIFF" + struct.pack("<I", riff) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    path.write_bytes(header + b"data" + struct.pack("<I", data) + samples)
    return path


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (1, 0), (2, 2), (16001, 16000), (16000, 16000)])
def test_a_header_nobody_finished_is_repaired_and_half_a_sample_dropped(tmp_path: Path, length: int, kept: int):
    path = wav(tmp_path / "a.wav", bytes(length))
    assert repair(path) == kept / 16000
    assert path.read_bytes() == wav(tmp_path / "b.wav", bytes(kept), sizes=True).read_bytes()
    before = path.read_bytes()
    assert repair(path) == kept / 16000
    assert path.read_bytes() == before
    assert grown_seconds(path) == kept / 16000


@pytest.mark.parametrize("content", [b"", b"RIFF", b"x" * 100, b"RIFF\0\0\0\0WAVEfmt " + bytes(100)])
def test_what_is_no_recording_is_refused_and_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        repair(path)
    assert path.read_bytes() == content


def test_a_recording_that_is_not_there_is_told_and_has_no_seconds(tmp_path: Path):
    with pytest.raises(RecordingError) as caught:
        repair(tmp_path / "none.wav")
    assert caught.value.id == "recording.broken"
    assert grown_seconds(tmp_path / "none.wav") == 0.0


def test_a_growing_recording_gives_each_frame_once_and_waits_for_halves(tmp_path: Path):
    path = tmp_path / "a.wav"
    tail = Tail(path)
    assert list(tail.frames()) == []
    wav(path, b"")
    assert list(tail.frames()) == []
    sound = bytes(range(256)) * 10
    given = b""
    at = 0
    for step in (1, 479, 480, 481, 700, 419):
        with path.open("ab") as file:
            file.write(sound[at : at + step])
        at += step
        frames = list(tail.frames())
        assert {len(frame) for frame in frames} <= {FRAME_BYTES}
        given += b"".join(frames)
    assert given == sound[: len(given)]
    assert len(given) == at // FRAME_BYTES * FRAME_BYTES
    assert list(tail.frames()) == []
    tail.close()
    tail.close()


def test_a_header_that_is_still_being_written_is_not_taken_for_sound(tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + bytes(HEADER - 4))
    tail = Tail(path)
    assert list(tail.frames()) == []
    with path.open("ab") as file:
        file.write(b"\x01" * FRAME_BYTES)
    assert list(tail.frames()) == [b"\x01" * FRAME_BYTES]
    tail.close()


def test_a_counter_file_is_plain_json(tmp_path: Path):
    numbers(tmp_path, Clock()).reserve()
    assert msgspec.json.decode((tmp_path / "numbers.json").read_bytes()) == {"day": "20261125", "last": 1}
