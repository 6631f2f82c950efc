"""Single statements: each its own transaction, on connections that live, with the errors of everything else."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from models.direct import Direct


async def _pid(direct) -> int:
    return (await direct.row("SELECT pg_backend_pid() AS pid", {})).pid


async def test_a_statement_is_committed_when_it_returns(direct, db):
    await direct.rows("INSERT INTO ticket_days (stem, base) VALUES (%(stem)s, 5) RETURNING base", {"stem": "a"})
    assert (await db.execute(text("SELECT base FROM ticket_days"))).scalar_one() == 5


async def test_there_is_no_row_where_none_is_found(direct):
    assert await direct.row("SELECT base FROM ticket_days", {}) is None
    assert await direct.rows("SELECT base FROM ticket_days", {}) == []


async def test_errors_are_those_of_a_session_and_the_connection_goes_on(direct):
    pid = await _pid(direct)
    insert = "INSERT INTO ticket_days (stem, base) VALUES ('a', 5) RETURNING base"
    await direct.row(insert, {})
    with pytest.raises(IntegrityError):
        await direct.row(insert, {})
    with pytest.raises(DataError):
        await direct.row("SELECT %(words)s", {"words": "\0"})
    assert await _pid(direct) == pid


async def test_more_than_there_are_connections_wait_for_their_turn(direct):
    pids = await asyncio.gather(*(_pid(direct) for _ in range(20)))
    assert len(set(pids)) == 2


async def test_a_connection_that_the_server_has_ended_is_replaced(direct, db):
    first = await _pid(direct)
    await db.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    assert await _pid(direct) != first


async def test_a_connection_given_up_in_the_middle_of_a_statement_is_not_used_again(direct):
    first = await _pid(direct)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(direct.row("SELECT pg_sleep(5)", {}), 0.2)
    assert await _pid(direct) != first


async def test_a_database_that_is_away_is_an_outage(tmp_path):
    direct = Direct(f"postgresql://postgres:@/none?host={tmp_path}")
    with pytest.raises(OperationalError):
        await direct.row("SELECT 1", {})
