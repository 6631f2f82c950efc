"""A call's words become a ticket: once, whoever asks how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from app.tickets.actions import act
from app.tickets.body import ActionBody
from app.tickets.drafting import draft_ticket
from app.tickets.missing import start_missing_clocks
from models.verify import verify
from models.workflow_codes import TicketAction
from routing.assess import Router
from routing.classifier.model import Judgement
from tests.fixtures.life import AGENT

from .telling import CONSULT, FIRE, REPORT, START, Story, bring, rows, whole

ENDED = START + timedelta(seconds=5)
"""When the call of :func:`whole` was over: the appeal counts as accepted then."""
NOW = ENDED + timedelta(seconds=3)
NUMBER = "123452026112400001"


def _city(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour - 8, minute, second, tzinfo=UTC)


async def _draft(db, judge, call_id="c1", now=NOW, **options):
    number = await draft_ticket(db, judge, call_id, now, **options)
    await db.commit()
    return number


async def _clocks(db, ended=ENDED):
    query = 'SELECT kind, holder, "limit", started_at, due FROM clocks ORDER BY due, id'
    return {kind: (holder, limit, due) for kind, holder, limit, started, due in await rows(db, query)
            if started == ended}  # fmt: skip


@pytest.mark.parametrize("outcome", ["appeal", "partial"])
async def test_words_become_a_ticket_with_the_reserved_number(city_db, judge, outcome):
    await bring(city_db, whole(CONSULT, outcome=outcome))
    assert await _draft(city_db, judge) == NUMBER
    assert await rows(
        city_db,
        "SELECT no, type, channel, urgency, content, call_id, caller_phone, category, profile, created_at FROM tickets",
    ) == [(NUMBER, "01", "10", 3, CONSULT, "c1", "13900000001", "140302", "Q", NOW)]
    assert await rows(city_db, "SELECT phone FROM citizens") == ["13900000001"]
    assert await rows(city_db, "SELECT drafted_at, outcome FROM calls") == [(NOW, outcome)]
    (code,) = await rows(city_db, "SELECT query_code FROM tickets")
    assert len(code) == 6
    assert code.isdigit()


async def test_a_sure_consultation_is_dispatched_at_once_and_the_units_clocks_run(city_db, judge):
    await bring(city_db, whole(CONSULT))
    await _draft(city_db, judge)
    assert await rows(city_db, "SELECT status, host_unit, confirm, dispatch_count, due, citizen_due FROM tickets") == [
        (40, "640100-GJ", [], 1, _city(26, 18), _city(26, 18))
    ]
    assert await _clocks(city_db) == {
        "sign": ("640100-GJ", "1wd", _city(25, 18)),
        "contact": ("640100-GJ", "1wd", _city(25, 18)),
        "citizen": (None, "2wd", _city(26, 18)),
        "finish": ("640100-GJ", "2wd", _city(26, 18)),
    }
    assert await rows(city_db, "SELECT seq, kind, actor, at FROM ticket_events ORDER BY seq") == [
        (1, "created", "system", NOW), (2, "classified", "system", NOW), (3, "dispatched", "system", NOW)
    ]  # fmt: skip


async def test_below_the_bar_a_person_confirms_and_the_unit_is_only_proposed(city_db, judge):
    unsure = Router(replace(judge._city, auto_dispatch_confidence=1.0), judge._model)
    await bring(city_db, whole(CONSULT))
    await _draft(city_db, unsure)
    ((status, host, confirm),) = await rows(city_db, "SELECT status, host_unit, confirm FROM tickets")
    assert (status, host) == (20, "640100-GJ")
    assert any(reason.startswith("分类置信度") for reason in confirm)
    assert set(await _clocks(city_db)) == {"dispatch", "citizen"}


async def test_a_report_waits_for_a_person_and_only_the_dispatchers_and_the_citizens_clocks_run(city_db, judge):
    await bring(city_db, whole(REPORT))
    await _draft(city_db, judge)
    ((status, confirm, count, type_),) = await rows(
        city_db, "SELECT status, confirm, dispatch_count, type FROM tickets"
    )
    assert (status, count, type_) == (20, 0, "04")
    assert "举报须人工确认" in confirm
    assert await _clocks(city_db) == {
        "dispatch": (None, "1wd", _city(25, 18)),
        "citizen": (None, "5wd", _city(1, 18, month=12)),
    }
    assert await rows(city_db, "SELECT kind FROM ticket_events ORDER BY seq") == ["created", "classified"]


async def test_danger_is_dispatched_at_once_and_by_phone_though_a_person_must_confirm(city_db, judge):
    await bring(city_db, whole(FIRE))
    await _draft(city_db, judge)
    ((status, urgency, confirm, district),) = await rows(
        city_db, "SELECT status, urgency, confirm, district_code FROM tickets"
    )
    assert (status, urgency, district) == (40, 1, "640106")
    assert "紧急诉求须人工复核" in confirm
    assert await rows(city_db, "SELECT payload->'by_phone' FROM ticket_events WHERE kind = 'dispatched'") == [True]
    host = (await rows(city_db, "SELECT host_unit FROM tickets"))[0]
    assert await _clocks(city_db) == {
        "sign": (host, "15m", _city(24, 10, 15, 5)),
        "contact": (host, "30m", _city(24, 10, 30, 5)),
        "feedback": (host, "2h", _city(24, 12, 0, 5)),
        "citizen": (None, "24h", _city(25, 10, 0, 5)),
        "finish": (host, "24h", _city(25, 10, 0, 5)),
    }


class Certain:
    """A model that is sure of one leaf, whatever it hears."""

    version = "certain-1"

    def __init__(self, leaf: str, kind: str = "求助") -> None:
        self.leaf, self.kind = leaf, kind

    def judge(self, _: str) -> tuple[Judgement, Judgement]:
        return Judgement(((self.leaf, 0.99),), ()), Judgement(((self.kind, 0.9),), ())


async def test_danger_that_was_taken_for_something_harmless_goes_to_a_person_within_minutes_not_to_a_wrong_unit(
    city_db, judge
):
    await bring(city_db, whole(FIRE))
    await _draft(city_db, Router(judge._city, Certain("030402")))
    ((status, urgency, confirm, count),) = await rows(
        city_db, "SELECT status, urgency, confirm, dispatch_count FROM tickets"
    )
    assert (status, urgency, count) == (20, 1, 0)
    assert confirm[0].startswith("特急：")
    assert await _clocks(city_db) == {
        "dispatch": (None, "5m", _city(24, 10, 5, 5)),
        "citizen": (None, "24h", _city(25, 10, 0, 5)),
    }


async def test_moving_a_car_runs_no_clock_of_the_citizens_but_the_holder_fills_the_result_in(city_db, judge):
    await bring(city_db, whole("有辆车挡住我了，请帮忙挪一下"))
    await _draft(city_db, Router(judge._city, Certain("040203")))
    ((status, profile, host, due, citizen_due),) = await rows(
        city_db, "SELECT status, profile, host_unit, due, citizen_due FROM tickets"
    )
    assert (status, profile, due, citizen_due) == (50, "T", _city(25, 10, 0, 5), None)  # nothing to be signed for
    assert await _clocks(city_db) == {"feedback": (host, "24h", _city(25, 10, 0, 5))}
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


@pytest.mark.parametrize("outcome", ["silent", "digits_only", "abandoned_greeting", "failed"])
async def test_a_call_without_an_appeal_makes_no_ticket_and_is_settled(city_db, judge, outcome):
    story = Story()
    story.arrived()
    story.ended(outcome, 0)
    await bring(city_db, story)
    assert await _draft(city_db, judge) is None
    assert await rows(city_db, "SELECT outcome, drafted_at FROM calls") == [(outcome, NOW)]
    assert await _draft(city_db, judge, now=NOW + timedelta(hours=1), without_text=True) is None
    assert await rows(city_db, "SELECT drafted_at FROM calls") == [NOW]
    assert await rows(city_db, "SELECT no FROM tickets") == []


@pytest.mark.parametrize("outcome", ["appeal", "partial"])
async def test_a_call_in_which_no_word_was_understood_makes_no_ticket(city_db, judge, outcome):
    await bring(city_db, whole("", outcome=outcome))
    assert await _draft(city_db, judge) is None
    assert await rows(city_db, "SELECT outcome, drafted_at FROM calls") == [("no_words", NOW)]
    assert await rows(city_db, "SELECT no FROM tickets") == []
    assert await _draft(city_db, judge, without_text=True) is None


async def test_what_only_the_agent_said_is_no_appeal(city_db, judge):
    story = Story()
    story.arrived()
    story.caption("您好,请讲", side="agent")
    story.ended("appeal", 1)
    await bring(city_db, story)
    assert await _draft(city_db, judge) is None
    assert await rows(city_db, "SELECT outcome FROM calls") == ["no_words"]


@pytest.mark.parametrize("outcome", ["appeal", "partial"])
async def test_while_text_is_missing_there_is_no_ticket_yet(city_db, judge, outcome):
    story = Story()
    story.arrived()
    story.utterance(1)
    story.utterance(2, start=4)
    story.caption(CONSULT, 1)
    story.ended(outcome, 2)
    await bring(city_db, story)
    assert await _draft(city_db, judge) is None
    assert await rows(city_db, "SELECT drafted_at FROM calls") == [None]


async def test_a_call_that_goes_on_or_is_not_known_makes_no_ticket(city_db, judge):
    story = Story()
    story.arrived()
    story.caption(CONSULT)
    await bring(city_db, story)
    assert await _draft(city_db, judge, without_text=True) is None
    assert await _draft(city_db, judge, "nobody's", without_text=True) is None
    assert await rows(city_db, "SELECT drafted_at FROM calls") == [None]


async def _late(city_db, judge, *heard: str) -> Story:
    """A call whose text did not come in time got a ticket without it."""
    story = Story()
    story.arrived()
    story.utterance(1)
    story.utterance(2, start=4)
    for index, said in enumerate(heard, 1):
        story.caption(said, index, start=1 + index)
    story.ended("appeal", 2)
    await bring(city_db, story)
    assert await _draft(city_db, judge, now=NOW + timedelta(minutes=10), without_text=True) == NUMBER
    return story


async def test_when_the_text_does_not_come_a_person_gets_a_ticket_to_listen_to(city_db, judge):
    await _late(city_db, judge)
    assert await rows(city_db, "SELECT status, title, content, category, type FROM tickets") == [
        (10, "录音待转写", "（录音待转写，请听录音后登记）", None, "07")
    ]
    assert await rows(city_db, "SELECT kind, payload->'has_text' FROM ticket_events") == [("created", False)]
    # the citizen waits all the same: the city's default runs from the call's end
    (ended,) = await rows(city_db, "SELECT ended_at FROM calls")
    assert await _clocks(city_db, ended) == {
        "dispatch": (None, "1wd", _city(25, 18)),
        "citizen": (None, "5wd", _city(1, 18, month=12)),
    }
    assert await rows(city_db, "SELECT profile, citizen_due, due FROM tickets") == [
        ("N5", _city(1, 18, month=12), _city(1, 18, month=12))
    ]
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


async def test_what_was_understood_so_far_is_on_the_ticket_to_listen_to(city_db, judge):
    await _late(city_db, judge, "路灯坏了")
    assert await rows(city_db, "SELECT status, content, category FROM tickets") == [(10, "路灯坏了", None)]


async def test_text_that_comes_late_fills_the_ticket_in_and_the_citizens_clock_runs_from_the_call(city_db, judge):
    story = await _late(city_db, judge)
    story.caption(CONSULT, 1)
    story.caption("", 2, start=4)
    await bring(city_db, story)
    later = NOW + timedelta(days=2)
    assert await _draft(city_db, judge, now=later) == NUMBER
    assert await rows(city_db, "SELECT status, content, category, updated_at, citizen_due FROM tickets") == [
        (40, CONSULT, "140302", later, _city(26, 18))
    ]
    (ended,) = await rows(city_db, "SELECT ended_at FROM calls")
    assert set(await rows(city_db, "SELECT started_at FROM clocks")) == {ended}
    assert await rows(city_db, "SELECT kind FROM ticket_events ORDER BY seq") == [
        "created", "text_arrived", "classified", "dispatched", "clocks_adjusted"
    ]  # fmt: skip
    # the one clock of the citizen's goes on with the limit of what he asks; what it was before is told
    assert (await _clocks(city_db, ended))["citizen"] == (None, "2wd", _city(26, 18))
    assert await rows(city_db, "SELECT payload->'clocks' FROM ticket_events WHERE kind = 'clocks_adjusted'") == [
        {
            "citizen": {"from": "2026-12-01T18:00:00+08:00", "to": "2026-11-26T18:00:00+08:00"},
            "dispatch": {"from": "2026-11-25T18:00:00+08:00", "to": None},
        }
    ]
    assert await rows(city_db, "SELECT kind, stopped_at FROM clocks WHERE stopped_at IS NOT NULL") == [
        ("dispatch", later)
    ]
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


async def test_a_late_text_that_promises_the_citizen_nothing_stops_his_clock_and_says_so(city_db, judge):
    story = await _late(city_db, judge)
    story.caption("有辆车挡住我了，请帮忙挪一下", 1)
    story.caption("", 2, start=4)
    await bring(city_db, story)
    await _draft(city_db, Router(judge._city, Certain("040203")))
    assert await rows(city_db, "SELECT profile, citizen_due FROM tickets") == [("T", None)]
    assert await rows(city_db, "SELECT stopped_at, outcome FROM clocks WHERE kind = 'citizen'") == [
        (NOW, "not_counted")
    ]
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


NEW_YEAR = timedelta(days=35)
"""From the stories' day to 29 December: limits in working days reach into 2027."""


