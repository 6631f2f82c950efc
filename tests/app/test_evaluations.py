"""好差评 (domain.md §8): a bad rating is called back, judged, put right, followed up and published."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.evaluations.publication import last_months, published
from app.evaluations.schemas import NewRating
from app.evaluations.services import (
    EvaluationForbiddenError,
    EvaluationStateError,
    NotVerifiedError,
    Verdict,
    judge,
    publish,
)
from app.evaluations.taking import take_rating
from app.tickets.actions import lock_ticket
from app.tickets.errors import InputError, TimeError, UnknownCodeError
from models.codes import Role
from models.evaluation import ServiceEvaluation
from models.workflow_codes import EvaluationClass
from models.workflow_codes import TicketAction as A
from routing.evaluation import Tally, called_in, masked, without
from routing.permits import GuardError
from tests.fixtures.life import CALLER, CHIEF, CITIZEN, DISPATCHER, SHANGHAI, UNIT, new_ticket, of_unit


def rating(**values):
    row = {
        "source": "window", "external_id": "P1", "unit": UNIT, "item": "施工许可证核发", "rating": 1,
        "words": "王先生跑了三趟还没办成，电话13800000000没人接", "real_name": True, "rater_name": "王五",
        "rater_phone": "13900000009",
    }  # fmt: skip
    return NewRating(**{**row, **values})


@pytest.fixture
def take(life):
    async def taken(**values):
        async with life.sessions() as db:
            row, no = await take_rating(db, life.book, rating(**values), life.now)
            await db.commit()
        if no is not None:
            life.no = no
        return row, no

    return taken


@pytest.fixture
def judged(life):
    async def judging(number, verdict, who=DISPATCHER, **values):
        async with life.sessions() as db:
            row = await judge(db, life.book, number, Verdict(verdict, "已回访核实", **values), who, life.now)
            await db.commit()
        return row

    return judging


async def _row(life, number):
    async with life.sessions() as db:
        return (await db.execute(select(ServiceEvaluation).filter_by(id=number))).scalar_one()


async def _call_back(life):
    await life.do(A.CONTACT, DISPATCHER, result="reached", at=life.now, number="13900000009")


async def test_a_bad_rating_with_a_name_is_a_confidential_ticket_to_be_called_back_about_within_a_working_day(
    life, take
):
    row, no = await take()
    ticket = await life.ticket(no)
    assert (ticket.channel, ticket.category, ticket.status, ticket.profile) == ("24", "140102", 20, "CP")
    assert ticket.confidential
    clocks = await life.rows("SELECT due FROM clocks WHERE kind = 'evaluation_verify' AND stopped_at IS NULL")
    assert [clock["due"] for clock in clocks] == [life.book.due("1wd", life.now)]
    assert row.state == "verify"
    assert not await life.faults()


@pytest.mark.parametrize("values", [{"rating": 3}, {"rating": 5}, {"real_name": False}, {"rater_phone": None}], ids=str)
async def test_good_ones_and_those_nobody_can_be_called_back_about_are_counted_and_no_more(take, values):
    row, no = await take(**values)
    assert (row.state, no) == ("done", None)


async def test_the_same_rating_twice_is_one(life, take):
    first, no = await take()
    second, again = await take()
    assert (first.id, no) == (second.id, again)
    assert (await life.rows("SELECT count(*) AS n FROM tickets"))[0]["n"] == 1


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"unit": "nobody"}, UnknownCodeError),
        ({"rated_at": datetime(2030, 1, 1, tzinfo=SHANGHAI)}, TimeError),
        ({"rater_phone": "abc"}, InputError),
        ({"words": "<script>alert(1)</script>"}, InputError),
    ],
    ids=["unit", "future", "phone", "script"],
)
async def test_a_rating_that_cannot_be_is_refused_and_nothing_is_kept(life, take, values, error):
    with pytest.raises(error):
        await take(**values)
    assert (await life.rows("SELECT count(*) AS n FROM service_evaluations"))[0]["n"] == 0


async def test_nobody_judges_before_the_rater_was_called_back(take, judged):
    row, _ = await take()
    with pytest.raises(NotVerifiedError):
        await judged(row.id, EvaluationClass.CLEAR)


async def test_one_try_in_vain_is_no_call_back_as_many_as_the_city_asks_for_are(life, take, judged):
    row, _ = await take()
    tries = life.book.city.rules.contact_tries
    assert tries > 1
    for _ in range(tries):
        with pytest.raises(NotVerifiedError):
            await judged(row.id, EvaluationClass.CLEAR)
        life.later(hours=1)
        await life.do(A.CONTACT, DISPATCHER, result="not_reached", at=life.now, number="13900000009")
    assert (await judged(row.id, EvaluationClass.CLEAR)).state == "rectify"


PEOPLES = {
    A.AMEND: {"title": "换个标题"},
    A.APPROVE: {},
    A.SEND_BACK: {"reason": "补录"},
    A.NOT_ACCEPT: {"code": "N4", "reason": "不归热线管"},
    A.TRANSFER: {"target": "110", "reason": "转接"},
    A.ASK_INFO: {"reason": "请补充"},
    A.MERGE: {"target_no": "YC2026110200009", "reason": "同一诉求"},
    A.WITHDRAW: {"reason": "诉求人要求"},
    A.CLOSE: {"reason": "算了"},
}


async def test_nothing_leads_around_the_call_back_and_the_verdict(life, take, judged):
    row, no = await take()
    async with life.sessions() as db:
        await new_ticket(db, life.book, "YC2026110200009", life.now)
        await db.commit()
    await life.do(A.REQUEST_WITHDRAWAL, CITIZEN, reason="不想追究了")
    for action, fields in PEOPLES.items():
        with pytest.raises(GuardError) as refused:
            await life.do(action, DISPATCHER, **fields)
        assert refused.value.guard == ("rating_not_explained" if action is A.CLOSE else "rating_not_judged"), action
    assert ((await life.ticket(no)).status, (await _row(life, row.id)).state) == (20, "verify")
    await _call_back(life)
    assert (await judged(row.id, EvaluationClass.CLEAR)).state == "rectify"


async def _waits_for_a_lock(life):
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await life.rows(query):  # noqa: ASYNC110  (another process tells)
            await asyncio.sleep(0.01)


async def test_a_verdict_waits_for_who_acts_on_the_ticket_without_holding_its_rating(life, take, judged):
    row, no = await take()
    await _call_back(life)
    async with life.sessions() as db:
        await lock_ticket(db, no)
        verdict = asyncio.create_task(judged(row.id, EvaluationClass.CLEAR))
        await _waits_for_a_lock(life)
        await db.execute(select(ServiceEvaluation).filter_by(id=row.id).with_for_update(nowait=True))
        await db.commit()
    assert (await verdict).state == "rectify"
    assert not await life.faults()


async def test_a_verdict_is_about_what_the_rating_is_when_its_turn_comes(life, take, judged):
    row, no = await take()
    await _call_back(life)
    async with life.sessions() as db:
        await lock_ticket(db, no)
        second = asyncio.create_task(judged(row.id, EvaluationClass.COMPLEX))
        await _waits_for_a_lock(life)
        await judge(db, life.book, row.id, Verdict(EvaluationClass.GROUNDLESS, "已说明"), DISPATCHER, life.now)
        await db.commit()
    with pytest.raises(EvaluationStateError):
        await second


async def test_only_the_hotlines_reviewers_judge(life, take, judged):
    row, _ = await take()
    await _call_back(life)
    for who in (CALLER, of_unit(UNIT, Role.UNIT_APPROVER)):
        with pytest.raises(EvaluationForbiddenError):
            await judged(row.id, EvaluationClass.CLEAR, who)


@pytest.mark.parametrize(("verdict", "limit"), [(EvaluationClass.CLEAR, "5wd"), (EvaluationClass.COMPLEX, "15wd")])
async def test_a_clear_one_is_put_right_in_five_working_days_a_complex_one_in_fifteen(
    life, take, judged, verdict, limit
):
    row, _ = await take()
    life.later(hours=1)
    await _call_back(life)
    row = await judged(row.id, verdict)
    ticket = await life.ticket()
    assert (row.state, ticket.status, ticket.host_unit) == ("rectify", 40, UNIT)
    assert ticket.due == life.book.due(limit, life.now)
    clocks = await life.rows("SELECT due, holder FROM clocks WHERE kind = 'evaluation_rectify' AND stopped_at IS NULL")
    assert [(clock["due"], clock["holder"]) for clock in clocks] == [(life.book.due(limit, life.now), UNIT)]
    assert not await life.rows("SELECT 1 FROM clocks WHERE kind = 'evaluation_verify' AND stopped_at IS NULL")
    assert not await life.faults()


async def _to_follow_up(life, row, judged):
    await _call_back(life)
    await judged(row.id, EvaluationClass.CLEAR)
    life.later(minutes=30)
    await life.do(A.SIGN, of_unit(UNIT, Role.UNIT_SIGNER))
    await life.to_callback()


async def test_put_right_it_is_followed_up_and_closed_with_the_raters_word(life, take, judged):
    row, _ = await take()
    await _to_follow_up(life, row, judged)
    row = await _row(life, row.id)
    assert (row.state, row.rectification) == ("follow_up", "路灯已修复")
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=4, solved=1)
    row = await _row(life, row.id)
    assert (row.state, row.follow_up_satisfied) == ("done", 4)
    assert not await life.faults()


async def test_an_unhappy_rater_sends_it_back_to_be_put_right(life, take, judged):
    row, _ = await take()
    await _to_follow_up(life, row, judged)
    await life.do(
        A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=1, solved=3, reason="仍未办成", mode="human"
    )
    row = await _row(life, row.id)
    assert (row.state, row.rectified_at) == ("rectify", None)


@pytest.mark.parametrize(
    ("verdict", "in_scope"), [(EvaluationClass.GROUNDLESS, True), (EvaluationClass.MISTAKEN, False)]
)
async def test_what_has_no_ground_is_explained_and_what_was_a_mistake_is_kept_but_not_counted(
    life, take, judged, verdict, in_scope
):
    row, _ = await take()
    await _call_back(life)
    row = await judged(row.id, verdict)
    ticket = await life.ticket()
    assert (row.state, ticket.status, ticket.in_scope) == ("done", 80, in_scope)
    assert not await life.faults()


async def test_a_ticket_of_a_rating_is_not_simply_closed_by_a_reviewer(life, take):
    await take()
    with pytest.raises(Exception, match="只有核实为"):
        await life.do(A.CLOSE, DISPATCHER, reason="算了")


async def test_a_verdict_is_given_once(life, take, judged):
    row, _ = await take()
    await _call_back(life)
    await judged(row.id, EvaluationClass.GROUNDLESS)
    with pytest.raises(EvaluationStateError):
        await judged(row.id, EvaluationClass.CLEAR)


async def test_what_is_published_names_no_one_and_the_open_ones_are_not(life, take, judged):
    row, _ = await take()
    async with life.sessions() as db:
        with pytest.raises(EvaluationStateError):
            await publish(db, row.id, None, CHIEF, life.now)
    await _call_back(life)
    await judged(row.id, EvaluationClass.GROUNDLESS)
    await take(external_id="P2", rating=5)
    async with life.sessions() as db:
        with pytest.raises(EvaluationForbiddenError):
            await publish(db, row.id, None, DISPATCHER, life.now)
        await publish(db, row.id, "已向王先生（13900000009）当面说明办理条件", CHIEF, life.now)
        await db.commit()
        begin, end = life.now - timedelta(days=1), life.now + timedelta(days=1)
        (line,) = await published(db, life.book, begin, end, last_months(life.now, 2))
    assert (line.unit, line.total, line.bad, line.good_rate, line.callback_rate) == (UNIT, 2, 1, 0.5, 1.0)
    assert line.replies == ["已向某先生（〔号码〕）当面说明办理条件"]


async def test_what_is_published_never_names_the_rater_however_he_is_written(life, take, judged):
    row, _ = await take(rater_name="马小云", rater_phone="0951-6012345")
    await _call_back(life)
    await judged(row.id, EvaluationClass.GROUNDLESS)
    said = "马小云（0951）601-2345来电，马 小云座机6012345，现已说明"
    async with life.sessions() as db:
        row = await publish(db, row.id, said, CHIEF, life.now)
        assert row.reply == "某〔号码〕来电，某座机〔号码〕，现已说明"


@pytest.mark.parametrize("verdict", [EvaluationClass.GROUNDLESS, EvaluationClass.MISTAKEN])
async def test_why_it_was_judged_so_is_for_the_record_and_is_not_published(life, take, judged, verdict):
    row, _ = await take()
    await _call_back(life)
    await judged(row.id, verdict)
    async with life.sessions() as db:
        with pytest.raises(InputError, match="没有可公开的答复"):
            await publish(db, row.id, None, CHIEF, life.now)


async def test_without_another_text_the_units_own_answer_is_published(life, take, judged):
    row, _ = await take()
    await _to_follow_up(life, row, judged)
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=4, solved=1)
    async with life.sessions() as db:
        assert (await publish(db, row.id, None, CHIEF, life.now)).reply == "路灯已修复"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("张三先生、王小明女士来电", "某先生、某女士来电"),
        ("欧阳娜娜女士", "某女士"),
        ("关于李女士反映的问题，已安排王先生", "关于某女士反映的问题，已安排某先生"),
        ("关于某女士反映的问题", "关于某女士反映的问题"),
        ("一位女士", "一位女士"),
        ("138 0013 8000、138-0013-8000、+86 13800138000、013800138000", "〔号码〕、〔号码〕、〔号码〕、〔号码〕"),
        ("（0951）6012345、010-1234 5678", "〔号码〕、〔号码〕"),
        ("证件640106 19900101 123X", "证件〔证件号〕"),
        ("2026-10-12 13:00-15:30共1300元", "2026-10-12 13:00-15:30共1300元"),
    ],
)
def test_names_and_numbers_are_masked_as_people_write_them(said, told):
    assert masked(said) == told


def test_a_name_of_one_character_or_none_takes_nothing_out_of_a_text():
    assert without("王府井的王先生", "王", None) == "王府井的王先生"
    assert without("编号139000000091", None, "13900000009") == "编号139000000091"


def test_masking_keeps_what_is_no_name_and_no_number():
    assert masked("工单YC20261102000001于2026年11月2日办结") == "工单YC20261102000001于2026年11月2日办结"
    assert masked("李女士身份证640106199001011234，座机0951-6012345") == "某女士身份证〔证件号〕，座机〔号码〕"


def test_talks_are_held_with_whoever_was_last_two_months_running():
    def tally(total, bad):
        return Tally(total, bad, bad, bad, bad, 0)

    before = {"A": tally(10, 5), "B": tally(10, 1)}
    assert called_in([before, {"A": tally(10, 4), "B": tally(10, 1)}]) == {"A"}
    assert called_in([before, {"A": tally(10, 0), "B": tally(10, 1)}]) == frozenset()
    assert called_in([{"A": tally(5, 0)}, {"A": tally(5, 0)}]) == frozenset(), "nobody complains: nobody is last"
    assert called_in([before]) == frozenset()


def test_the_last_months_go_back_over_the_turn_of_the_year():
    assert last_months(datetime(2026, 1, 5, tzinfo=SHANGHAI), 2) == [
        (datetime(2025, 11, 1, tzinfo=SHANGHAI), datetime(2025, 12, 1, tzinfo=SHANGHAI)),
        (datetime(2025, 12, 1, tzinfo=SHANGHAI), datetime(2026, 1, 1, tzinfo=SHANGHAI)),
    ]
