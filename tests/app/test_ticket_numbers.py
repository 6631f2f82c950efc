"""Numbers of the web side: one after the other each day, given once, and nobody waits for another's commit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.tickets.numbers import NumberStock, next_number
from models.ticket import Ticket
from tests.fixtures.record import ticket_row

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
EVENING = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
"""Half past midnight in the city."""


async def _take(db_sessions, now=NOW, *, keep=True) -> str:
    async with db_sessions() as db:
        no = await next_number(db, now)
        await (db.commit() if keep else db.rollback())
        return no


async def test_each_day_counts_from_one_in_the_citys_time(db_sessions):
    assert [await _take(db_sessions) for _ in range(2)] == ["YC20261124000001", "YC20261124000002"]
    assert [await _take(db_sessions, EVENING) for _ in range(2)] == ["YC20261125000001", "YC20261125000002"]
    tomorrow = NOW + timedelta(days=3)
    assert await _take(db_sessions, tomorrow) == "YC20261127000001"


async def test_a_number_that_was_given_up_is_not_given_again(db_sessions):
    assert await _take(db_sessions, keep=False) == "YC20261124000001"  # the day itself was given up with it
    assert [await _take(db_sessions) for _ in range(2)] == ["YC20261124000001", "YC20261124000002"]
    assert await _take(db_sessions, keep=False) == "YC20261124000003"
    assert await _take(db_sessions) == "YC20261124000004"


async def test_once_the_day_has_begun_nobody_waits_for_anothers_commit(db_sessions):
    await _take(db_sessions)
    async with db_sessions() as first, db_sessions() as second:
        await second.execute(text("SET lock_timeout = '200ms'"))
        numbers = [await next_number(first, NOW), await next_number(second, NOW), await next_number(first, NOW)]
    assert numbers == ["YC20261124000002", "YC20261124000003", "YC20261124000004"]


async def test_a_day_that_has_numbers_already_goes_on_after_them(db, db_sessions):
    db.add(Ticket(**{**ticket_row("YC20261124000041").model_dump(), "status": 10, "host_unit": None, "tier": None,
                     "category": None, "profile": None}))  # fmt: skip
    await db.commit()
    assert await _take(db_sessions) == "YC20261124000042"


async def test_more_than_five_digits_a_day_are_still_numbers_of_their_own(db_sessions):
    await _take(db_sessions)
    async with db_sessions() as db:
        await db.execute(text("SELECT setval('ticket_numbers', 99998)"))
        await db.commit()
    assert [await _take(db_sessions) for _ in range(2)] == ["YC20261124099999", "YC202611240100000"]


async def test_a_stock_gives_the_days_numbers_in_order_one_by_one_while_few_are_asked_for(direct, db):
    stock = NumberStock(direct)
    times = [NOW + timedelta(seconds=number) for number in range(4)]
    assert [(await stock.take(at)).no for at in times] == [f"YC2026112400000{n}" for n in (1, 2, 3, 4)]
    assert (await db.execute(text("SELECT last_value FROM ticket_numbers"))).scalar_one() == 4


async def test_in_a_hurry_stocks_take_more_at_once_and_no_two_give_the_same(direct, db):
    stocks = [NumberStock(direct), NumberStock(direct)]
    taken = await asyncio.gather(*(stocks[n % 2].take(NOW + timedelta(milliseconds=n)) for n in range(200)))
    assert len({one.no for one in taken}) == len({one.id for one in taken}) == 200
    of_one = [one.no for one in taken[::2]]
    assert of_one == sorted(of_one)
    assert (await db.execute(text("SELECT last_value FROM ticket_numbers"))).scalar_one() > 200


async def test_a_stock_of_yesterday_is_not_used_today(direct):
    stock = NumberStock(direct)
    for milliseconds in range(3):
        await stock.take(EVENING - timedelta(hours=1) + timedelta(milliseconds=milliseconds))
    assert (await stock.take(EVENING)).no == "YC20261125000001"