async def _at_years_end(city_db, judge, said: str) -> None:
    await bring(city_db, whole(said))
    await city_db.execute(text("UPDATE calls SET ended_at = ended_at + :later"), {"later": NEW_YEAR})
    await city_db.commit()
    await _draft(city_db, judge, now=NOW + NEW_YEAR)


def _with_2027(judge) -> Router:
    """Once the State Council's notice is in the city's files."""
    national = judge._city.layers[0]
    new_year = replace(national.days[0], day=date(2027, 1, 1), working=False)
    known = replace(national, years=(*national.years, 2027), days=(*national.days, new_year))
    return Router(replace(judge._city, layers=(known, *judge._city.layers[1:])), judge._model)


async def test_clocks_that_reach_into_an_unknown_year_are_noted_and_started_once_the_calendar_knows_it(
    city_db, city_sessions, judge
):
    await _at_years_end(city_db, judge, REPORT)  # Tuesday 29 December
    ((missing, confirm, due),) = await rows(city_db, "SELECT missing_clocks, confirm, citizen_due FROM tickets")
    assert (missing, due) == (["citizen"], None)
    assert any(reason.startswith("时限未计：缺少 2027 年") for reason in confirm)
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []
    await city_db.rollback()

    later = NOW + NEW_YEAR + timedelta(days=2)
    before = await rows(city_db, "SELECT version, updated_at FROM tickets")
    assert await start_missing_clocks(city_sessions, judge, later) == 0  # the year is still unknown
    await city_db.rollback()
    assert await rows(city_db, "SELECT version, updated_at FROM tickets") == before

    for _ in range(2):
        assert await start_missing_clocks(city_sessions, _with_2027(judge), later) == 0
    await city_db.rollback()
    due = datetime(2027, 1, 6, 10, tzinfo=UTC)  # the fifth working day after the 29th, New Year's Day left out
    assert await rows(city_db, "SELECT missing_clocks, citizen_due FROM tickets") == [([], due)]
    started = ENDED + NEW_YEAR
    assert await rows(city_db, "SELECT started_at, due FROM clocks WHERE kind = 'citizen'") == [(started, due)]
    ((confirm,),) = [await rows(city_db, "SELECT confirm FROM tickets")]
    assert confirm
    assert not any(reason.startswith("时限未计") for reason in confirm)
    told = await rows(city_db, "SELECT at, payload FROM ticket_events WHERE kind = 'clocks_started'")
    assert told == [(later, {"started": {"citizen": "2027-01-06T18:00:00+08:00"}, "adjusted": {}, "missing": []})]
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


