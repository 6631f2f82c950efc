"""Malformed messages: a proper answer or silence, and the next call is as good as ever."""

from __future__ import annotations

import random

import pytest

from tests.fixtures.front_door import Door
from tests.fixtures.sip import Caller, sdp

SILENCE = None
HUGE = "x" * 17_000


def good_call(door: Door) -> None:
    with Caller(door.address) as one:
        answer = one.invite()
        assert answer is not None
        assert answer.code == 200
        assert one.heard()
        one.bye()
        door.ended(one.ani)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Via": ""}, SILENCE),
        ({"From": ""}, SILENCE),
        ({"To": ""}, SILENCE),
        ({"Call_ID": ""}, SILENCE),
        ({"CSeq": ""}, SILENCE),
        ({"Via": "SIP/2.0/UDP 127.0.0.1:99999999;branch=z9hG4bKport"}, SILENCE),
        ({"Via": "SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bKport"}, SILENCE),
        ({"Via": "nonsense"}, SILENCE),
        ({"Subject": HUGE}, SILENCE),
        ({"CSeq": "1 OPTIONS"}, 400),
        ({"CSeq": "one INVITE"}, 400),
        ({"CSeq": "99999999999 INVITE"}, 400),
        ({"CSeq": "-1 INVITE"}, 400),
        ({"Content_Length": "99999"}, 400),
        ({"Content_Length": "-5"}, 400),
        ({"Content_Length": "many"}, 400),
        ({"Max_Forwards": "-1"}, 400),
        ({"Max_Forwards": "abc"}, 400),
        ({"Max_Forwards": "0"}, 483),
        ({"Contact": ""}, 400),
        ({"Contact": "<>"}, 400),
        ({"Contact": "*"}, 400),
        ({"Contact": "<mailto:someone@example.com>"}, 400),
        ({"From": "<sip:someone@127.0.0.1>"}, 400),
        ({"Content_Type": "text/plain"}, 415),
        ({"Require": "100rel"}, 420),
    ],
    ids=lambda value: next(iter(value.items()), "")[0] if isinstance(value, dict) else str(value),
)
def test_a_malformed_invite_is_refused_or_met_with_silence(door: Door, changes: dict[str, str], code: int | None):
    with Caller(door.address) as one:
        one.send(one.compose("INVITE", sdp(one.rtp_port), **changes))
        answer = one.receive(0.3 if code is SILENCE else 3.0)
        assert (answer.code if answer is not None else None) == code


def test_after_all_that_a_call_is_answered(door: Door):
    assert door.alive
    good_call(door)


def test_a_wrong_version_is_told_so(door: Door):
    with Caller(door.address) as one:
        one.send(one.compose("INVITE", sdp(one.rtp_port)).replace(b" SIP/2.0\r\n", b" SIP/7.0\r\n", 1))
        answer = one.final("INVITE")
        assert answer is not None
        assert answer.code == 505


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 400,
        b"INVITE\r\n\r\n",
        b"INVITE sip:12345@127.0.0.1 SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "邀请 sip:12345@127.0.0.1 SIP/2.0\r\n\r\n".encode("gbk"),
        b"\xff\xfe" * 500,
    ],
)
def test_what_is_not_sip_is_met_with_silence(door: Door, data: bytes):
    with Caller(door.address) as one:
        one.send(data)
        assert one.receive(0.2) is None


def test_the_name_of_an_old_switch_in_gbk_does_not_hinder_the_call(door: Door):
    with Caller(door.address) as one:
        name = "市民张三".encode("gbk")
        sender = f"<sip:{one.ani}@{one.host}>".encode()
        data = one.compose("INVITE", sdp(one.rtp_port)).replace(sender, b'"' + name + b'" ' + sender, 1)
        one.send(data)
        answer = one.final("INVITE")
        assert answer is not None
        assert answer.code == 200
        one.to_tag = answer["to"].partition("tag=")[2]
        one.remote = answer["contact"].strip("<>")
        one.ack()
        assert one.heard()
        one.bye()
        assert door.ended(one.ani)["by"] == "citizen"


@pytest.mark.parametrize("name", ["市民热线", "çağrı"])
def test_a_session_name_that_is_not_ascii_does_not_hinder_the_call(door: Door, name: str):
    with Caller(door.address) as one:
        answer = one.invite(sdp(one.rtp_port).replace("s=-", f"s={name}"))
        assert answer is not None
        assert answer.code == 200
        assert one.heard()
        one.bye()
        door.ended(one.ani)


def test_a_contact_with_its_transport_in_capitals_is_taken(door: Door):
    with Caller(door.address) as one:
        contact = f"<sip:{one.ani}@{one.host}:{one.port};transport=UDP>"
        answer = one.invite(Contact=contact)
        assert answer is not None
        assert answer.code == 200
        bye = one.bye()
        assert bye is not None
        assert bye.code == 200
        door.ended(one.ani)


@pytest.mark.parametrize(
    "body", ["v=0\r\n", "nonsense", "m=audio x RTP/AVP 8\r\n", "v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\n"]
)
def test_a_session_description_that_is_none_gets_a_final_answer(door: Door, body: str):
    with Caller(door.address) as one:
        answer = one.invite(body)
        assert answer is not None
        assert 400 <= answer.code < 600
        assert door.ended(one.ani)["outcome"] == "failed"


def test_a_contact_with_a_name_nobody_resolves_does_not_hinder_others(door: Door):
    with Caller(door.address) as one:
        answer = one.invite(Contact="<sip:someone@no-such-host.invalid>")
        assert answer is not None
        good_call(door)
        assert one.bye() is not None


def test_random_bytes_in_good_messages_end_nothing(door: Door):
    chance = random.Random(12345)  # the same each time
    with Caller(door.address) as one:
        for _ in range(150):
            data = bytearray(one.compose(chance.choice(["INVITE", "OPTIONS", "BYE"]), sdp(9), Max_Forwards="0"))
            for _ in range(chance.randrange(1, 12)):
                at = chance.randrange(len(data))
                if data[at] not in b"\r\n:":
                    data[at] = chance.randrange(256) if chance.random() < 0.3 else chance.randrange(33, 127)
            one.send(bytes(data))
    good_call(door)
    assert door.status()["counters"].get("bridge_exceptions", 0) == 0
