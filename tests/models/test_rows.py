"""New rows: what is given, and defaults of their own."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.codes import ClockKind
from models.ticket import Clock
from tests.fixtures.record import NOON, add_city, ticket_row


def _clock(**values) -> Clock:
    return Clock(kind=ClockKind.FINISH.value, family="unit", limit="5wd", started_at=NOON, due=NOON, **values)


def test_a_new_row_has_its_defaults_and_shares_none_that_can_change():
    one, other = _clock(), _clock()
    assert (one.id, one.stage, one.paused, one.history, one.stopped_at) == (None, 0, [], [], None)
    one.paused.append({})
    assert other.paused == []
    assert one.model_fields_set == {"kind", "family", "limit", "started_at", "due"}


def test_what_the_table_does_not_know_is_refused():
    with pytest.raises(TypeError, match="Clock has no stopped, until"):
        _clock(until=NOON, stopped=NOON)


async def test_a_new_row_is_written_read_and_changed_like_any_other(db, db_sessions):
    await add_city(db)
    ticket = ticket_row()
    db.add(ticket)
    await db.flush()
    clock = _clock(ticket_id=ticket.id)
    db.add(clock)
    await db.commit()
    clock.stage, clock.history = 2, [{"why": "amend"}]
    await db.commit()
    async with db_sessions() as other:
        found = (await other.execute(select(Clock))).scalar_one()
    assert (found.id, found.stage, found.history, found.paused) == (clock.id, 2, [{"why": "amend"}], [])
    assert found.model_dump() == clock.model_dump()
