"""The front door itself killed, and started again on the same data: the calls of the one before go on."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from telephony.events import Answered, Arrived, CallEvent, Ended, Payload, Recording, RecordingPart
from telephony.front_door.journal import CallRecord
from tests.fixtures.front_door import AUDIO, Door, citizen, opened, told
from tests.fixtures.sip import Caller, media_port, sdp


@pytest.fixture(scope="module")
def mortal():
    """A door that is killed."""
    yield from opened()


@pytest.fixture
def caller(mortal: Door):
    """In a call, past the greeting."""
    if not mortal.alive:
        mortal.start()
    with Caller(mortal.address) as one:
        answer = one.invite()
        assert answer is not None
        assert answer.code == 200
        mortal.wait_for(one.ani, "greeted")
        yield one


def digits(door: Door, caller: Caller) -> list[str]:
    return [key["digit"] for key in door.payloads(caller.ani, "digit")]


def press_by_info(caller: Caller, digit: str) -> None:
    info = caller.ask("INFO", f"Signal={digit}\r\nDuration=160\r\n", Content_Type="application/dtmf-relay")
    assert info is not None
    assert info.code == 200


def test_a_call_outlives_the_front_door_and_ends_once(mortal: Door, caller: Caller):
    before = caller.heard()
    press_by_info(caller, "1")
    mortal.wait(lambda: digits(mortal, caller) == ["1"], "the digit")
    mortal.kill()
    assert caller.heard() == before  # sound never passed through it
    mortal.start()
    assert caller.heard() == before
    press_by_info(caller, "2")
    mortal.wait(lambda: digits(mortal, caller) == ["1", "2"], "the digit after")
    bye = caller.bye()
    assert bye is not None
    assert bye.code == 200
    ended = mortal.ended(caller.ani)
    assert (ended["by"], ended["outcome"], ended["digits"]) == ("citizen", "digits_only", "12")
    assert mortal.kinds(caller.ani).count("reanchored") == 0


def test_a_call_that_was_renewed_before_the_kill_can_be_renewed_after_it(mortal: Door, caller: Caller):
    versions = []
    for number in (2, 3):
        answer = caller.invite(sdp(caller.rtp_port, direction="inactive" if number == 2 else "sendrecv", v=number))
        assert answer is not None
        assert answer.code == 200
        versions.append(int(answer.body.split("o=- ")[1].split()[1]))
    time.sleep(0.1)
    mortal.kill()
    mortal.start()
    answer = caller.invite(sdp(caller.rtp_port, direction="inactive", v=4))
    assert answer is not None
    assert answer.code == 200
    versions.append(int(answer.body.split("o=- ")[1].split()[1]))
    assert versions == sorted(set(versions))
    caller.bye()
    mortal.ended(caller.ani)


def test_a_call_whose_line_dies_with_the_front_door_is_anchored_anew(mortal: Door, caller: Caller):
    caller.heard()
    time.sleep(0.6)
    line = mortal.line_pid(caller.ani)
    mortal.kill()
    os.kill(line, signal.SIGKILL)
    mortal.start()
    invite = caller.request_of("INVITE")
    assert invite is not None
    mortal.wait_for(caller.ani, "reanchored")
    assert caller.heard() == {media_port(invite)}
    time.sleep(0.6)
    caller.bye()
    assert mortal.ended(caller.ani)["by"] == "citizen"
    (recording,) = mortal.payloads(caller.ani, "recording")
    assert len(recording["parts"]) == 4


def test_a_line_that_dies_after_the_new_front_door_took_it_up_is_replaced(mortal: Door, caller: Caller):
    mortal.kill()
    mortal.start()
    os.kill(mortal.line_pid(caller.ani), signal.SIGKILL)
    invite = caller.request_of("INVITE")
    assert invite is not None
    mortal.wait_for(caller.ani, "reanchored")
    assert caller.heard() == {media_port(invite)}
    caller.bye()
    assert mortal.ended(caller.ani)["by"] == "citizen"


def test_a_prompt_that_ends_while_there_is_no_front_door_does_not_stop_the_conversation(mortal: Door):
    if not mortal.alive:
        mortal.start()
    with Caller(mortal.address) as one:
        assert one.invite() is not None
        mortal.wait_for(one.ani, "answered")
        mortal.kill()
        assert "greeted" not in mortal.kinds(one.ani)
        time.sleep(1.5)
        mortal.start()
        mortal.wait_for(one.ani, "greeted")
        one.bye()
        assert mortal.ended(one.ani)["by"] == "citizen"


def test_a_citizen_who_hangs_up_while_there_is_no_front_door_is_heard_by_the_next(mortal: Door, caller: Caller):
    mortal.kill()
    bye = caller.compose("BYE")
    caller.send(bye)
    mortal.start()
    caller.send(bye)  # as every telephone does until it is answered
    answer = caller.final("BYE")
    assert answer is not None
    assert answer.code == 200
    assert mortal.ended(caller.ani)["by"] == "citizen"


def test_a_call_that_rings_when_the_front_door_dies_is_taken_by_the_next(mortal: Door):
    if not mortal.alive:
        mortal.start()
    with Caller(mortal.address) as one:
        lines = [pid for pid in mortal.processes() if os.getsid(pid) == pid]
        for pid in lines:
            os.kill(pid, signal.SIGSTOP)  # so that none answers
        invite = one.compose("INVITE", sdp(one.rtp_port))
        one.send(invite)
        mortal.wait(lambda: mortal.events(one.ani), "the call")
        first = mortal.call_id(one.ani)
        mortal.kill()
        for pid in lines:
            os.kill(pid, signal.SIGKILL)
        mortal.start()
        one.send(invite)
        answer = one.final("INVITE")
        assert answer is not None
        assert answer.code == 200
        one.to_tag = answer["to"].partition("tag=")[2]
        one.remote = answer["contact"].strip("<>")
        one.ack()
        assert one.bye() is not None
        mortal.wait(lambda: [e.kind for e in mortal.events()].count("arrived") == ended(mortal), "both ends")
        outcomes = [e.payload["outcome"] for e in mortal.events() if e.kind == "ended" and e.call_id == first]
        assert outcomes == ["failed"]


def ended(door: Door) -> int:
    return [event.kind for event in door.events()].count("ended")


def test_an_appeal_goes_on_over_two_deaths_and_keeps_its_number(mortal: Door):
    if not mortal.alive:
        mortal.start()
    number = "13911110002"
    phone = citizen(mortal, "--from", number, "--audio", AUDIO / "consult.wav", "--max-seconds", 40)
    mortal.wait_for(number, "utterance", 25)
    mortal.kill()
    mortal.start()
    mortal.wait(lambda: mortal.record(number)["state"]["ticket_no"], "the number", 25)
    mortal.kill()
    mortal.start()
    result = told(phone)
    assert result["far_hangup"]
    end = mortal.ended(number)
    assert (end["outcome"], end["by"]) == ("appeal", "system")
    (voicemail,) = mortal.payloads(number, "voicemail")
    assert voicemail["ticket_no"] == end["ticket_no"]


def test_a_journal_record_that_cannot_be_read_hinders_nobody(mortal: Door, caller: Caller):
    journal = mortal.data / "journal" / "calls"
    mortal.kill()
    (journal / "torn.json").write_bytes(b'{"call_id": "x", "arr')
    (journal / "other.json").write_bytes(b"[]")
    mortal.start()
    assert sorted(path.name for path in journal.glob("*.broken")) == ["other.broken", "torn.broken"]
    assert caller.bye() is not None
    assert mortal.ended(caller.ani)["by"] == "citizen"


def left_behind(door: Door, call_id: str, *payloads: Payload) -> None:
    """What a front door that was killed has left of a call: events in the spool, a record in the journal."""
    spool, calls = door.data / "spool", door.data / "journal" / "calls"
    for folder in (spool, calls):
        folder.mkdir(parents=True, exist_ok=True)
    with (spool / "0000000001.jsonl").open("ab") as file:
        for seq, payload in enumerate(payloads, 1):
            file.write(msgspec.json.encode(CallEvent(call_id, seq, datetime.now(UTC), "n1", payload)) + b"\n")
    record = CallRecord(call_id, time.time() - 60, seq=2, answered_at=time.time() - 59)
    (calls / f"{call_id}.json").write_bytes(msgspec.json.encode(record))


@pytest.fixture
def successor():
    """A door that has not been opened yet."""
    one = Door()
    yield one
    one.clear_away()


def test_a_call_whose_end_is_in_the_spool_is_not_ended_again(successor: Door):
    arrived, answered = Arrived("139", "12345", "a@b", ""), Answered("system", 40.0)
    recording = Recording([RecordingPart("citizen", 1, "x/citizen-1.wav", 3.0)])
    end = Ended("citizen", 200, "silent", 5.0, 0, "")
    left_behind(successor, "ended-call", arrived, answered, recording, end)
    left_behind(successor, "cut-short-call", arrived, answered, recording)
    successor.start()
    successor.wait(lambda: ended(successor) == 2, "the end of the call that was cut short")
    calls = successor.data / "journal" / "calls"
    successor.wait(lambda: not list(calls.iterdir()), "an empty journal")
    time.sleep(0.5)
    events = successor.events()
    numbers = {call: [e.seq for e in events if e.call_id == call] for call in ("ended-call", "cut-short-call")}
    assert numbers == {"ended-call": [1, 2, 3, 4], "cut-short-call": [1, 2, 3, 4]}
    assert ended(successor) == 2


def test_calls_that_are_just_ending_when_the_front_door_is_killed_end_once(successor: Door):
    successor.start()
    with ExitStack() as stack:
        callers = [stack.enter_context(Caller(successor.address)) for _ in range(6)]
        for one in callers:
            assert one.invite() is not None
        for one in callers:
            one.send(one.compose("BYE"))
        spool = successor.data / "spool" / "0000000001.jsonl"
        limit = time.monotonic() + 15
        while b'"ended"' not in spool.read_bytes():
            assert time.monotonic() < limit
        successor.kill()
        successor.start()
        for one in callers:
            one.refusals.extend([481] * 9)  # they are gone: whoever is called back says so
        calls = successor.data / "journal" / "calls"
        successor.wait(lambda: [one.receive(0.01) for one in callers] and not list(calls.iterdir()), "the ends", 40)
        for one in callers:
            successor.ended(one.ani)


def test_what_killed_processes_left_behind_is_swept_up(
    successor: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    successor.start()
    sockets = successor.data / "run" / "lines"
    with Caller(successor.address) as one:
        assert one.invite() is not None
        successor.wait_for(one.ani, "greeted")
        successor.wait(lambda: successor.status()["lines_spare"] == 1, "another spare")
        kept = successor.record(one.ani)["line_id"]
        successor.kill()
        for pid in successor.processes():
            if os.getsid(pid) == pid and pid != successor.line_pid(one.ani):
                os.kill(pid, signal.SIGKILL)
        dead = {path.stem for path in sockets.iterdir()} - {kept}
        assert dead
        scratch = [
            successor.data / name
            for name in ("journal/calls/x.json.7.new", "journal/pending_text.jsonl.7.new", "spool/ack.json.7.new")
        ]
        for path in scratch:
            path.write_bytes(b"{")
        successor.start()
        left = {path.stem for path in sockets.iterdir()}
        assert kept in left
        assert not left & dead
        assert not [path for path in scratch if path.exists()]
        assert one.bye() is not None
        assert successor.ended(one.ani)["by"] == "citizen"
    assert list(tmp_path.iterdir()) == []


def test_lines_share_one_file_of_silence_that_is_made_again_when_it_is_gone(successor: Door):
    silence = successor.data / "run" / "silence.wav"
    successor.start()
    made = silence.stat().st_ino
    for number in range(2):
        with Caller(successor.address) as one:
            assert one.invite() is not None
            time.sleep(1.2)
            one.bye()
            successor.ended(one.ani)
            (recording,) = successor.payloads(one.ani, "recording")
            assert min(part["seconds"] for part in recording["parts"]) > 0.9  # its time went on though nobody spoke
        if number == 0:
            assert silence.stat().st_ino == made
            silence.unlink()
            for pid in successor.processes():
                if os.getsid(pid) == pid:
                    os.kill(pid, signal.SIGKILL)
            successor.wait(silence.exists, "the silence")


@pytest.fixture
def leaving():
    """A door that is told to stop."""
    yield from opened()


def test_sigterm_ends_the_calls_with_their_recordings_and_leaves_no_process(leaving: Door):
    with Caller(leaving.address) as one:
        assert one.invite() is not None
        assert one.heard()
        time.sleep(0.6)
        assert leaving.stop() == 0
        assert one.request_of("BYE") is not None
    ended = leaving.ended(one.ani)
    assert (ended["by"], ended["sip_cause"]) == ("system", 200)
    (recording,) = leaving.payloads(one.ani, "recording")
    assert len(recording["parts"]) == 2
    leaving.wait(lambda: not leaving.processes(), "the end of every process")
    assert not list((leaving.data / "journal" / "calls").iterdir())


def test_a_call_that_rings_at_sigterm_is_told_503(leaving: Door):
    for pid in leaving.processes():
        if os.getsid(pid) == pid:
            os.kill(pid, signal.SIGSTOP)
    with Caller(leaving.address) as one:
        one.send(one.compose("INVITE", sdp(one.rtp_port)))
        leaving.wait(lambda: leaving.events(one.ani), "the call")
        assert leaving.stop() == 0
        answer = one.final("INVITE")
        assert answer is not None
        assert answer.code == 503
    assert leaving.ended(one.ani)["outcome"] == "failed"
