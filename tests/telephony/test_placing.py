"""The front door calls a citizen: the INVITE, what the network may answer, the survey by keys, what is recorded."""

from __future__ import annotations

import os
import signal

import pytest

from telephony.front_door.sip.sanity import judge
from tests.fixtures.front_door import Door
from tests.fixtures.sip import Caller, Message, media_port
from tests.fixtures.trunk import Called, trunked

NUMBERS = (f"139222200{number:02d}" for number in range(1, 100))


@pytest.fixture(scope="module")
def placing():
    yield from trunked(ring_s=2.5, no_progress_s=1.2)


@pytest.fixture
def number() -> str:
    return next(NUMBERS)


@pytest.fixture
def called(placing: Door):
    with Called.of(placing) as one:
        yield one


def ordered(door: Door, called: Called, number: str) -> Message:
    """An order is given; the INVITE for it."""
    answer = door.order(number)
    assert answer.status_code == 200, answer.text
    return called.invited()


def press(door: Door, called: Called, number: str, port: int, key: str, kind: str = "survey") -> None:
    """A key, and the event it brings."""
    before = len(door.payloads(number, kind))
    called.press(key, port)
    door.wait(lambda: len(door.payloads(number, kind)) > before, f"{kind} of key {key}")


def test_the_invite_says_who_calls_and_offers_g711(placing: Door, called: Called, number: str):
    invite = ordered(placing, called, number)
    assert invite.start == f"INVITE sip:{number}@127.0.0.1:{placing.trunk_port} SIP/2.0"
    assert invite["from"].startswith("<sip:12345@127.0.0.1")
    assert f"<sip:{number}@127.0.0.1>" in invite["to"]
    assert invite["max-forwards"] == "70"
    assert "PCMA/8000" in invite.body
    assert "telephone-event/8000" in invite.body
    assert "X-Hotline-Line" not in "".join(invite.headers)  # the line's token is nobody's business
    called.refuse(486)
    placing.ended(number)


