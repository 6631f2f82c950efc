"""Within a call: what the citizen's switch may send, and that the call goes on whatever it was."""

from __future__ import annotations

import time
import wave

import pytest

from tests.fixtures.front_door import Door
from tests.fixtures.sip import Caller, Message, media_port, sdp


@pytest.fixture
def caller(door: Door):
    """In a call."""
    with Caller(door.address) as one:
        answer = one.invite()
        assert answer is not None
        assert answer.code == 200
        yield one
        one.bye()


def origin(answer: Message) -> tuple[int, int]:
    """Session id and version of the o= line."""
    fields = next(line for line in answer.body.splitlines() if line.startswith("o=")).split()
    return int(fields[1]), int(fields[2])


def ended_by_the_citizen(door: Door, caller: Caller) -> None:
    bye = caller.bye()
    assert bye is not None
    assert bye.code == 200
    assert door.ended(caller.ani)["by"] == "citizen"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("UPDATE", 200),
        ("OPTIONS", 200),
        ("NOTIFY", 200),
        ("INFO", 200),
        ("REFER", 403),
        ("MESSAGE", 405),
        ("PRACK", 405),
        ("SUBSCRIBE", 405),
        ("PUBLISH", 405),
    ],
)
def test_every_method_in_a_call_is_answered_and_the_call_goes_on(door: Door, caller: Caller, method: str, code: int):
    answer = caller.ask(method, Refer_To="<sip:110@127.0.0.1>")
    assert answer is not None
    assert answer.code == code
    assert caller.heard()
    ended_by_the_citizen(door, caller)


def test_an_update_with_an_offer_is_refused_and_the_call_goes_on(door: Door, caller: Caller):
    answer = caller.ask("UPDATE", sdp(caller.rtp_port, v=2))
    assert answer is not None
    assert answer.code == 488
    assert caller.heard()
    ended_by_the_citizen(door, caller)


def test_a_call_put_on_hold_is_silent_and_has_sound_again_when_resumed(door: Door, caller: Caller):
    assert caller.heard()
    held = caller.invite(sdp(caller.rtp_port, direction="inactive", v=2))
    assert held is not None
    assert held.code == 200
    assert "a=inactive" in held.body
    time.sleep(0.1)
    assert not caller.heard(packets=3, seconds=0.4)
    resumed = caller.invite(sdp(caller.rtp_port, v=3))
    assert resumed is not None
    assert resumed.code == 200
    assert "a=inactive" not in resumed.body
    assert caller.heard() == {media_port(resumed)}
    assert origin(held)[0] == origin(resumed)[0]
    assert origin(resumed)[1] == origin(held)[1] + 1
    ended_by_the_citizen(door, caller)


def test_a_reinvite_without_an_offer_is_offered_the_present_session_and_keeps_the_sound(door: Door, caller: Caller):
    first = caller.heard()
    refreshed = caller.invite("")
    assert refreshed is not None
    assert refreshed.code == 200
    assert {media_port(refreshed)} == first
    assert caller.heard() == first
    ended_by_the_citizen(door, caller)


def test_a_reinvite_with_the_same_offer_gets_the_same_answer(door: Door, caller: Caller):
    first = caller.heard()
    offer = sdp(caller.rtp_port, host=caller.host)
    answers = [caller.invite(offer), caller.invite(offer)]
    assert [answer.code for answer in answers if answer is not None] == [200, 200]
    assert len({answer.body for answer in answers if answer is not None}) == 1
    assert caller.heard() == first


def test_sound_follows_the_citizen_to_another_port(door: Door, caller: Caller):
    assert caller.heard()
    with Caller(door.address) as elsewhere:
        moved = caller.invite(sdp(elsewhere.rtp_port, v=2))
        assert moved is not None
        assert moved.code == 200
        assert elsewhere.heard() == {media_port(moved)}


def test_a_reinvite_nobody_can_take_is_refused_and_the_call_is_still_the_citizens_to_end(door: Door, caller: Caller):
    answer = caller.invite(sdp(caller.rtp_port, formats="18", v=2))
    assert answer is not None
    assert answer.code == 488
    assert caller.heard()
    ended_by_the_citizen(door, caller)


def test_keys_are_events_that_tell_how_they_came(door: Door, caller: Caller):
    (port,) = caller.heard()
    caller.press("5", port)
    for body, kind in (("Signal=7\r\nDuration=160\r\n", "application/dtmf-relay"), ("9", "application/dtmf")):
        info = caller.ask("INFO", body, Content_Type=kind)
        assert info is not None
        assert info.code == 200
    door.wait(lambda: len(door.payloads(caller.ani, "digit")) == 3, "three digits")
    assert [(key["digit"], key["method"]) for key in door.payloads(caller.ani, "digit")] == [
        ("5", "rfc4733"),
        ("7", "info"),
        ("9", "info"),
    ]
    caller.bye()
    ended = door.ended(caller.ani)
    assert (ended["outcome"], ended["digits"]) == ("digits_only", "579")


def test_both_sides_are_recorded_as_wavs_whose_sizes_are_right(door: Door, caller: Caller):
    door.wait_for(caller.ani, "greeted")
    time.sleep(0.5)
    caller.bye()
    ended = door.ended(caller.ani)
    (recording,) = door.payloads(caller.ani, "recording")
    assert [(part["side"], part["part"]) for part in recording["parts"]] == [("citizen", 1), ("agent", 1)]
    for part in recording["parts"]:
        path = door.data / "recordings" / part["path"]
        data = path.read_bytes()
        assert int.from_bytes(data[4:8], "little") == len(data) - 8
        assert int.from_bytes(data[40:44], "little") == len(data) - 44
        with wave.open(str(path)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert round(sound.getnframes() / 8000, 2) == part["seconds"]
        assert 1.0 <= part["seconds"] <= ended["talk_s"] + 0.5
    agent = door.recordings(caller.ani)["agent-1"].read_bytes()[44:]
    assert max(agent) > 0  # the greeting is in it


def test_a_retransmitted_bye_is_answered_again(door: Door, caller: Caller):
    bye = caller.compose("BYE")
    caller.send(bye)
    assert caller.final("BYE") is not None
    caller.send(bye)
    again = caller.final("BYE")
    assert again is not None
    assert again.code == 200


def test_a_request_older_than_the_last_is_refused(door: Door, caller: Caller):
    answer = caller.ask("OPTIONS")
    assert answer is not None
    caller.send(caller.compose("INFO", cseq=1))
    late = caller.final("INFO")
    assert late is not None
    assert late.code == 500
