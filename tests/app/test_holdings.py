"""Somebody answers for a ticket at every instant: the hotline until a unit does, that unit until it is closed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from app.tickets.actions import lock_ticket
from app.tickets.holdings import holder_of, settle_holder
from models.codes import Role
from models.codes import TicketStatus as S
from models.ticket import Ticket
from models.workflow_codes import HoldingKind
from models.workflow_codes import TicketAction as A
from routing.workflow import ENDED, HELD
from tests.fixtures.life import AGENT, CALLER, CHIEF, CITIZEN, DISPATCHER, OTHER, THIRD, UNIT, of_unit

SIGNER = of_unit(UNIT, Role.UNIT_SIGNER)


def in_state(status: S, unit: str | None = UNIT, **values) -> Ticket:
    return Ticket(
        id=1, no="T", query_code="0", status=status.value, type="02", channel="10", urgency=3, title="t", content="c",
        host_unit=unit, **values,
    )  # fmt: skip


@pytest.mark.parametrize("status", list(S), ids=lambda status: status.name)
def test_every_state_has_its_holder_or_has_ended(status):
    holder = holder_of(in_state(status), "HL")
    if status in ENDED:
        assert holder is None
    elif status is S.ARBITRATE:
        assert holder == (UNIT, HoldingKind.INTERIM)
    elif status in HELD:
        assert holder == (UNIT, HoldingKind.DISPATCHED)
    else:
        assert holder == ("HL", HoldingKind.INTAKE)


def test_a_designated_unit_holds_as_such_except_while_units_argue():
    assert holder_of(in_state(S.SIGN, designated=True), "HL") == (UNIT, HoldingKind.DESIGNATED)
    assert holder_of(in_state(S.ARBITRATE, designated=True), "HL") == (UNIT, HoldingKind.INTERIM)


async def held(life) -> list[tuple[str, str]]:
    """Unit and kind in their order; without a gap, and only the last is live."""
    rows = await life.rows("SELECT unit, kind, started_at, ended_at FROM holdings ORDER BY id")
    for before, after in pairwise(rows):
        assert before["ended_at"] == after["started_at"]
    return [(row["unit"], row["kind"]) for row in rows]


@pytest.fixture
async def hotline(life) -> str:
    return life.book.hotline()


async def test_from_hand_to_hand(life, hotline):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    life.later(minutes=5)
    await life.do(
        A.REQUEST_RETURN, SIGNER, code="R01", reason="非本单位职责", basis="三定方案", attachments=[await life.file()]
    )
    life.later(minutes=5)
    await life.do(A.APPROVE_RETURN, DISPATCHER, reason="属实")
    life.later(minutes=5)
    await life.do(A.CONFER, DISPATCHER, reason="职责不清")
    life.later(minutes=5)
    await life.do(A.SET_INTERIM, CHIEF, unit=THIRD, reason="由其先行处置")
    life.later(minutes=5)
    await life.do(A.DESIGNATE, CHIEF, unit=OTHER, basis="会商纪要")
    interim = life.book.interim_owner("010101", "640106")
    assert await held(life) == [
        (hotline, "intake"), (UNIT, "dispatched"), (hotline, "intake"), (interim, "interim"), (THIRD, "interim"),
        (OTHER, "designated"),
    ]  # fmt: skip
    assert not await life.faults()


async def test_the_reason_is_kept_in_the_words_of_whoever_handed_it_over(life):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.CONFER, DISPATCHER, reason="两部门均称非本单位职责")
    (row,) = await life.rows("SELECT reason FROM holdings WHERE ended_at IS NULL")
    assert row["reason"] == "两部门均称非本单位职责"


async def test_a_second_dispatch_to_the_same_unit_is_a_holding_of_its_own(life, hotline):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    for _ in range(2):
        await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
        life.later(minutes=5)
        file = await life.file()
        await life.do(A.REQUEST_RETURN, SIGNER, code="R01", reason="非本单位", basis="三定方案", attachments=[file])
        await life.do(A.APPROVE_RETURN, DISPATCHER, reason="属实")
    assert await held(life) == [(hotline, "intake"), (UNIT, "dispatched")] * 2 + [(hotline, "intake")]


async def test_whoever_asked_the_citizen_keeps_it_until_he_answers(life, hotline):
    await life.begin()
    await life.do(A.ASK_INFO, AGENT, reason="请补充楼号")
    life.later(hours=1)
    await life.do(A.GIVE_INFO, CITIZEN, text="三号楼")
    assert await held(life) == [(hotline, "intake")]


async def test_a_unit_keeps_it_while_the_citizen_is_asked_after_its_answer(life, hotline):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    await life.do(A.ASK_INFO, CALLER, reason="请补充修复的是哪一盏")
    assert (await held(life))[-1] == (UNIT, "dispatched")
    life.later(hours=1)
    await life.do(A.GIVE_INFO, CITIZEN, text="门口那盏")
    assert (await held(life))[-1] == (hotline, "intake")
    assert not await life.faults()


async def test_settling_again_changes_nothing(life):
    await life.begin()
    async with life.sessions() as db:
        ticket = await lock_ticket(db, life.no)
        assert await settle_holder(db, ticket, life.book.hotline(), life.now, "又一次") is None
        await db.commit()
    assert len(await held(life)) == 1


async def test_nobody_holds_what_has_ended(life):
    await life.begin()
    await life.do(A.NOT_ACCEPT, DISPATCHER, code="N1", reason="不属本市")
    (row,) = await life.rows("SELECT ended_at FROM holdings")
    assert row["ended_at"] == life.now
    async with life.sessions() as db:
        ticket = await lock_ticket(db, life.no)
        assert await settle_holder(db, ticket, life.book.hotline(), life.now, "") is None


async def test_clocks_of_two_machines_that_differ_leave_no_gap_and_no_negative_time(life, hotline):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    life.now -= timedelta(seconds=3)  # this one's is behind
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    assert await held(life) == [(hotline, "intake"), (UNIT, "dispatched")]
    rows = await life.rows("SELECT started_at, ended_at FROM holdings ORDER BY id")
    assert rows[0]["ended_at"] == rows[0]["started_at"] == rows[1]["started_at"]
