"""Call events reach the record once, whatever order they come in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.calls.intake import store, undrafted_calls
from telephony import events

from .telling import START, Story, bring, rows, whole

_ALL_COLUMNS = (
    "SELECT ani, dialled, sip_call_id, answered_by, setup_ms, ended_by, sip_cause, outcome, talk_s, digits, utterances,"
    " reanchored, reserved_no, number_read FROM calls"
)


async def test_a_call_is_what_its_events_tell(db):
    story = whole("路灯不亮")
    assert await bring(db, story) == events.Receipt(accepted=6, repeated=0)
    assert await rows(db, _ALL_COLUMNS) == [
        ("13900000001", "12345", "sip-1", "system", 42.5, "citizen", 16, "appeal", 12.5, "1#", 1, 0,
         "123452026112400001", False)
    ]  # fmt: skip
    assert await rows(db, "SELECT started_at, answered_at, ended_at, drafted_at FROM calls") == [
        (START + timedelta(seconds=1), START + timedelta(seconds=2), START + timedelta(seconds=5), None)
    ]
    assert await rows(db, "SELECT leg, party, joined_at, left_at, cause FROM call_legs") == [
        ("citizen", "citizen", START + timedelta(seconds=2), START + timedelta(seconds=5), 16)
    ]
    assert await rows(db, "SELECT index, side, part, start_s, end_s, text, model, avg_logprob FROM captions") == [
        (1, "citizen", 1, 1.0, 3.0, "路灯不亮", "base", -0.3)
    ]
    assert await rows(db, "SELECT side, part, path, seconds FROM recordings") == [
        ("citizen", 1, "2026/c1/1.wav", 4.5)
    ]  # fmt: skip
    assert await rows(db, "SELECT topic, key, payload FROM outbox") == [("draft_ticket", "c1/1", {"call_id": "c1"})]


async def test_a_delivery_that_comes_again_has_no_second_effect(db):
    story = whole("路灯不亮")
    story.tell(events.Reanchored(part=2, gap_ms=50))
    await bring(db, story)
    before = [await rows(db, f"SELECT * FROM {table}") for table in ("calls", "captions", "call_events", "outbox")]
    assert await bring(db, story) == events.Receipt(accepted=0, repeated=7)
    after = [await rows(db, f"SELECT * FROM {table}") for table in ("calls", "captions", "call_events", "outbox")]
    assert after == before
    assert await rows(db, "SELECT reanchored FROM calls") == [1]


async def test_the_first_telling_of_an_event_stands(db):
    story = Story()
    event = story.arrived()
    changed = events.Envelope(event.call_id, 1, event.at, "node2", {**event.payload, "ani": "13900000099"})
    await store(db, [event])
    assert await store(db, [changed]) == events.Receipt(accepted=0, repeated=1)
    assert await rows(db, "SELECT ani, node FROM calls") == [("13900000001", "node1")]


async def test_text_that_comes_before_its_utterance_is_kept(db):
    story = Story()
    story.arrived()
    story.caption("路灯不亮")
    spoken = story.utterance()
    await bring(db, story)
    assert await rows(db, "SELECT text, said_at FROM captions") == [("路灯不亮", spoken.at)]


async def test_events_in_reverse_order_tell_the_same_call(db):
    story = whole("路灯不亮")
    for event in reversed(story.told):
        await store(db, [event])
    await db.commit()
    assert await rows(db, "SELECT ani, outcome, started_at, answered_at, ended_at FROM calls") == [
        ("13900000001", "appeal", *(START + timedelta(seconds=n) for n in (1, 2, 5)))
    ]
    assert await rows(db, "SELECT key FROM outbox") == ["c1/1"]


async def test_text_after_the_end_completes_the_call(db):
    story = Story()
    story.arrived()
    story.utterance(1)
    story.utterance(2, start=4)
    story.caption("路灯不亮", 1)
    story.ended(utterances=2)
    await bring(db, story)
    assert await rows(db, "SELECT key FROM outbox") == []
    story.caption("", 2, start=4)  # heard no words, but that is an answer too
    await bring(db, story)
    assert await rows(db, "SELECT key FROM outbox") == ["c1/2"]


async def test_a_call_without_speech_is_complete_when_it_ends(db):
    story = Story()
    story.arrived()
    story.ended("silent", 0)
    await bring(db, story)
    assert await rows(db, "SELECT key, payload FROM outbox") == [("c1/0", {"call_id": "c1"})]


async def test_the_number_that_was_read_is_kept(db):
    story = Story()
    story.arrived()
    story.tell(events.Voicemail(ticket_no="1234"))
    story.ended("failed", 0)
    await bring(db, story)
    assert await rows(db, "SELECT reserved_no, number_read FROM calls") == [("1234", True)]


async def test_legs_come_and_go_also_when_the_going_is_told_first(db):
    story = Story()
    joined = story.tell(events.LegJoined("agent", "agent:7"))
    left = story.tell(events.LegLeft("agent", 16))
    late_left = story.tell(events.LegLeft("third", 31))
    late_joined = story.tell(events.LegJoined("third", "110"))
    await bring(db, story)
    assert await rows(db, "SELECT leg, party, joined_at, left_at, cause FROM call_legs ORDER BY leg") == [
        ("agent", "agent:7", joined.at, left.at, 16),
        ("third", "110", late_joined.at, late_left.at, 31),
    ]


HISTORY = [
    events.Greeted("greeting", complete=True), events.Queued("a"), events.Offered("7"), events.Held("7"),
    events.Resumed("7"), events.Digit("1", "rfc4733"), events.TransferStarted("110"), events.TransferAnswered("110"),
    events.TransferFailed("110", 17), events.SupervisorJoined("9", "whisper"), events.Abandoned(3.5),
]  # fmt: skip
EFFECT = {"arrived", "answered", "utterance", "caption", "leg_joined", "leg_left", "reanchored", "voicemail",
          "recording", "ended", "placed", "survey", "speech_invited"}  # fmt: skip


@pytest.mark.parametrize("payload", HISTORY, ids=lambda payload: payload.__struct_config__.tag)
async def test_an_event_that_only_tells_history_is_stored_whole(db, payload):
    story = Story()
    story.tell(payload)
    await bring(db, story)
    assert await rows(db, "SELECT kind, payload, fault FROM call_events") == [
        (payload.__struct_config__.tag, story.told[0].payload, None)
    ]
    assert await rows(db, "SELECT id, outcome, ended_at FROM calls") == [("c1", "in_progress", None)]


def test_every_kind_of_the_contract_is_told_here():
    kinds = {kind.__struct_config__.tag for kind in events.Payload.__args__}
    assert {payload.__struct_config__.tag for payload in HISTORY} | EFFECT == kinds


async def test_an_unknown_kind_is_kept_as_it_came_and_is_no_fault(db):
    story = Story()
    story.tell({"type": "video_joined", "camera": "前"})
    story.tell({"no": "type"})
    await bring(db, story)
    assert await rows(db, "SELECT kind, payload, fault FROM call_events ORDER BY seq") == [
        ("video_joined", {"type": "video_joined", "camera": "前"}, None),
        ("unknown", {"no": "type"}, None),
    ]
    assert await rows(db, "SELECT id FROM calls") == []


async def test_a_malformed_payload_is_kept_with_its_fault_and_the_rest_goes_on(db):
    story = Story()
    story.tell({"type": "arrived", "ani": 139})
    story.answered()
    assert await bring(db, story) == events.Receipt(accepted=2, repeated=0)
    (fault, none) = await rows(db, "SELECT fault FROM call_events ORDER BY seq")
    assert "Expected `str`, got `int` - at `$.ani`" in fault
    assert none is None
    assert await rows(db, "SELECT ani, answered_by FROM calls") == [(None, "system")]


async def test_fields_of_a_newer_version_do_no_harm(db):
    story = Story()
    story.tell({"type": "answered", "by": "system", "setup_ms": 5, "codec": "opus"})
    await bring(db, story)
    assert await rows(db, "SELECT kind, fault, payload->>'codec' FROM call_events") == [("answered", None, "opus")]
    assert await rows(db, "SELECT setup_ms FROM calls") == [5.0]


CONTRADICTIONS = [
    (events.Utterance(2, "citizen", 1, 9.0, 8.0), "IntegrityError 23514 ck_captions_span"),
    (events.Ended("citizen", 2**40, "silent", 0, 0, ""), "DataError 22003"),
    (events.Voicemail("123452026112400009"), "IntegrityError 23505 uq_calls_reserved_no"),
]


@pytest.mark.parametrize(("payload", "fault"), CONTRADICTIONS, ids=["ends before it starts", "too big", "number taken"])
async def test_an_event_that_contradicts_the_record_is_kept_with_its_fault_and_holds_nothing_up(db, payload, fault):
    await bring(db, whole("路灯不亮", "c9"))
    story = Story()
    story.arrived()
    story.tell(payload)
    story.answered()
    assert await bring(db, story) == events.Receipt(accepted=3, repeated=0)
    assert await rows(db, "SELECT fault FROM call_events WHERE call_id = 'c1' ORDER BY seq") == [None, fault, None]
    assert await rows(db, "SELECT answered_by, ended_at FROM calls WHERE id = 'c1'") == [("system", None)]


async def test_one_delivery_may_tell_of_many_calls(db):
    one, two = whole("路灯不亮", "c1"), whole("水管漏水", "c2", ani="13900000002")
    mixed = [event for pair in zip(one.told, two.told, strict=True) for event in pair]
    assert await store(db, mixed) == events.Receipt(accepted=12, repeated=0)
    await db.commit()
    assert await rows(db, "SELECT id, ani FROM calls ORDER BY id") == [("c1", "13900000001"), ("c2", "13900000002")]
    assert await rows(db, "SELECT key FROM outbox ORDER BY id") == ["c1/1", "c2/1"]


async def test_the_sweepers_list_has_the_calls_that_ended_long_ago_undecided_and_were_not_swept(db):
    stories = []
    for number in range(1, 5):
        story = Story(f"c{number}")
        story.arrived()
        if number != 4:
            story.ended("appeal", 1)
        stories.append(story)
    await bring(db, *stories)
    await db.execute(text("UPDATE calls SET ended_at = ended_at - interval '1 hour' WHERE id = 'c2'"))
    await db.execute(text("UPDATE calls SET drafted_at = ended_at WHERE id = 'c3'"))
    ended = START + timedelta(seconds=2)
    assert await undrafted_calls(db, ended) == ["c2"]
    assert await undrafted_calls(db, ended + timedelta(seconds=1)) == ["c2", "c1"]
    await db.execute(
        text("INSERT INTO outbox (topic, key, payload, created_at, available_at, attempts) "
             "VALUES ('draft_ticket', 'c2/late', '{}', now(), now(), 0)")
    )  # fmt: skip
    assert await undrafted_calls(db, ended + timedelta(seconds=1)) == ["c1"]
