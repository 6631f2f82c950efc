"""The demonstration in scripts/: one ticket through everything that can go wrong with it, and its timeline."""

from __future__ import annotations

import runpy
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from app.tickets.timeline import lines
from models.ticket import Ticket
from models.verify import verify
from routing.calendar.shifts import extended
from tests.fixtures.life import OTHER, SHANGHAI, THIRD, UNIT

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[2] / "scripts" / "play_a_ticket.py"))


START = datetime(2026, 9, 7, 9, 30, tzinfo=SHANGHAI)


async def test_a_ticket_goes_through_returns_designation_extension_bad_callback_rework_and_archive(city_sessions, book):
    async with city_sessions() as db:
        played = SCRIPT["Play"](db, book, START)
        await SCRIPT["play"](played, [UNIT, OTHER, THIRD])
        await db.commit()
        ticket = (await db.execute(select(Ticket).filter_by(no=played.no))).scalar_one()
        told = "\n".join(await lines(db, ticket.id, book))
    assert (ticket.status, ticket.dispatch_count, ticket.extension_count, ticket.rework_count) == (90, 4, 1, 1)
    assert (ticket.designated, ticket.satisfied, ticket.solved, ticket.close_type) == (True, 5, 1, "02")
    accepted = book.due("5wd", START)
    assert ticket.citizen_due == extended("5wd", accepted, book.calendar), "from acceptance, through all dispatches"
    for said in ("第3次派单", "临时责任单位", "指定承办", "裁定入目录", "同意延期", "重办", "办结", "归档"):
        assert said in told
    async with city_sessions() as db:
        assert not [check for check in await verify(db) if check.breaches]