async def test_the_batches_of_missing_clocks_go_on_where_the_last_one_ended(city_db, city_sessions, judge, monkeypatch):
    monkeypatch.setattr("app.tickets.missing._BATCH", 1)
    await _at_years_end(city_db, judge, REPORT)
    (first,) = await rows(city_db, "SELECT id FROM tickets")
    known = _with_2027(judge)
    assert await start_missing_clocks(city_sessions, known, NOW, after=first) == 0
    await city_db.rollback()
    assert await rows(city_db, "SELECT missing_clocks FROM tickets") == [["citizen"]]
    assert await start_missing_clocks(city_sessions, known, NOW + NEW_YEAR) == first
    await city_db.rollback()
    assert await rows(city_db, "SELECT missing_clocks FROM tickets") == [[]]


async def test_a_late_text_without_a_word_leaves_the_ticket_to_the_person(city_db, judge):
    story = await _late(city_db, judge)
    story.caption("", 1)
    story.caption("", 2, start=4)
    await bring(city_db, story)
    assert await _draft(city_db, judge) == NUMBER
    assert await rows(city_db, "SELECT status, category FROM tickets") == [(10, None)]
    assert await rows(city_db, "SELECT kind FROM ticket_events") == ["created"]


@pytest.mark.parametrize("said", [CONSULT, REPORT, FIRE])
async def test_drafting_again_changes_nothing_and_the_record_is_sound(city_db, judge, said):
    await bring(city_db, whole(said))
    await _draft(city_db, judge)
    tables = ("tickets", "ticket_events", "clocks", "calls", "citizens")
    before = [await rows(city_db, f"SELECT * FROM {table} ORDER BY 1") for table in tables]
    for without_text in (False, True):
        assert await _draft(city_db, judge, now=NOW + timedelta(hours=1), without_text=without_text) == NUMBER
    assert [await rows(city_db, f"SELECT * FROM {table} ORDER BY 1") for table in tables] == before
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