def test_a_content_citizen_answers_by_keys_and_is_thanked(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    called.ring()
    assert called.request_of("ACK", 0.3) is None
    assert placing.kinds(number) == ["placed"]  # nothing is recorded or played before he picks up
    port = called.pick_up()
    assert called.heard() == {port}
    placing.wait_for(number, "greeted")
    press(placing, called, number, port, "1")
    called.quiet(1.0)
    press(placing, called, number, port, "2")
    assert called.request_of("BYE") is not None
    ended = placing.ended(number)
    assert (ended["outcome"], ended["by"], ended["digits"], ended["ticket_no"]) == ("surveyed", "system", "12", None)
    assert placing.payloads(number, "survey") == [
        {"type": "survey", "question": "solved", "digit": "1", "answer": "solved"},
        {"type": "survey", "question": "satisfied", "digit": "2", "answer": "satisfied"},
    ]
    assert placing.payloads(number, "placed") == [
        {
            "type": "placed", "order_id": f"to-{number}", "purpose": "callback", "survey": "callback",
            "number": number, "caller": "12345",
        }
    ]  # fmt: skip
    (recording,) = placing.payloads(number, "recording")
    assert {part["side"] for part in recording["parts"]} == {"citizen", "agent"}
    assert min(part["seconds"] for part in recording["parts"]) > 1.5


def test_keys_in_the_greeting_do_not_cut_the_notice_short(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    port = called.pick_up()
    placing.wait_for(number, "answered")
    called.press("1", port)
    placing.wait_for(number, "greeted")
    assert placing.payloads(number, "greeted")[0]["complete"] is True
    assert placing.payloads(number, "survey") == []
    called.bye()
    ended = placing.ended(number)
    assert (ended["outcome"], ended["by"], ended["digits"]) == ("not_surveyed", "citizen", "1")


def test_wrong_keys_end_the_survey_after_the_question_was_said_again(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    port = called.pick_up()
    placing.wait_for(number, "greeted")
    press(placing, called, number, port, "9", "digit")
    called.quiet(1.2)
    assert called.request_of("BYE", 0.1) is None
    press(placing, called, number, port, "8", "digit")
    assert called.request_of("BYE") is not None
    ended = placing.ended(number)
    assert (ended["outcome"], ended["digits"]) == ("not_surveyed", "98")


def test_hanging_up_in_the_middle_leaves_what_was_answered(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    port = called.pick_up()
    placing.wait_for(number, "greeted")
    press(placing, called, number, port, "3")
    called.bye()
    ended = placing.ended(number)
    assert (ended["outcome"], ended["by"]) == ("partly_surveyed", "citizen")
    assert placing.payloads(number, "survey")[0]["answer"] == "unsolved"


@pytest.mark.parametrize(("code", "outcome"), [
    (486, "busy"), (603, "declined"), (404, "unreachable"), (480, "unanswered"), (503, "failed"),
])  # fmt: skip
def test_what_the_network_answers_is_what_the_call_was(
    placing: Door, called: Called, number: str, code: int, outcome: str
):
    ordered(placing, called, number)
    if code == 480:
        called.ring()
    called.refuse(code)
    ended = placing.ended(number)
    assert (ended["outcome"], ended["sip_cause"], ended["by"], ended["talk_s"]) == (outcome, code, "network", 0.0)
    assert "recording" not in placing.kinds(number)
    placing.wait(lambda: placing.status()["lines_taken"] == 0, "the line's end")


def test_a_redirection_is_never_followed(placing: Door, called: Called, number: str):
    with Called(placing.address) as elsewhere:
        ordered(placing, called, number)
        called.refuse(302, f"Contact: <sip:110@127.0.0.1:{elsewhere.port}>")
        assert placing.ended(number)["outcome"] == "failed"
        assert elsewhere.request_of("INVITE", 0.5) is None
    assert len(called.dialogs()) == 1


def test_nobody_picks_up_and_the_invite_is_taken_back(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    called.ring()
    assert called.cancelled()
    ended = placing.ended(number)
    assert (ended["outcome"], ended["sip_cause"], ended["by"]) == ("unanswered", 487, "system")
    assert placing.payloads(number, "answered") == []


def test_a_trunk_that_says_nothing_is_not_waited_for_long(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    ended = placing.ended(number, 5)
    assert (ended["outcome"], ended["sip_cause"]) == ("failed", 408)
    assert called.request_of("CANCEL", 0.3) is None  # RFC 3261 §9.1: not before a provisional answer
    called.ring()
    assert called.cancelled()


def test_who_picks_up_just_when_we_give_up_is_not_left_in_silence(placing: Door, called: Called, number: str):
    invite = ordered(placing, called, number)
    called.ring()
    cancel = called.request_of("CANCEL")
    assert cancel is not None
    called.respond(cancel, 200)
    called.respond(invite, 200, "OK", called.session())
    assert called.request_of("ACK") is not None
    assert called.request_of("BYE") is not None
    assert placing.ended(number)["outcome"] == "unanswered"


def test_a_session_that_is_only_in_the_provisional_answer_will_do(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    called.ring(183, called.session())
    port = called.pick_up("")
    assert called.heard() == {port}
    called.bye()
    assert placing.ended(number)["outcome"] == "not_surveyed"


def test_an_answer_without_any_session_ends_the_call(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    called.pick_up("")
    assert called.request_of("BYE") is not None
    ended = placing.ended(number)
    assert (ended["outcome"], ended["by"]) == ("failed", "system")


def test_the_citizen_may_put_us_on_hold_and_come_back(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    port = called.pick_up()
    placing.wait_for(number, "greeted")
    held = called.invite(called.session(direction="sendonly", v=2))
    assert held is not None
    assert held.code == 200
    placing.wait_for(number, "held")
    assert called.invite(called.session(v=3)) is not None
    placing.wait_for(number, "resumed")
    press(placing, called, number, port, "1")
    called.bye()
    assert placing.ended(number)["outcome"] == "partly_surveyed"


def test_a_line_that_dies_while_it_rings_ends_the_call_as_failed(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    called.ring()
    placing.wait(lambda: placing.record(number)["placed"]["cancel"], "the ringing")
    os.kill(placing.line_pid(number), signal.SIGKILL)
    assert called.cancelled(3)
    ended = placing.ended(number)
    assert (ended["outcome"], ended["by"]) == ("failed", "system")
    placing.wait(lambda: placing.status()["lines_taken"] == 0, "the other line's end")


def test_a_line_that_dies_in_the_survey_is_replaced_and_the_question_is_said_again(
    placing: Door, called: Called, number: str
):
    ordered(placing, called, number)
    first = called.pick_up()
    placing.wait_for(number, "greeted")
    press(placing, called, number, first, "1")
    called.heard(20)  # what is recorded less than half a second long is not written yet
    os.kill(placing.line_pid(number), signal.SIGKILL)
    again = called.request_of("INVITE", 5, nth=2)
    assert again is not None
    placing.wait_for(number, "reanchored")
    assert called.heard() == {media_port(again)} != {first}
    called.quiet(0.8)  # a key so soon after the last is the same press
    press(placing, called, number, media_port(again), "1")
    assert called.request_of("BYE") is not None
    assert placing.ended(number)["outcome"] == "surveyed"
    (recording,) = placing.payloads(number, "recording")
    assert {part["part"] for part in recording["parts"]} == {1, 2}
    assert len(called.dialogs()) == 1


def test_citizens_still_get_through_while_we_call_others(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    port = called.pick_up()
    with Caller(placing.address) as caller:
        answer = caller.invite()
        assert answer is not None
        assert answer.code == 200
        assert caller.heard() != {port}
        caller.bye()
        assert placing.ended(caller.ani)["outcome"] == "abandoned_greeting"
    called.bye()
    placing.ended(number)


def test_what_we_send_passes_our_own_filter(placing: Door, called: Called, number: str):
    ordered(placing, called, number)
    called.ring()
    called.cancelled()
    placing.ended(number)
    for message in called.received:
        raw = "\r\n".join([message.start, *(f"{k}: {v}" for k, vs in message.headers.items() for v in vs), "", ""])
        assert judge((raw + message.body).encode()).passes, message.start
