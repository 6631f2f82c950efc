"""Things that go wrong around a call: no room for its recording, no prompts, no nursery, citizens without a sound."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime

import pytest

from tests.fixtures.front_door import AUDIO, Door, citizen, opened, told
from tests.fixtures.sip import Caller, sdp


@pytest.fixture(scope="module")
def rough():
    """A door around which things are broken and put right again."""
    yield from opened()


@pytest.fixture
def impatient():
    """A door that soon notices that no RTP comes."""
    yield from opened(rtp_silence_s=2, held_silence_s=7)


def is_line(pid: int) -> bool:
    return os.getsid(pid) == pid


def test_breathing_is_no_appeal(rough: Door):
    phone = citizen(
        rough, "--from", "13911110010", "--audio", AUDIO / "breath.wav", "--speak-now", "--hang-up-after", 9
    )
    assert told(phone)["answered"]
    ended = rough.ended("13911110010")
    assert ended["outcome"] == "silent"
    assert ended["ticket_no"] is None


def test_hanging_up_after_having_spoken_is_a_partial_appeal_with_a_number(rough: Door):
    arguments = ("--from", "13911110011", "--audio", AUDIO / "consult.wav", "--speak-now", "--hang-up-after", 6)
    assert told(citizen(rough, *arguments))["answered"]
    ended = rough.ended("13911110011")
    assert ended["outcome"] == "partial"
    assert ended["ticket_no"].startswith(f"YC{datetime.now(UTC):%Y}")
    assert ended["utterances"] == len(rough.payloads("13911110011", "utterance")) >= 1


def test_a_citizen_who_sends_no_sound_for_long_is_taken_as_gone(impatient: Door):
    with Caller(impatient.address) as one:
        assert one.invite() is not None
        assert one.request_of("BYE", 8) is not None
        ended = impatient.ended(one.ani)
        assert (ended["by"], ended["outcome"]) == ("system", "silent")


@pytest.mark.parametrize("direction", ["inactive", "sendonly"])
def test_a_citizen_who_has_put_us_on_hold_need_not_send_sound(impatient: Door, direction: str):
    with Caller(impatient.address) as one:
        assert one.invite() is not None
        held = one.invite(sdp(one.rtp_port, direction=direction, v=2))
        assert held is not None
        assert held.code == 200
        impatient.wait_for(one.ani, "held")
        assert one.request_of("BYE", 4) is None
        resumed = one.invite(sdp(one.rtp_port, v=3))
        assert resumed is not None
        impatient.wait_for(one.ani, "resumed")
        assert one.heard()
        assert one.request_of("BYE", 5) is not None
        assert impatient.ended(one.ani)["by"] == "system"


def test_a_citizen_who_never_comes_back_is_not_waited_for_without_end(impatient: Door):
    with Caller(impatient.address) as one:
        assert one.invite() is not None
        assert one.invite(sdp(one.rtp_port, direction="inactive", v=2)) is not None
        impatient.wait_for(one.ani, "held")
        assert one.request_of("BYE", 11) is not None
        assert impatient.ended(one.ani)["by"] == "system"


def test_the_hold_goes_on_over_another_line(impatient: Door):
    with Caller(impatient.address) as one:
        assert one.invite() is not None
        assert one.invite(sdp(one.rtp_port, direction="inactive", v=2)) is not None
        impatient.wait_for(one.ani, "held")
        os.kill(impatient.line_pid(one.ani), signal.SIGKILL)
        impatient.wait(lambda: one.receive(0.05) is None and "reanchored" in impatient.kinds(one.ani), "reanchored")
        assert one.request_of("BYE", 4) is None
        assert "resumed" not in impatient.kinds(one.ani)
        assert one.invite(sdp(one.rtp_port, v=3)) is not None
        impatient.wait_for(one.ani, "resumed")
        assert one.heard()
        one.bye()
        impatient.ended(one.ani)


def test_a_missing_prompt_is_passed_over_and_the_conversation_goes_on(rough: Door):
    greeting = rough.data / "prompts" / "greeting.wav"
    kept = greeting.read_bytes()
    greeting.write_bytes(b"no sound")
    (rough.data / "prompts" / "intake.wav").rename(rough.data / "prompts" / "away")
    try:
        with Caller(rough.address) as one:
            assert one.invite() is not None
            rough.wait_for(one.ani, "greeted")
            rough.wait(lambda: rough.record(one.ani)["state"]["phase"] == "listening", "the listening")
            one.bye()
            rough.ended(one.ani)
    finally:
        greeting.write_bytes(kept)
        (rough.data / "prompts" / "away").rename(rough.data / "prompts" / "intake.wav")


def test_a_call_goes_on_without_its_recording_where_there_is_no_room_for_it(rough: Door):
    year = rough.data / "recordings" / f"{datetime.now(UTC):%Y}"
    away = year.with_name("away")
    if year.exists():
        year.rename(away)
    year.write_bytes(b"in the way of the folder")
    try:
        with Caller(rough.address) as one:
            assert one.invite() is not None
            assert one.heard()
            rough.wait_for(one.ani, "greeted")
            assert one.heard()
            one.bye()
            assert rough.ended(one.ani)["by"] == "citizen"
            assert rough.kinds(one.ani) == ["arrived", "answered", "greeted", "ended"]
    finally:
        year.unlink()
        if away.exists():
            away.rename(year)


def test_without_a_number_to_give_a_call_still_ends_and_the_door_lives(rough: Door):
    numbers = rough.data / "journal" / "ticket_numbers.json"
    kept = numbers.read_bytes() if numbers.exists() else None
    numbers.unlink(missing_ok=True)
    numbers.mkdir()
    try:
        arguments = ("--from", "13911110012", "--audio", AUDIO / "consult.wav", "--speak-now", "--hang-up-after", 5)
        assert told(citizen(rough, *arguments))["answered"]
        ended = rough.ended("13911110012")
        assert (ended["outcome"], ended["ticket_no"]) == ("partial", None)
    finally:
        numbers.rmdir()
        if kept is not None:
            numbers.write_bytes(kept)
    assert rough.alive


def test_a_nursery_that_died_is_started_again(rough: Door):
    nurseries = [pid for pid in rough.processes() if not is_line(pid) and pid != rough._process.pid]  # type: ignore[union-attr]
    assert len(nurseries) == 1
    os.kill(nurseries[0], signal.SIGKILL)
    for pid in rough.processes():
        if is_line(pid):
            os.kill(pid, signal.SIGKILL)
    rough.wait(lambda: rough.status()["lines_spare"] == 1, "a new spare")
    with Caller(rough.address) as one:
        answer = one.invite()
        assert answer is not None
        assert answer.code == 200
        one.bye()
        rough.ended(one.ani)


def test_a_line_that_dies_on_every_try_does_not_use_up_all_lines(rough: Door):
    with Caller(rough.address) as one:
        assert one.invite() is not None
        rough.wait_for(one.ani, "greeted")
        one.answers_reinvites = False
        killed = set()
        end = time.monotonic() + 12
        while "ended" not in rough.kinds(one.ani) and time.monotonic() < end:
            one.receive(0.01)
            pid = rough.line_pid(one.ani) if rough.status()["calls"] else 0
            if pid and pid not in killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
        ended = rough.ended(one.ani)
        assert ended["by"] == "system"
        assert 3 <= len(killed) <= 6


def test_an_invite_of_a_strangers_at_a_lines_own_port_is_refused_and_its_call_goes_on(rough: Door):
    with Caller(rough.address) as one:
        assert one.invite() is not None
        rough.wait_for(one.ani, "greeted")
        address = rough.record(one.ani)["sip"]["line_at"]
        with Caller((address[0], address[1])) as intruder:
            answer = intruder.invite()
            assert answer is not None
            assert answer.code == 403
        assert one.heard()
        one.bye()
        assert rough.ended(one.ani)["by"] == "citizen"
