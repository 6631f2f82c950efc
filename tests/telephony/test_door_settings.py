"""What the settings of the front door let in: sources, passwords, lines, rates."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.fixtures.front_door import Door, citizen, needs_sipp, opened, told
from tests.fixtures.sip import Caller, sdp


@pytest.fixture(scope="module")
def guarded():
    """Only the trunk at 127.0.0.2 may come in, with a password; there is one line."""
    yield from opened(allow='["127.0.0.2/32"]', max_lines=1, spare_lines=1)


@pytest.fixture(scope="module")
def locked():
    yield from opened(digest_user="trunk", digest_password="secret", rate_per_source=20)


def test_a_source_on_the_list_is_served_although_the_lines_and_the_watchdog_are_not_on_it(guarded: Door):
    with Caller(guarded.address, host="127.0.0.2") as trunk:
        answer = trunk.invite()
        assert answer is not None
        assert answer.code == 200
        assert trunk.heard()
        trunk.bye()
        assert guarded.ended(trunk.ani)["by"] == "citizen"


def test_a_source_that_is_not_on_the_list_gets_no_answer_at_all(guarded: Door):
    with Caller(guarded.address, host="127.0.0.3") as stranger:
        for data in (stranger.compose("OPTIONS"), stranger.compose("INVITE", sdp(9)), b"nonsense"):
            stranger.send(data)
        assert stranger.receive(0.4) is None
    assert guarded.status()["counters"]["denied_source"] >= 3
    assert not guarded.events(stranger.ani)


def test_the_watchdog_reaches_a_door_that_is_closed_to_its_own_address(guarded: Door):
    def asked() -> int:
        return int(guarded.status()["counters"].get("method_options", 0))

    before = asked()
    guarded.wait(lambda: asked() > before, "the watchdog's question", 6)


def test_with_every_line_taken_a_call_is_told_to_come_back(guarded: Door):
    with Caller(guarded.address, host="127.0.0.2") as first, Caller(guarded.address, host="127.0.0.2") as second:
        assert first.invite() is not None
        refused = second.invite()
        assert refused is not None
        assert refused.code == 503
        assert int(refused["retry-after"]) > 0
        ended = guarded.ended(second.ani)
        assert (ended["outcome"], ended["sip_cause"], ended["by"]) == ("failed", 503, "system")
        assert guarded.kinds(second.ani) == ["arrived", "ended"]
        first.bye()
        guarded.ended(first.ani)
        guarded.wait(lambda: guarded.status()["lines_taken"] == 0, "the line")
    with Caller(guarded.address, host="127.0.0.2") as third:
        answer = third.invite()
        assert answer is not None
        assert answer.code == 200
        third.bye()
        guarded.ended(third.ani)


def test_an_invite_without_a_password_is_asked_for_one_in_both_forms(locked: Door):
    with Caller(locked.address) as one:
        answer = one.invite()
        assert answer is not None
        assert answer.code == 401
        challenges = answer.headers["www-authenticate"]
        assert {"SHA-256" in challenge for challenge in challenges} == {True, False}
        assert all('realm="hotline"' in challenge for challenge in challenges)
        assert not locked.events(one.ani)


def test_a_wrong_password_is_asked_again_and_never_makes_a_call(locked: Door):
    result = told(citizen(locked, "--from", "13911110003", "--user", "trunk", "--password", "guess"))
    assert not result["answered"]
    assert result["hangup_cause"] == 401
    assert not locked.events("13911110003")
    assert locked.status()["counters"]["wrong_password"] >= 1


def test_the_right_password_makes_a_call(locked: Door):
    arguments = ("--from", "13911110004", "--user", "trunk", "--password", "secret", "--hang-up-after", "1.2")
    result = told(citizen(locked, *arguments))
    assert result["answered"]
    assert locked.ended("13911110004")["by"] == "citizen"


@pytest.mark.parametrize("header", ["Digest", "Basic eDp5", 'Digest username="trunk"', "Digest " + "x" * 3000])
def test_a_broken_authorization_is_a_wrong_password(locked: Door, header: str):
    with Caller(locked.address) as one:
        answer = one.invite(Authorization=header)
        assert answer is not None
        assert answer.code == 401


def test_a_flood_from_one_source_is_thinned_and_another_source_is_served(locked: Door):
    with Caller(locked.address, host="127.0.0.4") as flood, Caller(locked.address, host="127.0.0.5") as other:
        for _ in range(200):
            flood.send(flood.compose("OPTIONS"))
        answer = other.ask("OPTIONS")
        assert answer is not None
        assert answer.code == 200
        time.sleep(0.2)
        answered = 0
        while flood.receive(0.1) is not None:
            answered += 1
        assert 20 <= answered < 60
    assert locked.status()["counters"]["rate_limited"] >= 140


def test_an_address_that_is_taken_is_named_and_the_door_exits_with_1(locked: Door):
    second = Door(sip_port=locked.port)
    try:
        with pytest.raises(AssertionError, match=r"exit code 1: .*Address already in use"):
            second.start()
    finally:
        second.clear_away()


def test_calls_of_sipp_are_all_answered_and_each_ends_once(door: Door, tmp_path):
    sipp = needs_sipp()
    before = len({event.call_id for event in door.events()})
    command = [sipp, "-sn", "uac", "-i", "127.0.0.1", "-mp", "47000", "-m", "10", "-r", "5", "-d", "800", "-nostdin"]
    done = subprocess.run(
        [*command, "-s", "12345", f"127.0.0.1:{door.port}"], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    door.wait(lambda: door.status()["calls"] == 0, "the end of the calls")
    events = [event for event in door.events() if event.kind == "ended"]
    assert len({event.call_id for event in door.events()}) - before == 10
    assert len(events) == len({event.call_id for event in events})
