"""Lines that die, hang or never come up: the citizen's call goes on on another one."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.fixtures.front_door import AUDIO, Door, citizen, opened, told
from tests.fixtures.sip import Caller, media_port, sdp


@pytest.fixture(scope="module")
def shaken():
    """A door whose lines are killed."""
    yield from opened()


@pytest.fixture
def caller(shaken: Door):
    """In a call, past the greeting."""
    with Caller(shaken.address) as one:
        answer = one.invite()
        assert answer is not None
        assert answer.code == 200
        shaken.wait_for(one.ani, "greeted")
        yield one


def kill_line(door: Door, ani: str, number: int = signal.SIGKILL) -> int:
    pid = door.line_pid(ani)
    os.kill(pid, number)
    return pid


def replaced(door: Door, ani: str, pid: int) -> None:
    door.wait(lambda: door.line_pid(ani) != pid, "another line")


def ends_well(door: Door, caller: Caller, *, parts: int, reanchored: int) -> None:
    bye = caller.bye()
    assert bye is not None
    assert bye.code == 200
    ended = door.ended(caller.ani)
    assert ended["by"] == "citizen"
    assert door.kinds(caller.ani).count("reanchored") == reanchored
    (recording,) = door.payloads(caller.ani, "recording")
    assert [(part["side"], part["part"]) for part in recording["parts"]] == [
        (side, part) for part in range(1, parts + 1) for side in ("citizen", "agent")
    ]
    assert door.status()["counters"].get("bridge_exceptions", 0) == 0


def test_a_killed_line_is_replaced_and_sound_and_recording_go_on(shaken: Door, caller: Caller):
    before = caller.heard()
    kill_line(shaken, caller.ani)
    invite = caller.request_of("INVITE")
    assert invite is not None
    anchored = shaken.wait_for(caller.ani, "reanchored")
    assert anchored["part"] == 2
    assert anchored["gap_ms"] > 0
    now = caller.heard()
    assert now == {media_port(invite)}
    assert now != before
    time.sleep(0.6)  # something to record
    ends_well(shaken, caller, parts=2, reanchored=1)


def test_a_line_may_die_again_and_again(shaken: Door, caller: Caller):
    for time_ in range(1, 5):
        caller.heard()
        time.sleep(0.6)
        kill_line(shaken, caller.ani)
        assert caller.request_of("INVITE", nth=time_) is not None
        shaken.wait(lambda n=time_: shaken.kinds(caller.ani).count("reanchored") == n, "reanchored")
    assert caller.heard()
    time.sleep(0.6)
    ends_well(shaken, caller, parts=5, reanchored=4)


def test_a_line_that_hangs_is_noticed_and_replaced(shaken: Door, caller: Caller):
    time.sleep(0.6)
    pid = kill_line(shaken, caller.ani, signal.SIGSTOP)
    assert caller.request_of("INVITE", 12) is not None
    shaken.wait_for(caller.ani, "reanchored")
    replaced(shaken, caller.ani, pid)
    assert caller.heard()
    time.sleep(0.6)
    ends_well(shaken, caller, parts=2, reanchored=1)


def test_a_line_killed_while_it_rings_leaves_the_call_to_another(shaken: Door):
    with Caller(shaken.address) as one:
        spares = [pid for pid in shaken.processes() if is_line(pid)]
        for pid in spares:
            os.kill(pid, signal.SIGSTOP)
        one.send(one.compose("INVITE", sdp(one.rtp_port)))
        shaken.wait(lambda: shaken.events(one.ani), "the call")
        shaken.wait(lambda: shaken.line_pid(one.ani) in spares, "its line")
        time.sleep(0.1)
        for pid in spares:
            os.kill(pid, signal.SIGKILL)
        answer = one.final("INVITE")
        assert answer is not None
        assert answer.code == 200
        one.to_tag = answer["to"].partition("tag=")[2]
        one.remote = answer["contact"].strip("<>")
        one.ack()
        assert one.heard() == {media_port(answer)}
        shaken.wait_for(one.ani, "greeted")
        time.sleep(0.3)
        ends_well(shaken, one, parts=1, reanchored=0)


def is_line(pid: int) -> bool:
    """The nursery leads no session of its own; its lines do."""
    return os.getsid(pid) == pid


def test_a_citizen_who_is_busy_with_a_request_of_its_own_is_asked_again(shaken: Door, caller: Caller):
    caller.refusals.extend([491, 491])
    kill_line(shaken, caller.ani)
    assert caller.request_of("INVITE", nth=3) is not None
    shaken.wait_for(caller.ani, "reanchored")
    assert caller.heard() == {media_port([m for m in caller.received if m.is_request and m.method == "INVITE"][-1])}
    time.sleep(0.6)
    ends_well(shaken, caller, parts=2, reanchored=1)


def test_a_refresh_between_two_glares_is_never_answered_with_a_broken_session(shaken: Door, caller: Caller):
    caller.refusals.append(491)
    kill_line(shaken, caller.ani)
    assert caller.request_of("INVITE") is not None
    answers = [caller.invite(sdp(caller.rtp_port, host=caller.host)), caller.invite("")]
    for answer in answers:
        assert answer is not None
        assert answer.code in {200, 491}
        assert answer.code == 491 or media_port(answer) > 0
    shaken.wait(lambda: caller.receive(0.1) is None and "reanchored" in shaken.kinds(caller.ani), "reanchored")
    assert caller.heard()
    time.sleep(0.6)
    ends_well(shaken, caller, parts=2, reanchored=1)


def test_a_reinvite_that_the_dead_line_never_answered_may_be_sent_again(shaken: Door, caller: Caller):
    time.sleep(0.6)
    pid = kill_line(shaken, caller.ani, signal.SIGSTOP)
    with Caller(shaken.address) as elsewhere:
        offer = sdp(elsewhere.rtp_port, v=2)
        caller.send(caller.compose("INVITE", offer, branch="z9hG4bKlost"))
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        refused = caller.final("INVITE", cseq=caller.cseq)
        assert refused is not None
        assert refused.code == 491
        caller.send(caller.compose("ACK", cseq=caller.cseq, branch="z9hG4bKlost"))
        assert caller.request_of("INVITE") is not None
        shaken.wait_for(caller.ani, "reanchored")
        assert caller.heard()
        answer = caller.invite(sdp(elsewhere.rtp_port, v=3))
        assert answer is not None
        assert answer.code == 200
        assert elsewhere.heard()
        time.sleep(0.6)
        ends_well(shaken, caller, parts=2, reanchored=1)


def test_a_line_killed_while_the_citizen_has_its_session_in_hand_is_not_taken_for_the_present_one(
    shaken: Door, caller: Caller
):
    time.sleep(0.6)
    caller.answers_reinvites = False
    first = kill_line(shaken, caller.ani)
    offered = caller.request_of("INVITE")  # the second line's session
    assert offered is not None
    replaced(shaken, caller.ani, first)
    second = kill_line(shaken, caller.ani)  # dies before the citizen has answered
    replaced(shaken, caller.ani, second)
    caller.answers_reinvites = True
    caller.respond(offered, 200, "OK", sdp(caller.rtp_port, host=caller.host, v=2))
    shaken.wait(lambda: caller.receive(0.1) is None and "reanchored" in shaken.kinds(caller.ani), "reanchored")
    last = [m for m in caller.received if m.is_request and m.method == "INVITE"][-1]
    assert media_port(last) != media_port(offered)
    assert caller.heard() == {media_port(last)}
    assert caller.bye() is not None
    assert shaken.ended(caller.ani)["by"] == "citizen"


def test_a_citizen_who_hangs_up_between_two_lines_is_not_called_back(shaken: Door, caller: Caller):
    caller.answers_reinvites = False
    kill_line(shaken, caller.ani)
    bye = caller.bye()
    assert bye is not None
    assert bye.code == 200
    assert shaken.ended(caller.ani)["by"] == "citizen"
    shaken.wait(lambda: shaken.status()["lines_taken"] == 0, "the lines to be free")


def test_speech_a_dying_line_had_begun_to_hear_is_an_utterance_of_its_part(shaken: Door):
    number = "13911110001"
    phone = citizen(
        shaken, "--from", number, "--audio", AUDIO / "water_outage.wav", "--speak-now", "--hang-up-after", 7
    )
    shaken.wait(lambda: "answered" in shaken.kinds(number) and shaken.record(number)["speech_since"], "speech", 20)
    time.sleep(1.5)
    kill_line(shaken, number)
    result = told(phone)
    assert result["answered"]
    assert not result["far_hangup"]
    ended = shaken.ended(number)
    assert ended["outcome"] == "partial"
    assert ended["ticket_no"].startswith("YC")
    said = shaken.payloads(number, "utterance")
    assert {utterance["part"] for utterance in said} == {1, 2}
    assert [utterance["index"] for utterance in said] == list(range(1, ended["utterances"] + 1))
    (recording,) = shaken.payloads(number, "recording")
    lengths = {part["part"]: part["seconds"] for part in recording["parts"] if part["side"] == "citizen"}
    assert all(utterance["end_s"] <= lengths[utterance["part"]] + 0.3 for utterance in said)


def test_every_line_and_socket_is_gone_when_the_calls_are(shaken: Door):
    shaken.wait(lambda: shaken.status()["lines_taken"] == 0, "the lines to be free")
    assert shaken.status()["calls"] == 0
    assert not list((shaken.data / "journal" / "calls").iterdir())
    lines = [pid for pid in shaken.processes() if is_line(pid)]
    assert len(lines) == shaken.status()["lines_spare"]
    shaken.wait(lambda: len(list((shaken.data / "run" / "lines").iterdir())) == len(lines), "one socket a line")
