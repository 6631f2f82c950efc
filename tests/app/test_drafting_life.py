"""A drafted ticket begins its life whole: its holder, its helpers, its armed clocks, and a word to the citizen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tickets.drafting import draft_ticket
from models.verify import verify
from routing.assess import Router
from routing.calendar.shifts import before

from .telling import CONSULT, FIRE, REPORT, START, Story, bring, rows, whole
from .test_drafting import Certain

NOW = START + timedelta(seconds=8)
LEAK = "金凤区宁安北街的小区楼道电梯坏了停运了，老人上不了楼"
"""Whatever the classifier makes of it."""


async def drafted(db, judge, story: Story, now=NOW, **options) -> str | None:
    await bring(db, story)
    number = await draft_ticket(db, judge, story.call_id, now, **options)
    await db.commit()
    return number


async def test_the_citizen_is_told_the_number_and_the_query_code_once(city_db, judge):
    number = await drafted(city_db, judge, whole(CONSULT))
    await draft_ticket(city_db, judge, "c1", NOW)
    await city_db.commit()
    (code,) = await rows(city_db, "SELECT query_code FROM tickets")
    assert await rows(city_db, "SELECT template, recipient, state, fields FROM messages WHERE template = '受理'") == [
        ("受理", "13900000001", "queued", {"ticket_no": number, "query_code": code})
    ]
    assert await rows(
        city_db,
        "SELECT count(*) FROM outbox o JOIN messages m ON o.payload ->> 'message' = m.id WHERE template = '受理'",
    ) == [1]


@pytest.mark.parametrize("ani", ["09511234567", "anonymous", "110"])
async def test_who_has_no_mobile_number_is_sent_nothing(city_db, judge, ani):
    await drafted(city_db, judge, whole(CONSULT, ani=ani))
    assert await rows(city_db, "SELECT count(*) FROM messages") == [0]


async def test_what_goes_out_at_once_is_the_units_from_the_first_instant(city_db, judge):
    await drafted(city_db, judge, whole(CONSULT))
    ((status, unit, created, sent, count, until),) = await rows(
        city_db, "SELECT status, host_unit, created_at, dispatched_at, dispatch_count, return_until FROM tickets"
    )
    assert (status, sent, count) == (40, created, 1)
    assert until == judge.book.return_until("Q", 3, created)
    assert await rows(city_db, "SELECT unit, kind, started_at, ended_at, reason FROM holdings") == [
        (unit, "dispatched", created, None, "自动派单")
    ]


async def test_what_a_person_must_confirm_is_the_hotlines_until_then(city_db, judge):
    await drafted(city_db, judge, whole(REPORT))
    ((proposed, created, until),) = await rows(city_db, "SELECT host_unit, created_at, return_until FROM tickets")
    assert (proposed is not None, until) == (True, None)
    assert await rows(city_db, "SELECT unit, kind, started_at, ended_at FROM holdings") == [
        (judge.book.hotline(), "intake", created, None)
    ]
    assert await rows(city_db, "SELECT count(*) FROM co_handlings") == [0]  # nobody helps before somebody leads


@pytest.mark.parametrize(
    ("leaf", "kind", "helpers"), [("060201", "咨询", ["640100-SS"]), ("030103", "求助", ["640100-ZJ"])]
)
async def test_each_helper_of_what_goes_out_has_his_row_and_his_clock_before_the_lead_is_due(
    city_db, judge, leaf, kind, helpers
):
    await drafted(city_db, Router(judge.book.city, Certain(leaf, kind)), whole("水费怎么交"))
    assert await rows(city_db, "SELECT status, co_units FROM tickets") == [(40, helpers)]
    (due,) = await rows(city_db, "SELECT due FROM tickets")
    half_a_day_before = before(judge.book.city.rules.sub_due_before, due, judge.book.calendar)
    assert await rows(city_db, "SELECT unit, due, ended_at FROM co_handlings") == [
        (unit, half_a_day_before, None) for unit in helpers
    ]
    assert await rows(
        city_db, "SELECT c.holder, c.due FROM clocks c JOIN co_handlings h ON h.id = c.ref WHERE c.kind = 'co'"
    ) == [(unit, half_a_day_before) for unit in helpers]


async def test_a_recording_nobody_has_heard_is_the_hotlines_and_its_words_do_not_bring_a_second_message(city_db, judge):
    story = Story()
    story.arrived()
    story.utterance()
    story.ended()
    await drafted(city_db, judge, story, without_text=True)
    assert await rows(city_db, "SELECT unit, kind FROM holdings") == [(judge.book.hotline(), "intake")]
    story.caption(CONSULT)
    later = NOW + timedelta(minutes=5)
    await drafted(city_db, judge, story, later)
    (unit,) = await rows(city_db, "SELECT host_unit FROM tickets WHERE status = 40")
    assert await rows(city_db, "SELECT unit, kind, started_at, ended_at FROM holdings ORDER BY id") == [
        (judge.book.hotline(), "intake", NOW, later), (unit, "dispatched", later, None)
    ]  # fmt: skip
    assert await rows(city_db, "SELECT count(*) FROM messages WHERE template = '受理'") == [1]


@pytest.mark.parametrize("said", [CONSULT, REPORT, FIRE, LEAK])
async def test_a_drafted_ticket_is_sound_and_each_of_its_clocks_knows_its_next_step(city_db, judge, said):
    await drafted(city_db, judge, whole(said))
    assert await rows(city_db, "SELECT kind FROM clocks WHERE next_at IS NULL OR stage <> 0") == []
    await city_db.commit()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []
