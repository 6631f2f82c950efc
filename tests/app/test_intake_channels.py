"""One service takes in what comes by any channel: the same checks, the same steps, all of it or nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.intake.appeal import NewAppeal
from app.intake.jobs import judge as judge_job
from app.intake.judging import judge_ticket
from app.intake.services import register
from app.tickets.actions import act, lock_ticket
from app.tickets.body import ActionBody
from app.tickets.errors import InputError, MarkupError, MissingFieldError, TimeError, UnknownCodeError
from app.tickets.party import CITIZEN, SYSTEM
from models.verify import verify
from models.workflow_codes import TicketAction
from routing.assess import Router
from routing.classifier.model import Judgement
from tests.fixtures.life import AGENT, DISPATCHER, UNIT

from .telling import CONSULT, FIRE, REPORT, rows

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
"""Tuesday, ten in the morning in the city."""
TABLES = ("tickets", "ticket_events", "clocks", "holdings", "messages", "outbox", "citizens", "attachments")


async def _take(db, judge, content=CONSULT, channel="40", party=AGENT, now=NOW, **fields):
    ticket = await register(db, judge.book, NewAppeal(channel=channel, content=content, **fields), party, now)
    await db.commit()
    db.expunge(ticket)  # what a rollback would make it forget
    return ticket


async def _judge(db, judge, no, now=NOW + timedelta(seconds=2)):
    ticket = await lock_ticket(db, no)
    await judge_ticket(db, judge, ticket, ticket.created_at, now)
    await db.commit()
    return ticket


async def _faults(db):
    await db.rollback()
    found = [(check.name, check.examples) for check in await verify(db) if check.breaches]
    await db.rollback()
    return found


async def _everything(db):
    found = [await rows(db, f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]
    await db.rollback()
    return found


class Certain:
    version = "certain-1"

    def __init__(self, leaf: str, kind: str = "求助") -> None:
        self.leaf, self.kind = leaf, kind

    def judge(self, _: str) -> tuple[Judgement, Judgement]:
        return Judgement(((self.leaf, 0.99),), ()), Judgement(((self.kind, 0.9),), ())


@pytest.mark.parametrize(
    "channel", ["10", "11", "12", "13", "20", "21", "22", "23", "30", "31", "32", "33", "34", "40", "41", "42", "50"]
)
async def test_whatever_the_channel_it_is_a_ticket_whose_clocks_run_and_that_is_judged_once_committed(
    city_db, judge, channel
):
    ticket = await _take(city_db, judge, channel=channel, phone="139-0000-0001")
    assert (ticket.no, ticket.status, ticket.version) == ("YC20261124000001", 10, 1)
    assert await rows(city_db, "SELECT no, channel, caller_phone, registered_by, length(query_code) FROM tickets") == [
        (ticket.no, channel, "13900000001", "user:11", 6)
    ]
    assert await rows(city_db, "SELECT kind, family, stopped_at FROM clocks ORDER BY kind") == [
        ("citizen", "citizen", None), ("dispatch", "unit", None)
    ]  # fmt: skip
    assert await rows(city_db, "SELECT unit, kind, ended_at FROM holdings") == [(judge.book.hotline(), "intake", None)]
    assert await rows(city_db, "SELECT kind, actor, payload FROM ticket_events") == [
        ("created", "user:11", {"channel": channel, "chosen": []})
    ]
    assert await rows(city_db, "SELECT template, recipient FROM messages") == [("受理", "13900000001")]
    assert await rows(city_db, "SELECT payload FROM outbox WHERE topic = 'judge_ticket'") == [{"ticket": ticket.no}]
    assert await _faults(city_db) == []


async def test_the_worker_judges_it_and_a_sure_one_goes_to_its_unit(city_db, city_sessions, judge, monkeypatch):
    monkeypatch.setattr("app.intake.jobs.router", lambda: judge)
    await _take(city_db, judge)
    for _ in range(2):  # an outbox row may come twice
        await judge_job(city_sessions, {"ticket": "YC20261124000001"})
    await city_db.rollback()
    assert await rows(city_db, "SELECT status, host_unit, category, title FROM tickets") == [
        (40, "640100-GJ", "140302", "公积金怎么提取")
    ]
    assert await rows(city_db, "SELECT kind FROM ticket_events ORDER BY seq") == [
        "created", "classified", "dispatched", "clocks_adjusted",
    ]  # fmt: skip
    assert await _faults(city_db) == []


@pytest.mark.parametrize("mark", ["confidential", "stability_risk"])
async def test_what_is_confidential_or_may_stir_unrest_is_seen_by_a_person_before_a_unit_sees_it(city_db, judge, mark):
    ticket = await _take(city_db, Router(judge._city, Certain("140302")), "公积金怎么提取", "22", CITIZEN)
    await city_db.execute(text(f"UPDATE tickets SET {mark} = true"))
    await _judge(city_db, Router(judge._city, Certain("140302")), ticket.no)
    (row,) = await rows(city_db, "SELECT status, dispatch_count, confirm FROM tickets")
    named = {"confidential": "保密", "stability_risk": "涉稳"}[mark]
    assert row == (20, 0, [f"{named}须人工确认"])
    assert await _faults(city_db) == []


async def test_a_danger_that_is_written_down_goes_to_those_who_answer_it_at_once(city_db, judge):
    ticket = await _take(city_db, judge, FIRE, "22", CITIZEN)
    await _judge(city_db, judge, ticket.no)
    assert await rows(city_db, "SELECT status, urgency, profile FROM tickets") == [(40, 1, "E1")]
    assert await rows(city_db, "SELECT started_at FROM clocks WHERE kind = 'citizen'") == [NOW]
    assert await _faults(city_db) == []


async def test_what_the_agent_decides_stands_and_its_limits_run_from_the_first_moment(city_db, judge):
    chosen = {"category": "030101", "type": "03", "urgency": 2, "district": "640106", "unit": UNIT,
              "title": "宁安北街停水", "address": "宁安北街177号"}  # fmt: skip
    ticket = await _take(city_db, judge, "家里没有水了", "41", **chosen)
    assert (ticket.profile, ticket.category, ticket.status) == ("E2", "030101", 10)
    assert await rows(city_db, "SELECT payload -> 'chosen' FROM ticket_events") == [
        ["type", "category", "urgency", "unit", "district", "address", "title"]
    ]
    await _judge(city_db, Router(judge._city, Certain("140302")), ticket.no)
    columns = "status, category, type, urgency, district_code, host_unit, title, address, dispatch_count"
    assert await rows(city_db, f"SELECT {columns} FROM tickets") == [
        (20, "030101", "03", 2, "640106", UNIT, "宁安北街停水", "宁安北街177号", 0)
    ]
    assert await rows(city_db, "SELECT kind FROM ticket_events ORDER BY seq") == ["created", "classified"]
    assert await _faults(city_db) == []


async def test_what_people_amend_before_it_is_judged_stands_too(city_db, judge):
    ticket = await _take(city_db, judge)
    body = ActionBody(category="020403", type="02", unit=UNIT)
    await act(city_db, judge.book, ticket.no, TicketAction.AMEND, body, AGENT, NOW + timedelta(seconds=1))
    await city_db.commit()
    assert await _faults(city_db) == []
    await _judge(city_db, judge, ticket.no)
    assert await rows(city_db, "SELECT category, type, host_unit, status FROM tickets") == [("020403", "02", UNIT, 20)]
    assert await _faults(city_db) == []


async def test_what_people_have_gone_on_with_is_not_judged_any_more(city_db, city_sessions, judge, monkeypatch):
    monkeypatch.setattr("app.intake.jobs.router", lambda: judge)
    ticket = await _take(city_db, judge)
    refusal = ActionBody(code="N7", reason="无实质内容")
    await act(city_db, judge.book, ticket.no, TicketAction.NOT_ACCEPT, refusal, AGENT, NOW + timedelta(minutes=1))
    await city_db.commit()
    before = await _everything(city_db)
    await judge_job(city_sessions, {"ticket": ticket.no})
    assert await _everything(city_db) == before


async def test_a_category_that_promises_nothing_still_lets_the_citizens_clock_run_until_it_is_judged(city_db, judge):
    ticket = await _take(city_db, judge, "有辆车挡住我了，请帮忙挪一下", category="040203", type="02")
    assert ticket.citizen_due is not None
    assert await _faults(city_db) == []
    await _judge(city_db, judge, ticket.no)
    assert await rows(city_db, "SELECT outcome FROM clocks WHERE kind = 'citizen'") == ["not_counted"]
    assert await _faults(city_db) == []


async def test_a_bad_rating_goes_to_review_as_it_is_with_its_own_limits(city_db, judge):
    appeal = NewAppeal(channel="24", content="窗口态度差", category="140102", type="03", unit=UNIT)
    ticket = await register(city_db, judge.book, appeal, SYSTEM, NOW, profile="CP", told={"evaluation": 7})
    await city_db.commit()
    assert (ticket.status, ticket.profile, ticket.host_unit) == (20, "CP", UNIT)
    assert await rows(city_db, "SELECT topic FROM outbox") == []
    assert await rows(city_db, "SELECT kind FROM ticket_events ORDER BY seq") == ["created", "submit"]
    await act(city_db, judge.book, ticket.no, TicketAction.APPROVE, ActionBody(), DISPATCHER, NOW)
    await city_db.commit()
    assert await _faults(city_db) == []


async def test_who_gives_no_number_is_anonymous_and_gets_no_message_and_who_comes_again_is_the_same_citizen(
    city_db, judge
):
    for phone in (None, "+86 139 0000 0001", "013900000001", ""):
        await _take(city_db, judge, phone=phone)
    assert await rows(city_db, "SELECT anonymous, citizen_id IS NULL FROM tickets ORDER BY no") == [
        (True, True), (False, False), (False, False), (True, True)
    ]  # fmt: skip
    assert len(await rows(city_db, "SELECT id FROM citizens")) == 1
    assert len(await rows(city_db, "SELECT id FROM messages")) == 2


async def test_a_report_by_letter_is_protected_and_waits_for_a_person(city_db, judge):
    ticket = await _take(city_db, judge, REPORT, type="04", confidential=True, phone="13900000001")
    await _judge(city_db, judge, ticket.no)
    assert await rows(city_db, "SELECT status, type, confidential FROM tickets") == [(20, "04", True)]


async def test_many_at_once_get_numbers_of_their_own(city_sessions, judge):
    async def one(number: int) -> str:
        async with city_sessions() as db:
            return (await _take(db, judge, phone=f"139000000{number % 7:02d}")).no

    numbers = await asyncio.gather(*(one(number) for number in range(40)))
    assert sorted(numbers) == [f"YC202611240{count:05d}" for count in range(1, 41)]
    async with city_sessions() as db:
        assert len(await rows(db, "SELECT id FROM citizens")) == 7
        assert await _faults(db) == []


async def test_before_the_commit_there_is_nothing(city_db, city_sessions, judge):
    before = await _everything(city_db)
    async with city_sessions() as db:
        appeal = NewAppeal(channel="40", content=CONSULT, phone="13900000001")
        await register(db, judge.book, appeal, AGENT, NOW)
        assert await _everything(city_db) == before  # whoever crashes here has acknowledged nothing
        with pytest.raises(DBAPIError):
            await db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert await _everything(city_db) == before


FAR = datetime(1, 1, 1, tzinfo=UTC)
BAD = {
    "nothing but blanks": ({"content": " \u3000\n"}, MissingFieldError, "content"),
    "a NUL": ({"content": "路灯\0坏了"}, InputError, "content"),
    "half a character": ({"content": "路灯\ud800"}, InputError, "content"),
    "a script": ({"content": "<script>alert(1)</script>"}, MarkupError, "content"),
    "a page's code in a title": ({"title": "<img src=x onerror=alert(1)>"}, MarkupError, "title"),
    "two lines in a name": ({"caller_name": "张三\n李四"}, InputError, "caller_name"),
    "no channel": ({"channel": "99"}, UnknownCodeError, "channel"),
    "no type": ({"type": "99"}, UnknownCodeError, "type"),
    "no category": ({"category": "999999"}, UnknownCodeError, "category"),
    "no district": ({"district": "110101"}, UnknownCodeError, "district"),
    "a street as a district": ({"district": "640106001"}, UnknownCodeError, "district"),
    "no unit": ({"unit": "nowhere"}, UnknownCodeError, "unit"),
    "the hotline itself": ({"unit": "640100-12345"}, InputError, "unit"),
    "no helper": ({"co_units": ["nowhere"]}, UnknownCodeError, "co_units"),
    "the host as helper": ({"unit": UNIT, "co_units": [UNIT]}, InputError, "co_units"),
    "no number": ({"phone": "abc"}, InputError, "phone"),
    "no number to call back": ({"contact_phone": "1"}, InputError, "contact_phone"),
    "tomorrow": ({"occurred_at": NOW + timedelta(days=1)}, TimeError, "occurred_at"),
    "long before": ({"occurred_at": FAR}, TimeError, "occurred_at"),
    "the year 1": ({"occurred_at": datetime(1, 1, 1)}, TimeError, "occurred_at"),  # noqa: DTZ001  (as people type it)
    "the year 9999": ({"occurred_at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)}, TimeError, "occurred_at"),
    "a name, but anonymous": ({"anonymous": True, "caller_name": "张三"}, InputError, "caller_name"),
    "half a reference": ({"upper_no": "A1"}, InputError, "upper_system"),
    "the other half": ({"upper_system": "region"}, InputError, "upper_no"),
    "a reference with blanks": ({"upper_system": "region", "upper_no": "A 1"}, InputError, "upper_no"),
    "a file that is not there": ({"attachments": [123456]}, UnknownCodeError, "attachments"),
}


@pytest.mark.parametrize("what", BAD, ids=str)
async def test_what_cannot_be_is_refused_with_its_field_and_changes_nothing(city_db, judge, what):
    fields, error, field = BAD[what]
    before = await _everything(city_db)
    with pytest.raises(error) as raised:
        await _take(city_db, judge, **fields)
    await city_db.rollback()
    assert type(raised.value) is error
    assert [fault["field"] for fault in raised.value.extra["faults"]] == [field]
    assert not raised.value.message.isascii()
    assert await _everything(city_db) == before