async def test_a_citizen_who_calls_again_is_the_same_citizen_and_one_who_hides_his_number_is_none(city_db, judge):
    await bring(city_db, whole(CONSULT, "c1"), whole(REPORT, "c2"), whole(REPORT, "c3", ani=""))
    for call in ("c1", "c2", "c3"):
        await _draft(city_db, judge, call)
    assert len(await rows(city_db, "SELECT id FROM citizens")) == 1
    first, second, hidden = await rows(city_db, "SELECT citizen_id FROM tickets ORDER BY no")
    assert first == second
    assert hidden is None


async def test_callers_who_withhold_their_number_are_not_one_citizen_and_a_prefix_makes_no_second_one(city_db, judge):
    anis = ("anonymous", "anonymous", "+8613900000001", "013900000001")
    for number, ani in enumerate(anis, 1):
        await bring(city_db, whole(CONSULT, f"c{number}", ani=ani))
        await _draft(city_db, judge, f"c{number}")
    assert await rows(city_db, "SELECT phone FROM citizens") == ["13900000001"]
    found = await rows(city_db, "SELECT anonymous, caller_phone, citizen_id IS NULL FROM tickets ORDER BY no")
    assert found == [(True, None, True)] * 2 + [(False, "13900000001", False)] * 2


async def test_the_whole_judgement_is_kept_with_the_ticket(city_db, judge):
    await bring(city_db, whole(CONSULT))
    await _draft(city_db, judge)
    ((kept, payload, confidence),) = await rows(
        city_db,
        "SELECT assessment, payload, confidence FROM tickets t JOIN ticket_events e ON e.ticket_id = t.id "
        "WHERE kind = 'classified'",
    )
    assert kept["category"] == payload["category"] == "140302"
    assert kept["limits"]["citizen_due"] == "2026-11-26T18:00:00+08:00"
    assert kept["model"] == payload["model"]
    assert payload["confidence"] == confidence == round(kept["confidence"], 4)


