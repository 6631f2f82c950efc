"""The front door's SIP address, asked by bare datagrams."""

from __future__ import annotations

import pytest

from tests.fixtures.front_door import Door
from tests.fixtures.sip import Caller, media_port, sdp


@pytest.fixture
def caller(door: Door):
    with Caller(door.address) as one:
        yield one


def test_options_is_answered_with_what_we_take(caller: Caller):
    answer = caller.ask("OPTIONS")
    assert answer is not None
    assert answer.code == 200
    assert "INVITE" in answer["allow"]
    assert answer["accept"] == "application/sdp"


def test_a_call_is_answered_heard_and_ended_with_its_events_in_order(door: Door, caller: Caller):
    answer = caller.invite()
    assert answer is not None
    assert answer.code == 200
    assert caller.heard() == {media_port(answer)}
    door.wait_for(caller.ani, "greeted")
    bye = caller.bye()
    assert bye is not None
    assert bye.code == 200
    ended = door.ended(caller.ani)
    assert door.kinds(caller.ani) == ["arrived", "answered", "greeted", "recording", "ended"]
    assert (ended["by"], ended["outcome"], ended["sip_cause"]) == ("citizen", "silent", 200)
    (arrived,) = door.payloads(caller.ani, "arrived")
    assert arrived["source"] == f"127.0.0.1:{caller.port}"


def test_an_invite_without_an_offer_is_offered_a_session_and_has_sound(door: Door, caller: Caller):
    answer = caller.invite("")
    assert answer is not None
    assert answer.code == 200
    assert caller.heard() == {media_port(answer)}
    caller.bye()
    door.ended(caller.ani)


def test_hanging_up_in_the_greeting_is_an_abandoned_greeting(door: Door, caller: Caller):
    caller.invite()
    caller.bye()
    assert door.ended(caller.ani)["outcome"] == "abandoned_greeting"


@pytest.mark.parametrize("formats", ["18", "96", "18 96 101"])
def test_an_offer_without_g711_is_refused_with_488(door: Door, caller: Caller, formats: str):
    answer = caller.invite(sdp(caller.rtp_port, formats=formats))
    assert answer is not None
    assert answer.code == 488
    ended = door.ended(caller.ani)
    assert (ended["outcome"], ended["sip_cause"]) == ("failed", 488)


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "NOTIFY", "REFER", "INFO", "UPDATE"])
def test_what_is_no_call_is_refused_with_405(caller: Caller, method: str):
    answer = caller.ask(method)
    assert answer is not None
    assert answer.code == 405
    assert "INVITE" in answer["allow"]


@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "UPDATE"])
def test_a_request_in_a_dialog_we_do_not_know_gets_481(caller: Caller, method: str):
    caller.to_tag = "nobody"
    answer = caller.ask(method, sdp(caller.rtp_port) if method == "INVITE" else "")
    assert answer is not None
    assert answer.code == 481


def test_an_ack_nobody_waits_for_is_never_answered(caller: Caller):
    caller.to_tag = "nobody"
    caller.send(caller.compose("ACK"))
    assert caller.receive(0.5) is None


def test_a_cancel_before_the_answer_ends_the_call_with_487(door: Door, caller: Caller):
    branch = "z9hG4bKcancelled"
    caller.send(caller.compose("INVITE", sdp(caller.rtp_port), branch=branch))
    caller.send(caller.compose("CANCEL", cseq=caller.cseq, branch=branch))
    while caller.receive(0.3) is not None:
        pass
    finals = {message.method: message.code for message in caller.received if message.code >= 200}
    assert finals == {"CANCEL": 200, "INVITE": 487}
    caller.send(caller.compose("ACK", cseq=caller.cseq, branch=branch))
    ended = door.ended(caller.ani)
    assert (ended["outcome"], ended["by"]) == ("failed", "citizen")
