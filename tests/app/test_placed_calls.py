"""Calls the hotline places, on the ticket side: ordered once, told of as any call, and passed on when they are over."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text

from app.calls.intake import store, undrafted_calls
from app.calls.orders import NO_NUMBER, PLACE_CALL, CallOrder, order_call, placing
from app.calls.placed import survey_result, tell_late
from app.calls.telephony_door import OrderRefusedError, TelephonyUnreachableError
from app.calls.views import list_calls
from app.jobs.outbox import PutOffError, claim, perform
from models.codes import CallOutcome, Satisfied, Solved
from telephony import events
from telephony.orders import Accepted, Order, Refusal

from .telling import START, Story, bring, rows

NOW = START
ORDER = CallOrder("cb-7", 7, "callback", START + timedelta(hours=1))
PAYLOAD = msgspec.to_builtins(ORDER)
SECOND = timedelta(seconds=1)


class PlacedStory(Story):
    """A call of ours."""

    def placed(self, order_id: str = "cb-7") -> events.Envelope:
        return self.tell(events.Placed(order_id, "callback", "callback", self.ani, "12345"))

    def pressed(self, question: str, digit: str, answer: str) -> events.Envelope:
        return self.tell(events.Survey(question, digit, answer))


def surveyed(*, words: str | None = None, outcome: str = "surveyed") -> PlacedStory:
    """From the INVITE to the end; ``words``: why the citizen is not content."""
    story = PlacedStory()
    story.placed()
    story.answered()
    story.pressed("solved", "3", "unsolved")
    story.pressed("satisfied", "5", "very_dissatisfied")
    story.tell(events.SpeechInvited("reason"))
    spoken = 0 if words is None else 1
    if words is not None:
        story.utterance()
        story.caption(words)
    story.recording()
    story.ended(outcome, utterances=spoken)
    return story


DONE = "SELECT topic, key, payload FROM outbox ORDER BY id"


async def test_a_call_of_ours_is_what_its_events_tell(db):
    story = surveyed(words="等了三天没人来")
    await bring(db, story)
    query = "SELECT direction, order_id, ani, dialled, survey, outcome, started_at, ended_at FROM calls"
    assert await rows(db, query) == [
        ("out", "cb-7", "12345", "13900000001", "callback", "surveyed", story.told[0].at, story.told[-1].at)
    ]
    assert await rows(db, "SELECT leg, joined_at IS NULL FROM call_legs") == [("citizen", False)]
    assert await rows(db, "SELECT count(*) FROM recordings") == [1]
    assert await rows(db, "SELECT text FROM captions") == ["等了三天没人来"]
    assert await rows(db, "SELECT fault FROM call_events WHERE fault IS NOT NULL") == []


async def test_whoever_ordered_it_is_told_once_that_it_is_over_and_no_ticket_is_drafted(db):
    story = surveyed()
    await bring(db, story)
    await bring(db, story)
    assert await rows(db, DONE) == [("callback_call_done", "cb-7", {"order_id": "cb-7", "call_id": "c1"})]
    assert await rows(db, "SELECT drafted_at IS NULL FROM calls") == [False]


async def test_the_end_is_passed_on_when_the_text_of_all_that_was_said_is_there(db):
    story = surveyed(words="没人来")
    late = story.told.pop(6)
    assert late.kind == "caption"
    await bring(db, story)
    assert await rows(db, DONE) == []
    await store(db, [late])
    await db.commit()
    assert await rows(db, "SELECT key FROM outbox") == ["cb-7"]


async def test_text_that_does_not_come_holds_nothing_up_for_ever(db):
    story = surveyed(words="没人来")
    story.told.pop(6)
    await bring(db, story)
    ended = story.told[-1].at
    assert await tell_late(db, ended) == 0
    assert await tell_late(db, ended + SECOND) == 1
    assert await tell_late(db, ended + SECOND) == 0
    assert await rows(db, "SELECT key FROM outbox") == ["cb-7"]


async def test_a_call_of_ours_is_never_swept_up_for_a_ticket(db):
    story = surveyed(words="没人来")
    story.told.pop(6)
    await bring(db, story)
    assert await undrafted_calls(db, story.told[-1].at + SECOND) == []


async def test_told_in_reverse_it_is_the_same_call(db):
    story = surveyed(words="没人来")
    for event in reversed(story.told):
        await store(db, [event])
    await db.commit()
    result = await survey_result(db, "c1")
    assert result is not None
    assert (result.solved, result.satisfied, result.reason) == (Solved.UNSOLVED, Satisfied.VERY_DISSATISFIED, "没人来")
    assert ("callback_call_done", "cb-7", {"order_id": "cb-7", "call_id": "c1"}) in await rows(db, DONE)


async def test_a_second_call_for_one_order_is_kept_out_of_the_record_and_told_as_a_fault(db):
    second = PlacedStory("c2")
    second.placed()
    await bring(db, surveyed(), second)
    assert await rows(db, "SELECT id FROM calls WHERE order_id = 'cb-7'") == ["c1"]
    assert await rows(db, "SELECT call_id, seq FROM call_events WHERE fault IS NOT NULL") == [("c2", 1)]


async def test_what_was_answered_is_read_in_the_codes_of_the_record(db):
    await bring(db, surveyed(words="等了三天没人来"))
    result = await survey_result(db, "c1")
    assert result is not None
    assert (result.outcome, result.reached) == (CallOutcome.SURVEYED, True)
    # key 5 is the worst, code 5 the best
    assert (result.solved, result.satisfied) == (Solved.UNSOLVED, Satisfied.VERY_DISSATISFIED)
    assert result.satisfied == 1
    assert result.reason == "等了三天没人来"


async def test_what_was_said_before_the_reason_was_asked_for_is_no_reason(db):
    story = PlacedStory()
    story.placed()
    story.answered()
    story.utterance(1)
    story.caption("喂你好", 1)
    story.pressed("solved", "3", "unsolved")
    story.pressed("satisfied", "4", "dissatisfied")
    story.tell(events.SpeechInvited("reason"))
    story.utterance(2, start=9)
    story.utterance(3, start=12)
    story.caption("等了三天", 2, start=9)
    story.caption("", 3, start=12)
    story.ended("surveyed", utterances=3)
    await bring(db, story)
    result = await survey_result(db, "c1")
    assert result is not None
    assert result.reason == "等了三天"


async def test_a_call_nobody_picked_up_has_no_answers(db):
    story = PlacedStory()
    story.placed()
    story.ended("busy", utterances=0, sip_cause=486)
    await bring(db, story)
    result = await survey_result(db, "c1")
    assert result is not None
    assert (result.outcome, result.reached, result.solved, result.satisfied, result.reason) == (
        CallOutcome.BUSY, False, None, None, None,
    )  # fmt: skip
    assert await rows(db, "SELECT sip_cause FROM calls") == [486]


async def test_a_call_that_goes_on_and_a_citizens_call_have_no_result(db):
    story = PlacedStory()
    story.placed()
    other = Story("c2")
    other.arrived()
    other.ended("silent", 0)
    await bring(db, story, other)
    assert await survey_result(db, "c1") is None
    assert await survey_result(db, "c2") is None
    assert await survey_result(db, "nobody") is None


# ---- ordering


class FrontDoor:
    """Takes orders, or says what it is told to say."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.orders: list[Order] = []

    async def give(self, order: Order) -> Accepted:
        self.orders.append(order)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return Accepted(order.order_id, "c1", repeated=False)


