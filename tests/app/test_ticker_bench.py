"""The clocks' bench: what it loads is a sound record, and each clock that is due is acted on exactly once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from app.bench.clocks import measure
from app.settings import AppSettings
from models.verify import verify


@pytest.mark.slow
async def test_two_workers_act_once_on_each_clock_of_a_sound_load(city_sessions, seeded_url, book):
    def run():
        return measure(seeded_url, book, AppSettings().examples_dir, open_tickets=2000, due=200, workers=2, limit=50)

    result = await asyncio.to_thread(run)
    assert result["exactly_once"], result
    assert (result["due"], result["left"], result["acted_on_twice"], result["broken_chains"]) == (200, 0, 0, 0)
    assert result["events"] == {"warn": 100, "overdue": 80, "urge": 40, "auto_sign": 10, "archive": 10}
    assert any("ix_clocks_next" in line for line in result["claim"])
    async with city_sessions() as db:
        faults = {check.name: check.examples for check in await verify(db) if check.breaches}
        assert faults == {}
        await db.rollback()
        assert (await db.execute(text("SELECT count(*) FROM tickets WHERE status < 80"))).scalar_one() == result["open"]
