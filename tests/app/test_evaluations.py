"""好差评 (domain.md §8): a bad rating is called back, judged, put right, followed up and published."""

from __future__ import annotations

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
from app.tickets.errors import InputError, TimeError, UnknownCodeError
from models.codes import Role
from models.evaluation import ServiceEvaluation
from models.workflow_codes import EvaluationClass
from models.workflow_codes import TicketAction as A
from routing.evaluation import Tally, called_in, masked
from tests.fixtures.life import CALLER, CHIEF, DISPATCHER, SHANGHAI, UNIT, of_unit


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
