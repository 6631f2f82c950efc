"""Whose ticket was merged into another gets that one's answer."""

from __future__ import annotations

import pytest

from models.codes import Role
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import AGENT, DISPATCHER, UNIT, new_ticket, of_unit

from .callback_loop import Loop

CHILD = "YC2026110200002"


@pytest.fixture
def loop(life):
    return Loop(life)


async def child(loop, **values):
    async with loop.life.sessions() as db:
        await new_ticket(db, loop.life.book, CHILD, loop.life.now, caller_phone="13900000002", **values)
        await db.commit()


async def merge(loop):
    await loop.life.do(A.MERGE, AGENT, no=CHILD, target_no=loop.life.no, reason="同一事项")
    await loop.work()


def to_child(loop):
    return [said for _, number, said in loop.sent if number == "13900000002"]


ANSWER = f"【银川12345】您的工单{CHILD}已随工单YC2026110200001办理，答复如下：路灯已修复"


async def test_a_merged_child_gets_the_masters_answer_once_it_is_accepted(loop):
    await loop.life.begin()
    await loop.life.to_handling()
    await child(loop)
    await merge(loop)
    assert to_child(loop) == [
        f"【银川12345】您反映的事项与在办工单{loop.life.no}内容相同，已合并办理，结果将一并告知您。"
    ]
    await loop.life.to_callback()
    await loop.work()
    assert to_child(loop)[1:] == [ANSWER]
    assert not await loop.life.faults()


async def test_after_a_rework_the_child_gets_the_new_answer_too(loop):
    await loop.life.begin()
    await loop.life.to_handling()
    await child(loop)
    await merge(loop)
    await loop.life.to_callback()
    await loop.rated(1, 3)
    await loop.reworked()
    assert [said.rpartition("：")[2] for said in to_child(loop)[1:]] == ["路灯已修复", "已再次修复"]


async def test_merged_into_a_ticket_that_is_answered_already_the_answer_comes_at_once(loop):
    await loop.life.begin()
    await loop.life.to_handling()
    await loop.life.to_callback()
    await child(loop)
    await merge(loop)
    assert ANSWER in to_child(loop)
    assert len(to_child(loop)) == 2


async def test_a_child_that_was_taken_out_again_is_told_nothing(loop):
    await loop.life.begin()
    await loop.life.to_handling()
    await child(loop)
    await merge(loop)
    await loop.life.do(A.UNMERGE, DISPATCHER, no=CHILD, reason="并非同一事项")
    await loop.life.to_callback()
    await loop.work()
    assert len(to_child(loop)) == 1


@pytest.mark.parametrize("protected", [{"type": "04"}, {"confidential": True}])
async def test_of_a_protected_master_the_answer_is_not_told(loop, protected):
    await loop.life.begin(**protected)
    await loop.life.to_handling()
    await child(loop)
    await merge(loop)
    await loop.life.to_callback()
    await loop.work()
    assert to_child(loop)[1].endswith("答复如下：请致电12345查询")
    assert "路灯" not in str(await loop.life.rows("SELECT fields FROM messages"))


async def test_nor_of_one_that_was_marked_confidential_between_the_answer_and_the_sending(loop):
    await loop.life.begin()
    await loop.life.to_handling()
    await child(loop)
    await merge(loop)
    await loop.life.to_callback()
    await loop.life.do(A.MARK_CONFIDENTIAL, AGENT, reason="诉求人要求保密")
    await loop.work()
    assert to_child(loop)[1].endswith("答复如下：请致电12345查询")


async def test_numbers_in_an_answer_and_its_length_are_kept_in_bounds(loop):
    await loop.life.begin()
    await loop.life.to_handling()
    await child(loop)
    await merge(loop)
    loop.life.later(hours=1)
    public = f"已回复来电人13912345678。{'详' * 400}"
    unit = of_unit(UNIT, Role.UNIT_HANDLER)
    await loop.life.do(A.SUBMIT_REPLY, unit, text="已办", public_reply=public, solved=1)
    await loop.life.do(A.SIGN_OFF, of_unit(UNIT, Role.UNIT_APPROVER))
    await loop.life.do(A.ACCEPT_REPLY, DISPATCHER)
    await loop.work()
    said = to_child(loop)[1]
    assert "13912345678" not in said
    assert said.endswith("详……")
    assert len(said) < 400
