"""The spool: what was appended is there again, whatever happened between."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from telephony.events import CallEvent, Digit
from telephony.spool import Position, Spool

CALL = "01a210b0-a2ed-70ff-8a30-810cbe0e0016"


def event(seq: int, call: str = CALL) -> CallEvent:
    return CallEvent(call, seq, datetime(2026, 11, 25, tzinfo=UTC), "n1", Digit(digit="5", method="info"))


def fill(spool: Spool, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        spool.append(event(seq))


def seqs(spool: Spool, limit: int = 1000) -> list[int]:
    return [one.seq for one in spool.unacked(limit)[0]]


def segments(folder: Path) -> list[str]:
    return sorted(path.stem.lstrip("0") for path in folder.glob("*.jsonl"))


@pytest.fixture
def spool(tmp_path: Path):
    one = Spool(tmp_path)
    yield one
    one.close()


def test_events_come_out_in_the_order_they_went_in(spool: Spool):
    fill(spool, 1, 5)
    events, _ = spool.unacked(3)
    assert [(one.call_id, one.seq, one.kind) for one in events] == [(CALL, seq, "digit") for seq in (1, 2, 3)]
    assert events[0].payload == {"type": "digit", "digit": "5", "method": "info"}


def test_what_is_acknowledged_is_not_given_again_not_even_after_a_restart(tmp_path: Path, spool: Spool):
    fill(spool, 1, 5)
    spool.ack(spool.unacked(3)[1])
    assert seqs(spool) == [4, 5]
    again = Spool(tmp_path)
    assert seqs(again) == [4, 5]
    again.close()


def test_what_was_not_acknowledged_is_given_again_after_a_restart(tmp_path: Path, spool: Spool):
    fill(spool, 1, 2)
    spool.unacked(2)
    again = Spool(tmp_path)
    assert seqs(again) == [1, 2]
    assert [one.seq for one in again.all_events()] == [1, 2]
    again.close()


def test_a_torn_last_line_is_cut_and_the_next_event_is_whole(tmp_path: Path, spool: Spool):
    fill(spool, 1, 2)
    spool.close()
    file = tmp_path / "0000000001.jsonl"
    file.write_bytes(file.read_bytes()[:-7])
    again = Spool(tmp_path)
    again.append(event(2))
    assert seqs(again) == [1, 2]
    again.close()


def test_a_writer_killed_at_any_moment_leaves_whole_events_without_holes(tmp_path: Path):
    program = (
        "import itertools, sys; from pathlib import Path; from telephony.spool import Spool\n"
        "from tests.telephony.test_spool import event\n"
        "spool = Spool(Path(sys.argv[1]), segment_bytes=20_000)\n"
        "print('on', flush=True)\n"
        "for seq in itertools.count(1): spool.append(event(seq))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"on\n"
        while len(segments(tmp_path)) < 3:
            pass
        writer.send_signal(signal.SIGKILL)
    again = Spool(tmp_path)
    found = [one.seq for one in again.all_events()]
    assert found == list(range(1, len(found) + 1))
    assert found
    again.close()


def test_a_line_in_the_middle_that_cannot_be_read_is_passed_over(tmp_path: Path):
    first = Spool(tmp_path)
    fill(first, 1, 2)
    first.close()
    with (tmp_path / "0000000001.jsonl").open("ab") as file:
        file.write(b'{"call_id": 5}\n\xff\xfe\n\n')
    again = Spool(tmp_path)
    again.append(event(3))
    assert seqs(again) == [1, 2, 3]
    assert [one.seq for one in again.all_events()] == [1, 2, 3]
    again.close()


def test_segments_roll_and_are_read_across(tmp_path: Path):
    spool = Spool(tmp_path, segment_bytes=400)
    fill(spool, 1, 20)
    assert len(segments(tmp_path)) > 5
    assert seqs(spool) == list(range(1, 21))
    assert spool.backlog_bytes() == sum(path.stat().st_size for path in tmp_path.glob("*.jsonl"))
    spool.ack(spool.unacked(1000)[1])
    assert spool.backlog_bytes() == 0
    spool.close()


def test_only_delivered_segments_are_removed_and_a_few_are_kept(tmp_path: Path):
    spool = Spool(tmp_path, segment_bytes=400)
    fill(spool, 1, 20)
    assert "1" in segments(tmp_path)  # nothing delivered: nothing removed
    spool.ack(spool.unacked(1000)[1])
    fill(spool, 21, 30)
    left = sorted(map(int, segments(tmp_path)))
    delivered = 7
    assert left == list(range(left[0], left[-1] + 1))
    assert left[0] == min(delivered, left[-1] - 4)
    spool.close()


def test_segments_somebody_counts_on_are_kept_although_delivered(tmp_path: Path):
    wanted = True
    spool = Spool(tmp_path, keep=lambda: wanted, segment_bytes=400)
    fill(spool, 1, 20)
    spool.ack(spool.unacked(1000)[1])
    fill(spool, 21, 30)
    assert "1" in segments(tmp_path)
    wanted = False
    fill(spool, 31, 40)
    assert "1" not in segments(tmp_path)
    spool.close()


class FullDisk:
    """A file that takes only so many bytes of the next writes."""

    def __init__(self, file, takes: int | None) -> None:
        self._file = file
        self.takes = takes

    def write(self, data: bytes) -> int:
        if self.takes is None:
            return int(self._file.write(data))
        if self.takes == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data[: self.takes]))

    def __getattr__(self, name: str):
        return getattr(self._file, name)


@pytest.mark.parametrize("takes", [0, 1, 40])
def test_a_full_disk_refuses_the_event_whole_and_takes_it_when_there_is_room(spool: Spool, takes: int):
    fill(spool, 1, 2)
    spool._file = disk = FullDisk(spool._file, takes)  # type: ignore[assignment]
    for _ in range(3):
        with pytest.raises(OSError, match=r"No space|short write"):
            spool.append(event(3))
    assert seqs(spool) == [1, 2]
    disk.takes = None
    spool.append(event(3))
    assert seqs(spool) == [1, 2, 3]


def test_an_acknowledgement_that_cannot_be_written_holds_until_the_restart(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("telephony.spool.replace", full)
    fill(spool, 1, 3)
    spool.ack(spool.unacked(2)[1])
    assert seqs(spool) == [3]
    again = Spool(tmp_path)
    assert seqs(again) == [1, 2, 3]
    again.close()


@pytest.mark.parametrize("content", [b"", b"\0" * 12, b"[1", b'{"segment": 1}', b"[1,2,3]"])
def test_a_broken_acknowledgement_means_all_of_it_once_more(tmp_path: Path, spool: Spool, content: bytes):
    fill(spool, 1, 2)
    spool.ack(spool.unacked(2)[1])
    (tmp_path / "ack.json").write_bytes(content)
    again = Spool(tmp_path)
    assert seqs(again) == [1, 2]
    again.close()


def test_an_acknowledgement_of_what_the_disk_lost_does_not_skip_what_comes_after(tmp_path: Path, spool: Spool):
    fill(spool, 1, 3)
    spool.ack(spool.unacked(3)[1])
    spool.close()
    file = tmp_path / "0000000001.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:1]))  # the machine died before the others reached the disk
    again = Spool(tmp_path)
    fill(again, 2, 4)
    assert seqs(again) == [2, 3, 4]
    again.close()


def test_a_missing_segment_is_passed_over(tmp_path: Path):
    spool = Spool(tmp_path, segment_bytes=400)
    fill(spool, 1, 10)
    (tmp_path / "0000000002.jsonl").unlink()
    found = seqs(spool)
    assert found[0] == 1
    assert found[-1] == 10
    assert len(found) < 10
    spool.close()


def test_acknowledging_nothing_writes_nothing(tmp_path: Path, spool: Spool):
    events, position = spool.unacked(10)
    assert events == []
    spool.ack(position)
    assert not (tmp_path / "ack.json").exists()
    fill(spool, 1, 1)
    spool.ack(spool.unacked(10)[1])
    assert Position(*msgspec.json.decode((tmp_path / "ack.json").read_bytes())).offset > 0


def test_sync_writes_to_the_disk_only_what_is_new(spool: Spool, monkeypatch: pytest.MonkeyPatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    spool.sync()
    fill(spool, 1, 2)
    spool.sync()
    spool.sync()
    assert len(synced) == 1