async def test_two_workers_that_draft_one_call_at_once_make_one_ticket(city_sessions, city_db, judge):
    await bring(city_db, whole(CONSULT))
    async with city_sessions() as first, city_sessions() as second:
        assert await draft_ticket(first, judge, "c1", NOW) == NUMBER
        await second.execute(text("SET lock_timeout = '100ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            await draft_ticket(second, judge, "c1", NOW)
        await second.rollback()
        await first.commit()
        assert await draft_ticket(second, judge, "c1", NOW + timedelta(hours=1)) == NUMBER
        await second.commit()
    assert await rows(city_db, "SELECT no, created_at FROM tickets") == [(NUMBER, NOW)]


async def test_a_spoken_call_that_telephony_had_no_number_for_gets_one_of_the_web_sides(city_db, judge):
    for call_id in ("c1", "c2"):
        await bring(city_db, whole(CONSULT, call_id=call_id, ticket_no=None))
    # 2026-11-24 in the city; 0 is the web side's digit
    assert await _draft(city_db, judge, "c1") == "YC20261124000001"
    assert await _draft(city_db, judge, "c2") == "YC20261124000002"
    assert await _draft(city_db, judge, "c1") == "YC20261124000001"
    assert all(not check.breaches for check in await verify(city_db))


async def test_a_late_text_leaves_what_people_added_and_decided_meanwhile(city_db, city_sessions, judge):
    story = await _late(city_db, judge)
    for action, fields in (
        (TicketAction.APPEND, {"text": "来电人补充：门牌是12号"}),
        (TicketAction.AMEND, {"category": "030101", "type": "03"}),
    ):
        await act(city_db, judge.book, NUMBER, action, ActionBody(**fields), AGENT, NOW + timedelta(minutes=20))
        await city_db.commit()
    story.caption(CONSULT, 1)
    story.caption("", 2, start=4)
    await bring(city_db, story)
    await _draft(city_db, judge, now=NOW + timedelta(hours=1))
    ((content, category, type_, status),) = await rows(city_db, "SELECT content, category, type, status FROM tickets")
    assert content.startswith(f"{CONSULT}\n〔")
    assert content.endswith("来电人补充：门牌是12号")
    assert (category, type_, status) == ("030101", "03", 20)
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []


async def test_a_late_text_never_takes_a_ticket_back_that_people_have_settled(city_db, judge):
    story = await _late(city_db, judge)
    refusal = ActionBody(code="N7", reason="录音中只有辱骂")
    await act(city_db, judge.book, NUMBER, TicketAction.NOT_ACCEPT, refusal, AGENT, NOW + timedelta(minutes=20))
    await city_db.commit()
    story.caption(CONSULT, 1)
    story.caption("", 2, start=4)
    await bring(city_db, story)
    await _draft(city_db, judge, now=NOW + timedelta(hours=1))
    assert await rows(city_db, "SELECT status, content, category FROM tickets") == [(93, CONSULT, None)]
    await city_db.rollback()
    assert [(check.name, check.examples) for check in await verify(city_db) if check.breaches] == []
