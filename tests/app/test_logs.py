"""What is logged: a static message, values in fields, nothing of the citizens."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog
from sqlalchemy import text

from app.jobs.outbox import claim, perform
from app.log import configure_logging, drop_personal
from app.tickets.drafting import draft_ticket

from .telling import CONSULT, START, Story, bring, rows, whole


@pytest.fixture
def stderr(monkeypatch):
    """What our logs write, as they are configured in production."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.delenv("HOTLINE_LOG_LEVEL", raising=False)
    configure_logging()
    yield written
    structlog.reset_defaults()


PERSONAL = ["phone", "caller_phone", "caller", "ani", "name", "caller_name", "text", "content", "transcript",
            "address", "title"]  # fmt: skip


@pytest.mark.parametrize("field", PERSONAL)
def test_a_field_that_may_hold_personal_data_is_masked_whoever_logs_it(stderr, field):
    structlog.get_logger("x").info("something_happened", call="c1", **{field: "13900000001"})
    (line,) = stderr.getvalue().splitlines()
    logged = json.loads(line)
    assert logged.pop("timestamp")
    assert logged == {"event": "something_happened", "level": "info", "call": "c1", field: "***"}


def test_masking_leaves_the_rest_alone():
    assert drop_personal(None, "info", {"event": "x", "call": "c1"}) == {"event": "x", "call": "c1"}


@pytest.mark.parametrize(("level", "logged"), [("WARNING", 1), ("debug", 3), ("nonsense", 2)])
def test_the_level_is_set_by_the_environment(monkeypatch, stderr, level, logged):
    monkeypatch.setenv("HOTLINE_LOG_LEVEL", level)
    monkeypatch.setattr(sys, "stderr", stderr)  # pytest has put its own back
    configure_logging()
    log = structlog.get_logger("x")
    log.debug("a")
    log.info("b")
    log.warning("c")
    assert len(stderr.getvalue().splitlines()) == logged


async def test_drafting_a_ticket_logs_neither_phone_nor_words(city_db, judge, stderr):
    story = whole(CONSULT)
    story.tell({"type": "arrived", "ani": ["13900000001", CONSULT]})
    await bring(city_db, story)
    await draft_ticket(city_db, judge, "c1", START)
    logged = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [line["event"] for line in logged] == ["call_event_malformed", "ticket_drafted"]
    assert logged[1]["ticket"] == "123452026112400001"
    assert "1390000" not in stderr.getvalue()
    assert "公积金" not in stderr.getvalue()


async def test_a_draft_that_the_database_refuses_neither_logs_nor_stores_phone_or_words(
    city_db, city_sessions, judge, stderr
):
    """The database's own messages quote the row they refuse."""
    story = Story()
    story.arrived()
    story.caption(CONSULT)
    story.ended()
    await bring(city_db, story)
    await city_db.execute(text("ALTER TABLE tickets ADD CONSTRAINT odd CHECK (caller_phone NOT LIKE '139%')"))
    await city_db.commit()

    async def draft(sessions, payload):
        async with sessions() as session:
            await draft_ticket(session, judge, payload["call_id"], START)

    (row,) = await rows(city_db, "SELECT id FROM outbox")
    now = (await rows(city_db, "SELECT available_at FROM outbox"))[0]
    assert await claim(city_sessions, now) == [row]
    assert not await perform(city_sessions, {"draft_ticket": draft}, row, now)
    (line,) = stderr.getvalue().splitlines()
    assert json.loads(line)["fault"] == "IntegrityError 23514 odd"
    assert await rows(city_db, "SELECT last_error FROM outbox") == ["IntegrityError 23514 odd"]
    assert "1390000" not in line
    assert "公积金" not in line
