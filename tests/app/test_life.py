"""A ticket's whole life through the one way in which it changes."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from app.tickets.texts import UNHEARD
from models.codes import Role, TicketStatus
from models.workflow_codes import TicketAction as A
from routing.permits import GuardError
from tests.fixtures.life import AGENT, CALLER, CHIEF, CITIZEN, DIRECTOR, DISPATCHER, OTHER, SYSTEM, THIRD, UNIT, of_unit


async def test_an_appeal_is_reviewed_dispatched_handled_answered_called_back_and_closed(life):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    life.later(days=1)
    ticket = await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=5, solved=1, mode="human")
    assert (ticket.status, ticket.satisfied, ticket.solved, ticket.close_type) == (80, 5, 1, "02")
    assert await life.rows("SELECT kind FROM clocks WHERE stopped_at IS NULL") == [{"kind": "archive"}]
    life.later(days=8)
    ticket = await life.do(A.ARCHIVE, SYSTEM)
    assert ticket.status == TicketStatus.ARCHIVED
    assert not await life.faults()


async def test_holders_follow_each_other_without_a_gap(life):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=4, solved=1)
    rows = await life.rows("SELECT unit, started_at, ended_at FROM holdings ORDER BY id")
    assert [row["unit"] for row in rows] == [life.book.hotline(), UNIT]
    assert rows[0]["ended_at"] == rows[1]["started_at"]
    assert rows[1]["ended_at"] == life.now


async def test_the_third_dispatch_ends_in_arbitration_and_a_designation_that_cannot_be_returned(life):
    await life.begin()
    for unit, back in ((UNIT, 30), (OTHER, 30), (THIRD, 35)):
        if unit is UNIT:
            await life.do(A.APPROVE, DISPATCHER)
        await life.do(A.DISPATCH, DISPATCHER, unit=unit)
        life.later(minutes=20)
        ticket = await life.do(
            A.REQUEST_RETURN, of_unit(unit, Role.UNIT_SIGNER), code="R01", reason="非本单位职责",
            basis="三定方案第四条", attachments=[await life.file()],
        )  # fmt: skip
        assert ticket.status == 45
        ticket = await life.do(A.APPROVE_RETURN, DISPATCHER, reason="理由成立")
        assert ticket.status == back
    assert ticket.host_unit == life.book.interim_owner("010101", "640106")
    life.later(hours=1)
    before = ticket.citizen_due
    ticket = await life.do(A.DESIGNATE, CHIEF, unit=UNIT, basis="会商纪要")
    assert (ticket.status, ticket.designated, ticket.dispatch_count, ticket.return_until) == (40, True, 4, None)
    assert ticket.citizen_due == before
    assert [dict(row) for row in await life.rows("SELECT unit, ruled_in FROM catalogue WHERE origin = 'ruling'")] == [
        {"unit": UNIT, "ruled_in": life.no}
    ]
    assert not await life.faults()


async def test_a_bad_callback_brings_a_rework_once_then_supervision(life):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    bad = {"callback_result": "answered", "satisfied": 1, "solved": 3, "reason": "灯还是不亮"}
    ticket = await life.do(A.RECORD_CALLBACK, CALLER, **bad)
    assert (ticket.status, ticket.rework_count) == (75, 1)
    life.later(hours=5)
    await life.do(
        A.SUBMIT_REPLY, of_unit(UNIT, Role.UNIT_HANDLER), text="再次检修", public_reply="已再次修复", solved=1
    )
    await life.do(A.SIGN_OFF, of_unit(UNIT, Role.UNIT_APPROVER))
    await life.do(A.ACCEPT_REPLY, DISPATCHER)
    ticket = await life.do(A.RECORD_CALLBACK, CITIZEN, **bad)
    assert (ticket.status, ticket.supervise_level) == (70, 1)
    assert not await life.faults()


async def test_a_suspension_stops_both_clocks_and_gives_back_what_was_left(life):
    await life.begin()
    await life.to_handling()
    ticket = await life.ticket()
    due = ticket.due
    await life.do(
        A.REQUEST_SUSPENSION, of_unit(UNIT, Role.UNIT_APPROVER), reason="待改造", until=life.now + timedelta(days=20)
    )
    ticket = await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    assert ticket.status == 58
    life.later(days=14)
    ticket = await life.do(A.RESUME, of_unit(UNIT, Role.UNIT_HANDLER))
    assert ticket.status == 50
    assert ticket.due == due + timedelta(days=14)
    assert ticket.citizen_due == due + timedelta(days=14)
    assert not await life.faults()


async def test_while_a_ticket_is_suspended_the_citizen_is_told_how_it_stands(life):
    await life.begin()
    await life.to_handling()
    until = life.now + timedelta(days=100)
    await life.do(A.PROGRESS, of_unit(UNIT, Role.UNIT_HANDLER), text="正在报批")  # not suspended: for the record only
    await life.do(A.REQUEST_SUSPENSION, of_unit(UNIT, Role.UNIT_APPROVER), reason="待改造", until=until)
    await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    life.later(days=29)
    await life.do(A.PROGRESS, of_unit(UNIT, Role.UNIT_HANDLER), text="改造已列入计划")
    (told,) = await life.rows("SELECT fields FROM messages WHERE template = '进展'")
    assert told["fields"] | {"progress": "改造已列入计划", "due": until.astimezone(UTC).isoformat()} == told["fields"]
    (clock,) = await life.rows("SELECT due FROM clocks WHERE kind = 'progress' AND stopped_at IS NULL")
    assert clock["due"] == life.now + timedelta(days=30)
    assert not await life.faults()


async def test_two_helpers_have_a_clock_each_and_answer_to_the_lead(life):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT, co_units=[OTHER, THIRD], co_demand="请核实权属")
    clocks = await life.rows("SELECT holder, due FROM clocks WHERE kind = 'co' AND stopped_at IS NULL ORDER BY holder")
    assert [row["holder"] for row in clocks] == sorted([OTHER, THIRD])
    life.later(minutes=30)
    await life.do(A.SIGN, of_unit(UNIT, Role.UNIT_SIGNER))
    await life.do(A.CO_REPLY, of_unit(OTHER, Role.UNIT_HANDLER), text="不在我局管辖路段")
    clocks = await life.rows("SELECT holder FROM clocks WHERE kind = 'co' AND stopped_at IS NULL")
    assert [row["holder"] for row in clocks] == [THIRD]
    assert not await life.faults()


async def test_who_is_late_may_still_have_a_lower_unit_do_it(life):
    await life.begin()
    await life.to_handling("640106")
    life.later(days=14)
    late = life.now
    handler = of_unit("640106", Role.UNIT_HANDLER)
    ticket = await life.do(A.SUB_DISPATCH, handler, unit="640106001", text="请立即处置")
    assert ticket.status == 52
    (sub,) = await life.rows("SELECT due FROM sub_dispatches")
    assert late < sub["due"] < late + timedelta(days=1)
    assert not await life.faults()


async def test_the_director_grants_a_second_extension_and_nobody_a_third(life):
    await life.begin()
    await life.to_handling()
    signer = of_unit(UNIT, Role.UNIT_SIGNER)
    for who in (DISPATCHER, DIRECTOR):
        await life.do(A.REQUEST_EXTENSION, signer, reason="待备件")
        if who is DIRECTOR:
            with pytest.raises(GuardError) as refused:
                await life.do(A.APPROVE_EXTENSION, CHIEF, reason="同意")
            assert refused.value.guard == "extension_by_director"
        before = (await life.ticket()).due
        assert (await life.do(A.APPROVE_EXTENSION, who, reason="同意")).due > before
    with pytest.raises(GuardError) as refused:
        await life.do(A.REQUEST_EXTENSION, signer, reason="待备件")
    assert refused.value.guard == "extension_used_up"


async def test_what_nobody_has_heard_yet_lacks_words_and_what_has_no_category_lacks_that(life):
    await life.begin(TicketStatus.DRAFT, content=UNHEARD, category=None)
    await _refused(life, A.SUBMIT, "words_missing")
    await life.do(A.APPEND, AGENT, text="金凤区某小区路灯不亮")
    await _refused(life, A.SUBMIT, "category_missing")
    await life.do(A.AMEND, AGENT, category="020403")
    assert (await life.do(A.SUBMIT, AGENT)).status == TicketStatus.REVIEW


async def _refused(life, action, guard):
    with pytest.raises(GuardError) as refused:
        await life.do(action, AGENT)
    assert refused.value.guard == guard
