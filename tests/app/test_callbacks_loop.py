"""After an answer: the link, calls, content or not, once again, supervised, closed – whole loops on a real record."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.callbacks.planning import CLOSE_CALLBACK
from app.calls.orders import PLACE_CALL
from app.calls.placed import CALLBACK_CALL_DONE
from app.calls.telephony_door import OrderRefusedError, TelephonyUnreachableError
from app.jobs.worker import HANDLERS
from app.messages.writing import SEND_TOPIC
from models.codes import TicketStatus
from models.workflow_codes import TicketAction as A
from telephony.orders import Refusal
from tests.fixtures.life import CHIEF, CITIZEN, DISPATCHER, MONDAY, SHANGHAI, SUPERVISOR, UNIT

from .callback_loop import Loop

NAME = "银川市金凤区住房城乡建设和交通局"


@pytest.fixture
def loop(life):
    return Loop(life)


async def answered(loop, **values):
    """A ticket whose answer the hotline has just accepted (Monday, 11:30)."""
    await loop.life.begin(**values)
    await loop.life.to_handling()
    await loop.life.to_callback()
    await loop.work()


def at(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02d}T{clock}").replace(tzinfo=SHANGHAI)


async def test_a_citizen_is_told_of_each_step_that_concerns_him(loop):
    await answered(loop)
    no, due, link = loop.life.no, "2026年11月9日18:00", f"https://12345.test/r/{loop.life.no}#{loop.token()}"
    assert loop.texts == [
        f"【银川12345】您的工单{no}已转{NAME}办理，预计{due}前答复您，请保持电话畅通。",
        f"【银川12345】您的工单{no}已办结，办理结果请点击 {link} 查看并评价。",
    ]
    assert {number for _, number, _ in loop.sent} == {"13900000001"}


async def test_who_rates_over_his_link_is_not_called(loop):
    await answered(loop)
    assert await loop.planned() == [("auto_call", at(3, "18:00"))]
    ticket = await loop.rated(5)
    assert (ticket.status, ticket.satisfied, ticket.solved, ticket.close_type) == (80, 5, 1, "02")
    await loop.until(at(5, "12:00"))
    assert loop.called == []
    assert await loop.callbacks() == [(1, "sms", "answered"), (1, "auto_call", "cancelled")]
    assert not await loop.life.faults()


async def test_who_does_not_is_called_when_the_start_limit_is_up_and_his_keys_are_his_rating(loop):
    loop.picks_up = ["12"]
    await answered(loop)
    await loop.until(at(3, "17:30"))
    assert loop.called == []
    await loop.until(at(3, "18:30"))
    assert loop.called == [("13900000001", at(3, "18:00"))]
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied, ticket.solved) == (80, 4, 1)
    assert await loop.callbacks() == [(1, "sms", "cancelled"), (1, "auto_call", "answered")]
    (row,) = await loop.life.rows("SELECT c.by, k.order_id FROM callbacks c JOIN calls k ON k.id = c.call_id")
    assert (row["by"], row["order_id"][:3]) == ("system", "cb-")
    assert not await loop.life.faults()


async def test_a_landline_is_called_at_once(loop):
    loop.picks_up = ["11"]
    await answered(loop, caller_phone="09516012345")
    assert loop.texts == []
    assert loop.called == [("09516012345", MONDAY + timedelta(hours=2, minutes=30))]
    assert (await loop.life.ticket()).satisfied == 5


async def test_not_content_then_done_again_then_content(loop):
    await answered(loop)
    ticket = await loop.rated(2, 3, reason="灯还是不亮")
    assert (ticket.status, ticket.rework_count) == (75, 1)
    await loop.work()
    assert f"已交{NAME}重新办理，预计2026年11月5日18:00前答复您" in loop.texts[-1]
    assert await loop.planned() == []
    await loop.reworked()
    assert [kind for kind, _ in await loop.planned()] == ["human"]  # after a rework a person calls
    ticket = await loop.person("answered", satisfied=4, solved=1)
    assert (ticket.status, ticket.satisfied) == (80, 4)
    assert await loop.callbacks() == [
        (1, "sms", "answered"), (1, "auto_call", "cancelled"), (2, "sms", "cancelled"), (2, "human", "answered"),
    ]  # fmt: skip
    await loop.until(at(4, "12:00"))
    assert loop.called == []
    assert not await loop.life.faults()


async def test_not_content_twice_is_supervised_and_closed_once_that_is_lifted(loop):
    await answered(loop)
    await loop.rated(2, 3)
    await loop.reworked()
    ticket = await loop.person("answered", satisfied=1, solved=3, reason="仍未解决")
    assert (ticket.status, ticket.supervise_level, ticket.rework_count) == (70, 1, 1)
    await loop.work()
    assert loop.texts[-1] == f"【银川12345】您的工单{loop.life.no}已列入督办，承办单位为{NAME}。"
    await loop.until(at(4, "12:00"))
    assert (await loop.life.ticket()).status == 70  # nothing closes it while it is supervised
    assert await loop.planned() == []
    await loop.lifted()
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied, ticket.supervise_level) == (80, 1, 0)
    assert not await loop.life.faults()


async def test_who_says_over_his_link_that_he_is_not_content_again_is_heard_by_a_person(loop):
    await answered(loop)
    await loop.rated(2, 3)
    await loop.reworked()
    ticket = await loop.rated(1, 3)
    assert (ticket.status, ticket.supervise_level) == (70, 1)
    assert [kind for kind, _ in await loop.planned()] == ["human"]
    await loop.lifted()
    assert (await loop.life.ticket()).status == 70
    ticket = await loop.person("answered", satisfied=3, solved=2)
    assert (ticket.status, ticket.satisfied) == (80, 3)
    assert not await loop.life.faults()


async def test_content_while_it_is_supervised_it_is_closed_once_that_is_lifted(loop):
    await answered(loop)
    await loop.life.do(A.SUPERVISE, SUPERVISOR, level=1, reason="领导批示")
    assert [kind for kind, _ in await loop.planned()] == ["human"]  # the machine's call is not made any more
    ticket = await loop.rated(5)
    assert ticket.status == 70
    await loop.lifted()
    assert (await loop.life.ticket()).status == 80
    assert loop.called == []
    assert not await loop.life.faults()


async def test_who_never_picks_up_is_tried_three_times_in_two_days_and_what_the_unit_reported_stands(loop):
    await answered(loop)
    await loop.until(at(5, "12:00"))
    assert [when for _, when in loop.called] == [at(3, "18:00"), at(4, "09:00"), at(4, "14:00")]
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied, ticket.solved, ticket.close_type) == (80, 9, None, "02")
    assert (await loop.callbacks())[1:] == [(1, "auto_call", "not_reached")] * 3
    (closing,) = await loop.life.rows("SELECT actor FROM ticket_events WHERE kind = 'close'")
    assert closing["actor"] == "system"
    assert not await loop.life.faults()


async def test_who_hangs_up_between_the_questions_is_called_again(loop):
    loop.picks_up = ["1", "13"]
    await answered(loop)
    await loop.until(at(4, "12:00"))
    assert [when for _, when in loop.called] == [at(3, "18:00"), at(4, "09:00")]
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied) == (80, 3)


async def test_a_link_still_counts_between_the_calls(loop):
    await answered(loop)
    await loop.until(at(3, "20:00"))
    assert len(loop.called) == 1
    ticket = await loop.rated(4)
    assert (ticket.status, ticket.satisfied) == (80, 4)
    await loop.until(at(5, "12:00"))
    assert len(loop.called) == 1


async def test_who_gave_no_number_is_not_asked_and_the_ticket_is_closed(loop):
    await answered(loop, caller_phone=None, anonymous=True)
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied) == (80, 9)
    assert (loop.texts, loop.called, await loop.callbacks()) == ([], [], [])
    assert not await loop.life.faults()


async def test_an_urgent_ticket_is_called_about_by_a_person_not_by_a_machine(loop):
    await answered(loop, profile="E2", urgency=2)
    assert [kind for kind, _ in await loop.planned()] == ["human"]
    for wait in (3, 5, 20):
        await loop.person("not_reached")
        loop.life.later(hours=wait)
    await loop.work()
    assert (await loop.life.ticket()).status == 80
    assert loop.called == []


async def test_who_does_not_want_to_be_asked_is_left_alone_and_counts_as_not_rated(loop):
    await answered(loop, profile="E2", urgency=2)
    await loop.person("refused")
    await loop.work()
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied) == (80, 0)


async def test_an_appeal_that_is_upheld_brings_it_back_to_the_unit_supervised(loop):
    await answered(loop)
    await loop.rated(5)
    loop.life.later(days=3)
    await loop.life.do(A.APPEAL, CITIZEN, reason="第二天又坏了")
    ticket = await loop.life.do(A.UPHOLD_APPEAL, CHIEF, reason="情况属实")
    assert (ticket.status, ticket.host_unit, ticket.supervise_level) == (75, UNIT, 1)
    await loop.work()
    assert ["重新办理" in said for said in loop.texts[-2:]] == [True, False]
    await loop.reworked()
    assert [kind for kind, _ in await loop.planned()] == ["human"]
    await loop.person("answered", satisfied=4, solved=1)
    await loop.lifted()
    ticket = await loop.life.ticket()
    assert (ticket.status, ticket.satisfied) == (80, 4)
    assert not await loop.life.faults()


async def test_an_appeal_that_is_dismissed_leaves_the_closing_and_the_citizen_is_told(loop):
    await answered(loop)
    await loop.rated(5)
    loop.life.later(days=3)
    await loop.life.do(A.APPEAL, CITIZEN, reason="第二天又坏了")
    ticket = await loop.life.do(A.DISMISS_APPEAL, CHIEF, reason="属另一事项")
    assert ticket.status == 80
    await loop.work()
    assert loop.texts[-1].endswith("的申诉已复核，维持原办理结果。如有新情况请致电12345。")
    assert not await loop.life.faults()


async def test_after_seven_days_it_is_archived_and_reopened_it_reaches_the_unit_that_held_it(loop):
    await answered(loop)
    await loop.rated(5)
    await loop.until(at(10, "12:00"), ticking=True)
    assert (await loop.life.ticket()).status == TicketStatus.ARCHIVED
    ticket = await loop.life.do(A.REOPEN, CHIEF, reason="上级交办复查")
    assert (ticket.status, ticket.host_unit) == (50, UNIT)
    (holding,) = await loop.life.rows("SELECT unit FROM holdings WHERE ended_at IS NULL")
    assert holding["unit"] == UNIT
    live = await loop.life.rows("SELECT kind, holder FROM clocks WHERE stopped_at IS NULL AND family = 'unit'")
    assert {(row["kind"], row["holder"]) for row in live} == {("finish", UNIT), ("contact", UNIT)}
    assert not await loop.life.faults()


async def test_what_is_sent_back_to_the_citizen_for_more_is_not_called_about(loop):
    await answered(loop)
    await loop.life.do(A.ASK_INFO, DISPATCHER, reason="缺少楼号")
    assert {result for _, _, result in await loop.callbacks()} == {"cancelled"}
    await loop.until(at(4, "12:00"))
    assert loop.called == []


# ---- telephony is not always there


async def test_no_call_is_made_outside_calling_hours_however_late_the_worker_is(loop):
    await answered(loop)
    loop.life.now = at(3, "21:00")
    await loop.work()
    assert loop.called == []
    await loop.until(at(4, "09:30"))
    assert [when for _, when in loop.called] == [at(4, "09:00")]


async def test_calls_that_cannot_be_placed_are_no_tries_and_then_a_person_calls(loop):
    await answered(loop)
    loop.refuses = [OrderRefusedError(Refusal("order.not_allowed", "不允许外呼", retry=False)) for _ in range(2)]
    await loop.until(at(4, "09:00"))
    assert await loop.planned() == [("human", at(3, "19:00"))]
    assert (await loop.callbacks())[1:3] == [(1, "auto_call", "cancelled")] * 2
    rows = await loop.life.rows("SELECT reason FROM callbacks WHERE mode = 'auto_call' ORDER BY id")
    assert [row["reason"] for row in rows] == ["order.not_allowed"] * 2
    assert not await loop.life.faults()


async def test_a_front_door_that_is_away_for_an_hour_delays_a_call_and_loses_none(loop):
    loop.picks_up = ["11"]
    await answered(loop)
    loop.refuses = [TelephonyUnreachableError("前门没有应答") for _ in range(2)]
    await loop.until(at(3, "20:00"))
    assert len(loop.called) == 1
    assert (await loop.life.ticket()).status == 80


async def test_a_call_whose_end_nobody_tells_is_found_and_made_again(loop):
    await answered(loop)
    loop.loses = True
    await loop.until(at(3, "20:00"))
    assert len(loop.called) == 1
    loop.loses, loop.picks_up = False, ["11"]
    await loop.until(at(4, "10:00"))
    assert [when for _, when in loop.called] == [at(3, "18:00"), at(4, "09:00")]
    assert (await loop.callbacks())[1:] == [(1, "auto_call", "cancelled"), (1, "auto_call", "answered")]


async def test_the_end_of_a_call_told_twice_or_too_late_changes_nothing(loop):
    loop.loses = True
    await answered(loop)
    await loop.until(at(3, "18:30"))
    (row,) = await loop.life.rows("SELECT id FROM callbacks WHERE mode = 'auto_call'")
    await loop.rated(5)
    before = await loop.life.rows("SELECT * FROM ticket_events ORDER BY id")
    await loop.call(f"cb-{row['id']}", "late", "35")
    await loop.work()
    assert (await loop.life.ticket()).satisfied == 5
    assert await loop.life.rows("SELECT * FROM ticket_events ORDER BY id") == before
    assert await loop.life.rows("SELECT 1 FROM outbox WHERE done_at IS NULL") == []


async def test_sweeping_again_and_again_plans_nothing_twice(loop):
    await answered(loop)
    before = await loop.life.rows("SELECT * FROM callbacks ORDER BY id")
    await loop.until(at(3, "12:00"))
    assert await loop.life.rows("SELECT * FROM callbacks ORDER BY id") == before


async def test_a_ticket_for_which_nothing_was_planned_is_found(loop):
    await answered(loop)
    async with loop.life.sessions() as db:
        await db.execute(text("UPDATE callbacks SET result = 'cancelled' WHERE mode = 'auto_call'"))
        await db.commit()
    await loop.until(at(2, "12:30"))
    assert await loop.planned() == [("auto_call", at(3, "18:00"))]


# ---- as the worker runs them


async def test_the_workers_own_handlers_close_what_is_settled_and_note_what_a_call_has_brought(loop, judge):
    assert {SEND_TOPIC, PLACE_CALL, CALLBACK_CALL_DONE, CLOSE_CALLBACK} <= set(HANDLERS)
    life = loop.life
    await life.begin(caller_phone="09516012345")
    await life.to_handling()
    await life.to_callback()
    (row,) = await life.rows("SELECT id FROM callbacks")
    await loop.call(f"cb-{row['id']}", "c1", "12")
    await HANDLERS[CALLBACK_CALL_DONE](life.sessions, {"order_id": f"cb-{row['id']}", "call_id": "c1"})
    assert (await life.ticket()).satisfied == 4
    life.no = "YC2026110200002"
    await life.begin(caller_phone=None, anonymous=True)
    await life.to_handling()
    await life.to_callback()
    await HANDLERS[CLOSE_CALLBACK](life.sessions, {"no": life.no})
    assert (await life.ticket()).status == 80
    await HANDLERS[CLOSE_CALLBACK](life.sessions, {"no": life.no})
    assert len(await life.rows("SELECT 1 FROM ticket_events WHERE kind = 'close'")) == 1


async def test_orders_that_were_not_ours_are_nothing_to_us(loop):
    jobs = loop.handlers()
    for order in ("cb-999", "cb-x", "other-1"):
        await jobs[CALLBACK_CALL_DONE](loop.life.sessions, {"order_id": order, "call_id": None, "refused": "x"})