async def number_of(session, callback_id):
    return {7: "+86 139-0000-0001"}.get(callback_id)


def handler(door, now=NOW):
    return placing(number_of, door, lambda: now)


async def test_an_order_is_given_with_the_number_the_database_has(db_sessions):
    door = FrontDoor()
    await handler(door)(db_sessions, PAYLOAD)
    assert door.orders == [Order("cb-7", "13900000001", "callback", "callback", ORDER.expires_at)]


async def test_the_outbox_holds_no_number_and_one_row_an_order(db):
    for _ in range(2):
        await order_call(db, ORDER, NOW)
    await db.commit()
    found = await rows(db, "SELECT topic, key, payload::text, available_at FROM outbox")
    assert [(row[0], row[1], row[3]) for row in found] == [(PLACE_CALL, "cb-7", NOW)]
    assert "139" not in found[0][2]


@pytest.mark.parametrize("reason", ["order.number_refused", "order.no_trunk", "order.expired"])
async def test_a_refusal_for_good_is_passed_on_with_its_reason(db, db_sessions, reason):
    refused = OrderRefusedError(Refusal(reason, "不行", retry=False))
    for _ in range(2):
        await handler(FrontDoor(refused))(db_sessions, PAYLOAD)
    assert await rows(db, DONE) == [
        ("callback_call_done", "cb-7/refused", {"order_id": "cb-7", "call_id": None, "refused": reason})
    ]


