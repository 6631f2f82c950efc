"""A pool gives out live connections only, and asks the server no more than it must."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from models import liveness
from models.session import engine as make_engine


@pytest.fixture
async def pool(database_url):
    made = make_engine(database_url, pool_size=2)
    yield made
    await made.dispose()


async def _pid(pool) -> int:
    async with pool.connect() as connection:
        return (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()


async def _end(database_url, pid) -> None:
    """As a server that goes down does; returns when the connection's process is gone."""
    other = make_engine(database_url, pool_size=1)
    async with other.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    await other.dispose()


async def test_a_connection_that_the_server_has_ended_is_not_used_again_however_fresh(pool, database_url, monkeypatch):
    monkeypatch.setattr(liveness, "TRUSTED_S", 3600.0)
    first = await _pid(pool)
    await _end(database_url, first)
    assert await _pid(pool) != first


async def test_a_fresh_connection_is_used_without_asking_and_a_rested_one_after_asking(pool, monkeypatch):
    asked = []
    ping = pool.dialect.do_ping
    monkeypatch.setattr(pool.dialect, "do_ping", lambda connection: asked.append(1) or ping(connection))
    first = await _pid(pool)
    assert await _pid(pool) == first
    assert not asked
    monkeypatch.setattr(liveness, "TRUSTED_S", 0.0)
    assert await _pid(pool) == first
    assert asked == [1]


async def test_a_rested_connection_that_is_dead_is_replaced(pool, monkeypatch, database_url):
    monkeypatch.setattr(liveness, "TRUSTED_S", 0.0)
    monkeypatch.setattr(liveness, "has_word", lambda _: False)
    first = await _pid(pool)
    await _end(database_url, first)
    assert await _pid(pool) != first
