"""Every state × action × role of the workflow's table on a real record (issue 3, done when)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from models.codes import TicketStatus
from models.session import sessions
from routing.workflow import TABLE
from tests.workflow.oracle import required
from tests.workflow.people import everybody
from tests.workflow.record import digest
from tests.workflow.walk import Walk, read_once

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("state", TicketStatus, ids=lambda state: f"{state.value}-{state.name.lower()}")
async def test_what_the_table_allows_happens_whole_and_all_else_is_refused(
    state: TicketStatus, stage, stage_engine: AsyncEngine, book, tally, monkeypatch
):
    read_once(monkeypatch)
    maker = sessions(stage_engine)
    async with maker() as witness:
        before = await digest(witness)
    people = []
    for number, situation in enumerate(stage.of(state)):
        async with maker() as db:
            walk = await Walk.at(db, book, situation, stage.file, tally, special=number > 0)
            await walk.everything()
            people += everybody(walk.units)
            await db.rollback()
    async with maker() as witness:  # whatever was done was done in that one transaction: nothing of it is seen here
        assert await digest(witness) == before
    taken = {(row, person) for code, row, person, _ in tally.taken if code == state.value}
    left = required(state, people) - taken
    assert not left, [(TABLE[row].action.value, person) for row, person in sorted(left)]
    assert {row for row, _ in taken} == {number for number, row in enumerate(TABLE) if state in row.sources}
    tally.states.add(state)


def test_every_condition_of_the_table_was_made_to_fail(tally):
    if tally.states != set(TicketStatus):
        pytest.skip("only some of the states were walked")
    assert {guard.id for row in TABLE for guard in row.guards} <= tally.guards.keys()
