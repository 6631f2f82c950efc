"""The outbox: every row is done once it can be, by one at a time, and none is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.jobs.outbox import LEASE, PutOffError, claim, perform
from models.outbox import OutboxRow

from .telling import START as NOW
from .telling import rows

SECOND = timedelta(seconds=1)


@pytest.fixture
async def outbox(db):
    """Five rows that are due."""
    for number in range(1, 6):
        db.add(OutboxRow(topic="t", key=str(number), payload={"n": number}, available_at=NOW, created_at=NOW))
        await db.flush()
    await db.commit()
    return await rows(db, "SELECT id FROM outbox ORDER BY id")


async def test_what_is_due_is_claimed_oldest_first_and_at_most_so_many(db, db_sessions, outbox):
    await db.execute(text("UPDATE outbox SET available_at = :at WHERE key = '1'"), {"at": NOW + SECOND})
    await db.execute(text("UPDATE outbox SET done_at = :at WHERE key = '2'"), {"at": NOW})
    await db.commit()
    assert await claim(db_sessions, NOW, 2) == outbox[2:4]
    assert await claim(db_sessions, NOW) == outbox[4:]
    assert await claim(db_sessions, NOW) == []


async def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over(db, db_sessions, outbox):
    assert await claim(db_sessions, NOW) == outbox
    assert await claim(db_sessions, NOW + LEASE - SECOND) == []
    assert await claim(db_sessions, NOW + LEASE) == outbox
    assert await rows(db, "SELECT DISTINCT attempts FROM outbox") == [2]


async def test_two_claimers_at_once_never_get_the_same_row(db, db_sessions):
    for number in range(40):
        db.add(OutboxRow(topic="t", key=str(number), available_at=NOW))
    await db.commit()
    got = await asyncio.gather(*(claim(db_sessions, NOW, 7) for _ in range(8)))
    claimed = [row for some in got for row in some]
    assert len(claimed) == len(set(claimed)) == 40


async def test_a_row_that_another_is_claiming_is_passed_over_and_not_waited_for(db, db_sessions, outbox):
    await db.execute(text("SELECT 1 FROM outbox WHERE id = :id FOR UPDATE"), {"id": outbox[0]})
    assert await claim(db_sessions, NOW) == outbox[1:]


async def test_a_row_that_is_done_is_done_once(db, db_sessions, outbox):
    done = []

    async def handler(sessions, payload):
        done.append((sessions, payload))

    assert await perform(db_sessions, {"t": handler}, outbox[1], NOW)
    assert not await perform(db_sessions, {"t": handler}, outbox[1], NOW)
    assert done == [(db_sessions, {"n": 2})]
    assert await rows(db, "SELECT key FROM outbox WHERE done_at = :now", now=NOW) == ["2"]


async def test_a_row_that_is_not_there_is_nothing_to_do(db_sessions):
    assert not await perform(db_sessions, {}, 12345, NOW)


async def test_a_row_that_its_handler_puts_off_comes_again_when_the_handler_said(db, db_sessions, outbox):
    async def later(_sessions, _payload):
        raise PutOffError(NOW + timedelta(hours=3), "gateway.busy")

    assert not await perform(db_sessions, {"t": later}, outbox[0], NOW)
    told = await rows(db, "SELECT available_at, last_error, done_at FROM outbox WHERE key = '1'")
    assert told == [(NOW + timedelta(hours=3), "gateway.busy", None)]


async def _boom(_sessions, _payload):
    raise ValueError("no such thing")


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 4), (5, 32), (8, 256), (9, 300), (500, 300)])
async def test_a_failure_is_noted_and_comes_again_ever_later(db, db_sessions, outbox, capfd, attempts, seconds):
    await db.execute(text("UPDATE outbox SET attempts = :n WHERE key = '1'"), {"n": attempts - 1})
    await db.commit()
    await claim(db_sessions, NOW, 1)
    assert not await perform(db_sessions, {"t": _boom}, outbox[0], NOW)
    assert await rows(db, "SELECT attempts, last_error, done_at, available_at FROM outbox WHERE key = '1'") == [
        (attempts, "ValueError: no such thing", None, NOW + timedelta(seconds=seconds))
    ]


async def test_a_failure_that_passes_leaves_no_trace_when_it_is_done_at_last(db, db_sessions, outbox, capfd):
    await claim(db_sessions, NOW, 1)
    await perform(db_sessions, {"t": _boom}, outbox[0], NOW)
    assert await claim(db_sessions, NOW + 2 * SECOND, 1) == [outbox[0]]

    async def fine(_sessions, _payload):
        pass

    assert await perform(db_sessions, {"t": fine}, outbox[0], NOW + 2 * SECOND)
    assert await rows(db, "SELECT last_error, done_at FROM outbox WHERE key = '1'") == [(None, NOW + 2 * SECOND)]


async def test_a_poisoned_row_does_not_hold_up_the_others(db, db_sessions, outbox, capfd):
    async def picky(_sessions, payload):
        if payload["n"] == 1:
            raise RuntimeError("poison")

    for row in await claim(db_sessions, NOW):
        await perform(db_sessions, {"t": picky}, row, NOW)
    assert await rows(db, "SELECT key FROM outbox WHERE done_at IS NULL") == ["1"]


async def test_a_topic_nobody_knows_waits_for_a_version_that_does(db, db_sessions, outbox, capfd):
    assert not await perform(db_sessions, {}, outbox[0], NOW)
    assert await rows(db, "SELECT last_error, done_at FROM outbox WHERE key = '1'") == [("KeyError: 't'", None)]


async def test_work_that_is_cut_off_keeps_its_row(db, db_sessions, outbox):
    async def cut_off(_sessions, _payload):
        raise asyncio.CancelledError

    await claim(db_sessions, NOW, 1)
    with pytest.raises(asyncio.CancelledError):
        await perform(db_sessions, {"t": cut_off}, outbox[0], NOW)
    assert await claim(db_sessions, NOW + LEASE, 1) == [outbox[0]]
