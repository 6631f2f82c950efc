"""Clocks that no calendar could count: started once it can, from when they were wanted, with the right holder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from app.tickets.missing import start_missing_clocks
from app.tickets.ticker import catch_up
from models.codes import Role
from models.workflow_codes import TicketAction as A
from routing.city.schema import CalendarDay
from routing.rulebook import Rulebook
from tests.fixtures.life import DIRECTOR, DISPATCHER, OTHER, SHANGHAI, UNIT, of_unit

SIGNER, HANDLER, HEAD = (of_unit(UNIT, role) for role in (Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER))
YEARS_END = datetime(2026, 12, 28, 9, 0, tzinfo=SHANGHAI)
"""A Monday: five working days later it is 2027, which the calendar does not know."""


class Known:
    """What start_missing_clocks asks of a router."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book


@pytest.fixture
def known(yinchuan) -> Known:
    """Once the State Council's notice for 2027 is in the city's files."""
    national = yinchuan.layers[0]
    new_year = CalendarDay(date(2027, 1, 1), False, national.name, "元旦", "通知")
    layer = replace(national, years=(*national.years, 2027), days=(*national.days, new_year))
    return Known(Rulebook.of(replace(yinchuan, layers=(layer, *yinchuan.layers[1:]))))


async def _start(life, known) -> None:
    assert await start_missing_clocks(life.sessions, known, life.now) == 0


async def _clock(life, kind: str):
    found = await life.rows("SELECT * FROM clocks WHERE kind = :kind AND stopped_at IS NULL", kind=kind)
    return found[0] if found else None


async def test_the_units_clocks_count_from_the_last_dispatch_and_the_citizens_from_acceptance(life, known):
    life.now = YEARS_END
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=OTHER)
    life.later(hours=1)
    await life.do(
        A.REQUEST_RETURN, of_unit(OTHER, Role.UNIT_SIGNER), code="R01", reason="非本单位职责", basis="三定方案",
        attachments=[await life.file()],
    )  # fmt: skip
    await life.do(A.APPROVE_RETURN, DISPATCHER, reason="同意")
    life.later(days=1)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    assert set((await life.ticket()).missing_clocks) == {"finish", "citizen"}
    life.later(days=1)
    await _start(life, known)
    finish, citizen = await _clock(life, "finish"), await _clock(life, "citizen")
    assert finish["started_at"] == YEARS_END + timedelta(days=1, hours=1)
    assert citizen["started_at"] == YEARS_END
    assert (finish["holder"], citizen["holder"]) == (UNIT, None)
    assert finish["due"] == datetime(2027, 1, 6, 18, tzinfo=SHANGHAI)
    assert finish["next_at"] is not None
    ticket = await life.ticket()
    assert (ticket.due, ticket.citizen_due) == (finish["due"], citizen["due"])
    assert ticket.missing_clocks == []
    assert not await life.faults()


async def test_a_review_counts_from_when_it_was_wanted_and_is_the_hotlines(life, known):
    life.now = YEARS_END
    await life.begin()
    await life.to_handling()
    life.now = YEARS_END + timedelta(days=3, hours=1)  # the last working day of the year
    await life.do(A.SUBMIT_REPLY, HANDLER, text="已更换灯具", public_reply="路灯已修复", solved=1, is_true=True)
    await life.do(A.SIGN_OFF, HEAD)
    wanted = life.now
    assert "review" in (await life.ticket()).missing_clocks
    life.later(days=3)
    await _start(life, known)
    review = await _clock(life, "review")
    assert (review["started_at"], review["holder"]) == (wanted, life.book.hotline())
    assert "review" not in (await life.ticket()).missing_clocks
    assert await _clock(life, "finish") is None  # it would stand still while the hotline has the reply
    await life.do(A.ACCEPT_REPLY, DISPATCHER)
    assert (await life.ticket()).missing_clocks == ["callback"]
    await _start(life, known)
    assert (await life.ticket()).missing_clocks == []
    assert await _clock(life, "finish") is None
    assert not await life.faults()


async def test_what_is_wanted_no_more_is_not_started(life, known):
    life.now = YEARS_END
    await life.begin()
    await life.do(A.NOT_ACCEPT, DISPATCHER, code="N1", reason="非本市")
    await _start(life, known)
    assert await life.rows("SELECT 1 FROM clocks WHERE stopped_at IS NULL") == []
    assert await life.rows("SELECT 1 FROM ticket_events WHERE kind = 'clocks_started'") == []


async def test_a_clock_that_was_wanted_in_a_pause_stands_still(life, known):
    life.now = YEARS_END
    await life.begin()
    await life.to_handling()
    await life.do(A.REQUEST_SUSPENSION, HEAD, reason="待改造", until=life.now + timedelta(days=3))
    await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    paused = life.now
    life.later(days=1)
    await _start(life, known)
    finish = await _clock(life, "finish")
    assert [pause["reason"] for pause in finish["paused"]] == ["suspended"]
    assert datetime.fromisoformat(finish["paused"][0]["from"]) == paused
    assert finish["next_at"] is None
    assert not await life.faults()
    life.later(days=3)
    await catch_up(life.sessions, known.book, life.now)
    assert (await life.ticket()).status == 50
    assert (await _clock(life, "finish"))["next_at"] is not None


async def test_a_helper_gets_his_clock_with_the_leads(life, known):
    life.now = YEARS_END
    await life.begin(co_units=[OTHER])
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    assert await _clock(life, "co") is None
    assert "co" in (await life.ticket()).missing_clocks
    await _start(life, known)
    helper = await _clock(life, "co")
    assert helper["holder"] == OTHER
    assert helper["due"] < (await life.ticket()).due
    assert (await life.rows("SELECT due FROM co_handlings"))[0]["due"] == helper["due"]
    assert not await life.faults()


async def test_what_was_missed_meanwhile_is_told_at_once(life, known):
    life.now = YEARS_END
    await life.begin()
    await life.to_handling()
    life.later(days=20)
    await _start(life, known)
    await catch_up(life.sessions, known.book, life.now)
    ticket = await life.ticket()
    assert (ticket.unit_overdue, ticket.citizen_overdue, ticket.warn_state) == (True, True, 2)
    assert not await life.faults()
