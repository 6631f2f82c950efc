"""A ticket that goes from hand to hand: what goes with it, and what whoever has it now must do himself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tickets.errors import InputError, UnknownCodeError
from models.call import Call
from models.codes import Role
from models.workflow_codes import TicketAction as A
from routing.permits import GuardError
from tests.fixtures.life import (
    AGENT,
    CALLER,
    CHIEF,
    DIRECTOR,
    DISPATCHER,
    OTHER,
    SUPERVISOR,
    SYSTEM,
    THIRD,
    UNIT,
    of_unit,
)


async def test_who_gets_a_ticket_that_was_given_back_has_to_reach_the_citizen_himself(life):
    await life.begin()
    await life.to_handling()
    await life.do(
        A.REQUEST_RETURN, of_unit(UNIT, Role.UNIT_SIGNER), code="R01", reason="非我局职责", basis="三定方案",
        attachments=[await life.file()],
    )  # fmt: skip
    await life.do(A.APPROVE_RETURN, DISPATCHER, reason="属实")
    await life.do(
        A.CONTACT, AGENT, result="reached", at=life.now, number="13900000001"
    )  # the hotline's, not the unit's
    life.later(minutes=5)
    await life.do(A.DISPATCH, DISPATCHER, unit=OTHER)
    await life.do(A.SIGN, of_unit(OTHER, Role.UNIT_SIGNER))
    reply = {"text": "已处理", "public_reply": "已处理", "solved": 1}
    with pytest.raises(GuardError) as refused:
        await life.do(A.SUBMIT_REPLY, of_unit(OTHER, Role.UNIT_HANDLER), **reply)
    assert refused.value.guard == "not_contacted"
    contact = {"at": life.now, "number": "13900000001"}
    await life.do(A.CONTACT, of_unit(OTHER, Role.UNIT_HANDLER), result="not_reached", **contact)
    assert await life.rows("SELECT 1 FROM clocks WHERE kind = 'contact' AND stopped_at IS NULL"), "one vain try is none"
    await life.do(A.CONTACT, of_unit(OTHER, Role.UNIT_HANDLER), result="reached", **contact)
    assert not await life.rows("SELECT 1 FROM clocks WHERE kind = 'contact' AND stopped_at IS NULL")
    await life.do(A.SUBMIT_REPLY, of_unit(OTHER, Role.UNIT_HANDLER), **reply)
    assert not await life.faults()


async def test_contact_is_shown_by_a_number_or_by_a_call_with_that_citizen(life):
    await life.begin()
    await life.to_handling()
    handler = of_unit(UNIT, Role.UNIT_HANDLER)
    with pytest.raises(InputError, match="联系号码或通话记录"):
        await life.do(A.CONTACT, handler, result="reached", at=life.now, text="已联系")
    async with life.sessions() as db:
        for name, dialled in (("c1", "13900000002"), ("c2", "13900000001")):
            db.add(Call(id=name, node="n", direction="out", order_id=name, dialled=dialled, started_at=life.now))
        await db.commit()
    with pytest.raises(UnknownCodeError, match="没有这通电话"):
        await life.do(A.CONTACT, handler, result="reached", at=life.now, call_id="c1")
    await life.do(A.CONTACT, handler, result="reached", at=life.now, call_id="c2")
    assert not await life.faults()


async def test_a_supervision_goes_with_the_ticket_to_its_next_unit(life):
    await life.begin()
    await life.to_handling()
    await life.do(A.SUPERVISE, SUPERVISOR, level=2, reason="久拖未办")
    life.later(days=1)
    await life.do(
        A.REQUEST_RETURN, of_unit(UNIT, Role.UNIT_SIGNER), code="R01", reason="非我局职责", basis="三定方案",
        attachments=[await life.file()],
    )  # fmt: skip
    await life.do(A.APPROVE_RETURN, DISPATCHER, reason="属实")
    ticket = await life.do(A.DISPATCH, DISPATCHER, unit=OTHER)
    assert ticket.supervise_level == 2
    query = "SELECT unit, level, started_at, ended_at IS NULL AS open FROM supervisions ORDER BY id"
    rows = [(row["unit"], row["level"], row["open"]) for row in await life.rows(query)]
    assert rows == [(UNIT, 2, False), (OTHER, 2, True)]
    (clock,) = await life.rows("SELECT * FROM clocks WHERE kind = 'supervision' AND stopped_at IS NULL")
    assert (clock["holder"], clock["started_at"]) == (OTHER, life.now)
    assert [row["template"] for row in await life.rows("SELECT template FROM messages WHERE template = '督办'")] == [
        "督办"
    ]
    await life.do(A.SIGN, of_unit(OTHER, Role.UNIT_SIGNER))
    await life.do(A.ANSWER_SUPERVISION, of_unit(OTHER, Role.UNIT_HANDLER), text="今日办结")
    assert not await life.faults()


async def test_a_suspension_waits_for_the_end_of_an_appraisal(life):
    await life.begin()
    await life.to_handling()
    head, until = of_unit(UNIT, Role.UNIT_APPROVER), life.now + timedelta(days=20)
    await life.do(A.REQUEST_SUSPENSION, head, reason="待改造", until=until)
    file = await life.file()
    await life.do(A.REQUEST_PAUSE, of_unit(UNIT, Role.UNIT_HANDLER), reason="房屋鉴定", until=until, attachments=[file])
    await life.do(A.APPROVE_PAUSE, CHIEF, reason="同意")
    with pytest.raises(GuardError) as refused:
        await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    assert refused.value.guard == "paused"
    await life.do(A.END_PAUSE, CHIEF)
    assert (await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")).status == 58
    assert not await life.faults()


async def test_a_merge_that_is_undone_leaves_the_helpers_their_time(life):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT, co_units=[OTHER, THIRD], co_demand="请核实权属")
    await life.do(A.SIGN, of_unit(UNIT, Role.UNIT_SIGNER))
    await life.do(A.CO_REPLY, of_unit(OTHER, Role.UNIT_HANDLER), text="不在我局管辖路段")
    child, life.no = life.no, "YC2026110200002"
    await life.begin()
    await life.do(A.MERGE, DISPATCHER, child, target_no=life.no, reason="同一诉求")
    await life.do(A.UNMERGE, DISPATCHER, child, reason="误并")
    live = "SELECT c.holder FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE t.no = :no AND c.kind = 'co'"
    assert await life.rows(f"{live} AND c.stopped_at IS NULL", no=child) == [{"holder": THIRD}]
    assert not await life.faults()


async def test_what_is_reopened_after_a_rework_is_handled_anew_with_all_that_belongs_to_it(life):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=1, solved=3, reason="灯还是不亮")
    await life.to_callback()
    ticket = await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=4, solved=1)
    assert (ticket.status, ticket.rework_count) == (80, 1)
    ticket = await life.do(A.REOPEN, CHIEF, reason="上级交办复查")
    assert (ticket.status, ticket.rework_count) == (50, 0)
    await life.do(A.SUBMIT_REPLY, of_unit(UNIT, Role.UNIT_HANDLER), text="复查", public_reply="已复查", solved=1)
    assert (await life.do(A.REVISE_REPLY, of_unit(UNIT, Role.UNIT_APPROVER), reason="写明日期")).status == 50
    assert not await life.faults()


async def test_a_person_who_hears_that_nothing_is_solved_writes_down_why(life):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    with pytest.raises(InputError, match="记录原因"):
        await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=3, solved=3)
    assert (await life.ticket()).status == 70


async def test_only_a_ticket_that_is_still_open_makes_another_one_a_duplicate(life):
    await life.begin()
    await life.do(A.NOT_ACCEPT, DISPATCHER, code="N7", reason="无实质内容")
    first, life.no = life.no, "YC2026110200002"
    await life.begin()
    await life.to_handling()
    wish = {"code": "R03", "reason": "重复", "basis": "同一诉求", "duplicate_no": first}
    with pytest.raises(UnknownCodeError, match="在办工单"):
        await life.do(A.REQUEST_RETURN, of_unit(UNIT, Role.UNIT_SIGNER), **wish, attachments=[await life.file()])
    assert not await life.faults()


async def test_an_exclusion_that_was_asked_for_is_decided_after_the_archive_too(life):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=4, solved=1)
    ask = {"code": "X05", "reason": "重复诉求", "attachments": [await life.file()]}
    await life.do(A.REQUEST_EXCLUSION, of_unit(UNIT, Role.UNIT_LIAISON), **ask)
    life.later(days=8)
    assert (await life.do(A.ARCHIVE, SYSTEM)).status == 90
    ticket = await life.do(A.APPROVE_EXCLUSION, SUPERVISOR, reason="属实")
    assert (ticket.in_scope, ticket.exclude_reason) == (False, "X05")
    assert not await life.faults()


async def test_who_is_given_the_time_of_a_difficult_matter_has_asked_for_none_any_more(life):
    await life.begin()
    await life.to_handling()
    await life.do(A.REQUEST_EXTENSION, of_unit(UNIT, Role.UNIT_HANDLER), reason="待材料")
    await life.do(A.DECLARE_DIFFICULT, CHIEF, reason="涉及多部门")
    assert await life.rows("SELECT decision FROM requests") == [{"decision": "lapsed"}]
    with pytest.raises(GuardError):
        await life.do(A.APPROVE_EXTENSION, DIRECTOR, reason="同意")
    assert not await life.faults()
