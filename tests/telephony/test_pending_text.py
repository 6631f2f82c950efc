"""Utterances that wait for text: fair to all calls, live ones first, nothing lost by a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.pending_text import PendingText, Waiting


def waiting(call: str, index: int) -> Waiting:
    return Waiting(call, index, "citizen", 1, index * 10.0, index * 10.0 + 3.0, f"/recordings/{call}.wav")


class List:
    """The list, and which calls are live."""

    def __init__(self, path: Path) -> None:
        self.live = {"a", "b", "c"}
        self.path = path
        self.pending = PendingText(path, self.live.__contains__)

    def add(self, *jobs: str) -> None:
        for job in jobs:
            self.pending.add(waiting(job[0], int(job[1:])))

    def take(self, count: int) -> list[str]:
        taken = [self.pending.next() for _ in range(count)]
        return [f"{one.call_id}{one.index}" for one in taken if one is not None]

    def again(self) -> List:
        self.close()
        return List(self.path)

    def close(self) -> None:
        self.pending._file.close()


@pytest.fixture
def waiting_list(tmp_path: Path):
    one = List(tmp_path / "journal" / "pending.jsonl")
    yield one
    one.close()


def test_one_call_is_served_in_the_order_of_its_speech(waiting_list: List):
    waiting_list.add("a1", "a2", "a3")
    assert waiting_list.take(4) == ["a1", "a2", "a3"]


def test_a_call_that_talks_much_does_not_keep_the_others_waiting(waiting_list: List):
    waiting_list.add("a1", "a2", "a3", "b1", "c1")
    assert waiting_list.take(5) == ["a1", "b1", "c1", "a2", "a3"]


def test_a_call_with_something_in_hand_comes_after_one_without(waiting_list: List):
    waiting_list.add("a1", "a2")
    assert waiting_list.take(1) == ["a1"]
    waiting_list.add("b1", "b2")
    assert waiting_list.take(3) == ["b1", "a2", "b2"]


def test_live_calls_come_before_ended_ones(waiting_list: List):
    waiting_list.add("x1", "x2", "a1", "a2")
    assert waiting_list.take(3) == ["a1", "a2", "x1"]
    waiting_list.live.discard("a")
    waiting_list.add("a3", "b1")
    assert waiting_list.take(3) == ["b1", "x2", "a3"]


def test_what_a_lost_scribe_had_in_hand_is_handed_out_again(waiting_list: List):
    waiting_list.add("a1")
    assert waiting_list.take(2) == ["a1"]
    waiting_list.pending.put_back("a:1")
    assert waiting_list.take(2) == ["a1"]


def test_what_is_done_is_never_handed_out_again(waiting_list: List):
    waiting_list.add("a1", "a2")
    waiting_list.take(1)
    waiting_list.pending.done("a:1")
    waiting_list.pending.put_back("a:1")  # a scribe lost after its text had come
    waiting_list.pending.done("a:1")
    assert waiting_list.pending.get("a:1") is None
    assert waiting_list.take(2) == ["a2"]
    assert len(waiting_list.pending) == 1
    assert waiting_list.pending.calls() == {"a"}


def test_a_restart_keeps_what_waits_and_what_was_in_hand_and_forgets_what_is_done(waiting_list: List):
    waiting_list.add("a1", "a2", "b1")
    waiting_list.take(2)
    waiting_list.pending.done("a:1")
    again = waiting_list.again()
    assert sorted(again.take(5)) == ["a2", "b1"]
    again.close()


def test_a_restart_writes_the_list_anew_so_that_it_does_not_grow_for_ever(waiting_list: List):
    for index in range(1, 50):
        waiting_list.add(f"a{index}")
        waiting_list.pending.done(f"a:{index}")
    before = waiting_list.path.stat().st_size
    waiting_list.add("a99")
    waiting_list.again().close()
    assert waiting_list.path.stat().st_size < before / 20


@pytest.mark.parametrize("torn", [b'{"call_id":"b","ind', b"{}", b"1", b"[]", b"\xff\xff", b"null"])
def test_a_line_that_cannot_be_read_loses_no_other(waiting_list: List, torn: bytes):
    waiting_list.add("a1")
    waiting_list.pending._file.write(torn + b"\n")
    waiting_list.add("a2")
    again = waiting_list.again()
    assert again.take(5) == ["a1", "a2"]
    again.close()


def test_a_full_disk_keeps_the_utterance_in_memory(waiting_list: List):
    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    waiting_list.pending._file.close()
    waiting_list.pending._file = Full()  # type: ignore[assignment]
    waiting_list.add("a1")
    assert waiting_list.take(1) == ["a1"]


def test_an_empty_list_has_nothing_to_give(waiting_list: List):
    assert waiting_list.pending.next() is None
    assert len(waiting_list.pending) == 0