async def test_whom_there_is_no_number_of_is_not_called(db, db_sessions):
    door = FrontDoor()
    await handler(door)(db_sessions, {**PAYLOAD, "callback_id": 8})
    assert door.orders == []
    assert await rows(db, "SELECT payload->>'refused' FROM outbox") == [NO_NUMBER]


async def test_busy_lines_put_an_order_off_until_it_expires(db, db_sessions):
    busy = OrderRefusedError(Refusal("order.lines_busy", "忙", retry=True))
    with pytest.raises(PutOffError) as caught:
        await handler(FrontDoor(busy))(db_sessions, PAYLOAD)
    assert caught.value.at == NOW + timedelta(seconds=15)
    await handler(FrontDoor(busy), ORDER.expires_at - 10 * SECOND)(db_sessions, PAYLOAD)
    assert await rows(db, "SELECT payload->>'refused' FROM outbox") == ["order.expired"]


async def test_a_front_door_that_cannot_be_reached_is_tried_until_the_order_expires(db, db_sessions):
    with pytest.raises(TelephonyUnreachableError):
        await handler(FrontDoor(TelephonyUnreachableError("x")))(db_sessions, PAYLOAD)
    assert await rows(db, DONE) == []
    await handler(FrontDoor(TelephonyUnreachableError("x")), ORDER.expires_at)(db_sessions, PAYLOAD)
    assert await rows(db, "SELECT payload->>'refused' FROM outbox") == ["order.expired"]


async def test_an_order_that_was_taken_though_nobody_said_so_is_not_told_as_refused(db, db_sessions):
    await bring(db, surveyed())
    await handler(FrontDoor(TelephonyUnreachableError("x")), ORDER.expires_at)(db_sessions, PAYLOAD)
    assert await rows(db, "SELECT key FROM outbox") == ["cb-7"]


async def test_a_topic_nobody_handles_waits_and_harms_nothing(db, db_sessions):
    await bring(db, surveyed())
    (row,) = await claim(db_sessions, NOW + timedelta(days=365 * 100))
    assert not await perform(db_sessions, {}, row, NOW)
    assert await rows(db, "SELECT done_at, last_error IS NULL FROM outbox") == [(None, False)]


async def test_the_list_of_calls_shows_the_citizens_number_masked_whoever_called(db):
    other = Story("c2", "13900000002")
    other.arrived()
    other.ended("silent", 0)
    await bring(db, surveyed(), other)
    found = {call["id"]: call for call in await list_calls(db)}
    assert (found["c1"]["direction"], found["c1"]["ani"]) == ("out", "139****0001")
    assert (found["c2"]["direction"], found["c2"]["ani"]) == ("in", "139****0002")
    assert found["c1"]["answers"]["solved"] == {"digit": "3", "answer": "unsolved"}


async def test_of_a_call_about_a_protected_ticket_nothing_of_the_number_is_shown(record):
    for statement in (
        "UPDATE tickets SET confidential = true WHERE no = 'T1'",
        "UPDATE calls SET dialled = '13900000009' WHERE id = 'c3'",
        "INSERT INTO callbacks (ticket_id, round, try_no, mode, result, planned_at, call_id) "  # noqa: ISC004
        "SELECT id, 9, 1, 'auto_call', 'not_reached', now(), 'c3' FROM tickets WHERE no = 'T1'",
    ):
        await record.execute(text(statement))
    (call,) = [call for call in await list_calls(record) if call["id"] == "c3"]
    assert "0009" not in call["ani"]
    assert "139" not in call["ani"]
