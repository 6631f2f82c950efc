"""What time brings about by itself: warnings, urging, supervision, the system's own actions; each rung once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tickets.ticker import Ticked, catch_up, tick
from models.codes import Role
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import AGENT, CALLER, DIRECTOR, DISPATCHER, SUPERVISOR, UNIT, of_unit

MINUTE = timedelta(minutes=1)
SIGNER, HANDLER, HEAD = (of_unit(UNIT, role) for role in (Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER))
SYSTEM_EVENTS = (
    "SELECT kind, payload ->> 'clock' AS clock FROM ticket_events WHERE actor = 'system' "
    "AND kind NOT IN ('created', 'classified') ORDER BY ticket_id, seq"
)


@pytest.fixture
def told(life):
    """What the system did, in order: (kind, clock)."""

    async def of() -> list[tuple[str, str | None]]:
        return [(row["kind"], row["clock"]) for row in await life.rows(SYSTEM_EVENTS)]

    return of


async def _tick(life, until=None) -> Ticked:
    if until is not None:
        life.now = until
    return await catch_up(life.sessions, life.book, life.now)


async def _clock(life, kind: str):
    (row,) = await life.rows("SELECT * FROM clocks WHERE kind = :kind AND stopped_at IS NULL", kind=kind)
    return row


async def test_nothing_happens_before_it_is_due(life, told):
    await life.begin()
    first = min(row["next_at"] for row in await life.rows("SELECT next_at FROM clocks"))
    assert await _tick(life, first - MINUTE) == Ticked()
    assert await told() == []
    assert (await _tick(life, first)).marked == 1


async def test_a_yellow_card_is_shown_once_and_changes_no_state(life, told):
    await life.begin()
    await life.to_handling()
    before = await life.ticket()
    await _tick(life, (await _clock(life, "finish"))["next_at"])
    ticket = await life.ticket()
    assert (ticket.status, ticket.warn_state, ticket.version) == (50, 1, before.version + 1)
    assert sorted(await told()) == [("warn", "citizen"), ("warn", "finish")]
    assert (await _clock(life, "finish"))["next_at"] == ticket.due
    assert await _tick(life) == Ticked()
    assert not await life.faults()


async def test_at_the_due_the_unit_is_overdue_and_urged(life, told):
    await life.begin()
    await life.to_handling()
    ticket = await life.ticket()
    await _tick(life, ticket.due)
    ticket = await life.ticket()
    assert (ticket.warn_state, ticket.unit_overdue, ticket.citizen_overdue) == (2, True, True)
    assert sorted(await told()) == sorted(
        [("warn", "finish"), ("warn", "citizen"), ("overdue", "finish"), ("urge", "finish"), ("overdue", "citizen")]
    )
    assert not await life.faults()


async def test_who_does_not_sign_is_signed_for_after_the_grace_with_a_mark(life, told):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    due = (await _clock(life, "sign"))["due"]
    await _tick(life, due)
    assert (await life.ticket()).status == 40
    await _tick(life, due + timedelta(hours=15, minutes=59))  # two working hours later are on the next day
    assert (await life.ticket()).status == 40
    await _tick(life, due + timedelta(hours=16, minutes=30))
    ticket = await life.ticket()
    assert (ticket.status, ticket.late_sign) == (50, True)
    assert ("auto_sign", None) in await told()
    assert not await life.faults()


async def test_urged_supervised_circulated_each_once_however_often_one_looks(life, told):
    await life.begin()
    await life.to_handling()
    end = life.now + timedelta(days=40)
    while life.now < end:
        life.later(hours=7)
        await tick(life.sessions, life.book, life.now)
    kinds = [kind for kind, _ in await told()]
    assert kinds.count("urge") == 1
    assert kinds.count("circulate") == 1
    assert kinds.count("escalate") == 3
    levels = await life.rows("SELECT payload ->> 'level' AS level FROM ticket_events WHERE kind = 'escalate'")
    assert [row["level"] for row in levels] == ["1", "2", "3"]
    assert (await life.ticket()).supervise_level == 3
    assert not await life.faults()


async def test_after_a_downtime_every_rung_is_taken_once_and_in_order(life, told):
    await life.begin()
    await life.to_handling()
    life.later(days=40)
    await _tick(life)
    kinds = [kind for kind, clock in await told() if clock in {"finish", None}]
    assert kinds[:5] == ["warn", "overdue", "urge", "escalate", "circulate"]
    assert kinds.count("circulate") == 1
    assert not await life.faults()
    assert await _tick(life) == Ticked()


async def test_an_unanswered_supervision_rises_to_the_third_level_and_no_further(life, told):
    await life.begin()
    await life.to_handling()
    await life.do(A.SUPERVISE, SUPERVISOR, level=2, reason="久拖不决")
    life.later(days=30)
    await _tick(life)
    life.later(days=30)
    await _tick(life)
    assert [row["level"] for row in await life.rows(
        "SELECT payload ->> 'level' AS level FROM ticket_events WHERE kind = 'escalate'"
    )] == ["3"]  # fmt: skip
    assert (await life.ticket()).supervise_level == 3
    assert not await life.faults()


async def test_an_answered_supervision_does_not_rise(life, told):
    await life.begin()
    await life.to_handling()
    await life.do(A.SUPERVISE, SUPERVISOR, level=2, reason="久拖不决")
    await life.do(A.ANSWER_SUPERVISION, HANDLER, text="已安排专人")
    life.later(days=4)
    await _tick(life)
    assert "escalate" not in [kind for kind, _ in await told()]


async def test_after_an_extension_the_ladder_begins_anew_from_the_new_due(life, told):
    await life.begin()
    await life.to_handling()
    await _tick(life, (await _clock(life, "finish"))["next_at"])
    old = (await life.ticket()).due
    await life.do(A.REQUEST_EXTENSION, HANDLER, reason="等待配件")
    await life.do(A.APPROVE_EXTENSION, DISPATCHER, reason="同意")
    ticket = await life.ticket()
    assert ticket.due > old
    assert ticket.warn_state == 0
    await _tick(life, old)
    assert (await life.ticket()).unit_overdue is False
    await _tick(life, ticket.due)
    events = [event for event in await told() if event[1] == "finish"]
    assert events == [("warn", "finish"), ("warn", "finish"), ("overdue", "finish"), ("urge", "finish")]
    assert not await life.faults()


async def test_an_extension_granted_after_the_due_takes_the_overdue_back(life):
    await life.begin()
    await life.to_handling()
    due = (await life.ticket()).due
    life.now = due - timedelta(hours=2)
    await life.do(A.REQUEST_EXTENSION, HANDLER, reason="等待配件")
    await _tick(life, due + timedelta(minutes=5))
    assert (await life.ticket()).unit_overdue is True
    await life.do(A.APPROVE_EXTENSION, DISPATCHER, reason="同意")
    ticket = await life.ticket()
    assert (ticket.unit_overdue, ticket.citizen_overdue, ticket.warn_state) == (False, False, 0)
    assert not await life.faults()


async def test_nothing_is_due_while_the_clocks_stand_still_and_the_system_resumes_on_the_day(life, told):
    await life.begin()
    await life.to_handling()
    await life.do(A.REQUEST_SUSPENSION, HEAD, reason="待改造", until=life.now + timedelta(days=45))
    await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    await _tick(life, life.now + timedelta(days=20))
    assert await told() == []
    life.later(days=24)
    await _tick(life)
    assert set(await told()) == {("warn", "progress"), ("overdue", "progress")}
    life.later(days=2)
    await _tick(life)
    ticket = await life.ticket()
    assert ticket.status == 50
    assert ticket.due > life.now
    assert not await life.faults()


async def test_a_return_nobody_reviews_is_agreed_to_or_refused_as_the_city_says(life, told):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    await life.do(
        A.REQUEST_RETURN, SIGNER, code="R01", reason="非本单位职责", basis="三定方案", attachments=[await life.file()]
    )
    life.later(days=1)
    await _tick(life)
    ticket = await life.ticket()
    assert (ticket.status, ticket.dispatch_count) == (30, 1)
    assert ("lapse_return", None) in await told()
    assert not await life.faults()


async def test_a_reply_after_the_due_is_overdue_also_when_no_ticker_ran(life):
    await life.begin()
    await life.to_handling()
    life.now = (await life.ticket()).due + timedelta(hours=18)
    await life.do(A.SUBMIT_REPLY, HANDLER, text="已更换灯具", public_reply="路灯已修复", solved=1, is_true=True)
    await life.do(A.SIGN_OFF, HEAD)
    assert (await life.ticket()).unit_overdue is True


FIRE = {"profile": "E1", "urgency": 1, "category": "100201"}


async def _alarms(life):
    return await life.rows("SELECT at, payload FROM ticket_events WHERE kind = 'alarmed' ORDER BY id")


async def test_an_extreme_ticket_that_waits_ten_minutes_raises_an_alarm_once(life, capfd):
    await life.begin(**FIRE)
    await _tick(life, life.now + timedelta(minutes=9, seconds=59))
    assert await _alarms(life) == []
    life.later(seconds=1)
    await _tick(life)
    (alarm,) = await _alarms(life)
    assert (alarm["payload"]["waits_minutes"], alarm["payload"]["from"]) == (10, 20)
    life.later(hours=3)
    await _tick(life)
    assert len(await _alarms(life)) == 1
    assert (await life.ticket()).warn_state == 2
    assert "urgent_ticket_waits" in "".join(capfd.readouterr())
    assert not await life.faults()


async def test_an_extreme_ticket_that_goes_out_in_time_raises_none_until_it_comes_back(life):
    await life.begin(**FIRE)
    life.later(minutes=4)
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    life.later(minutes=8)
    await _tick(life)
    await life.do(
        A.REQUEST_RETURN, SIGNER, code="R01", reason="非本单位职责", basis="三定方案", attachments=[await life.file()]
    )
    await _tick(life, life.now + timedelta(minutes=9))
    assert await _alarms(life) == []
    await _tick(life, life.now + timedelta(minutes=1))
    (alarm,) = await _alarms(life)
    assert alarm["payload"]["clock"] == "return_review"
    assert (await life.ticket()).status == 30  # nobody looked at the return: it is agreed to
    await _tick(life, life.now + timedelta(minutes=10))
    assert [alarm["payload"]["clock"] for alarm in await _alarms(life)] == ["return_review", "dispatch"]
    assert not await life.faults()


async def test_an_urgent_ticket_that_is_not_extreme_raises_no_alarm(life):
    await life.begin(profile="E2", urgency=2)
    await _tick(life, life.now + timedelta(hours=1))
    assert await _alarms(life) == []
    assert (await life.ticket()).warn_state == 2


async def test_a_rework_has_a_ladder_of_its_own_and_the_first_rounds_marks_stay(life, told):
    await life.begin()
    await life.to_handling()
    await _tick(life, (await life.ticket()).due + MINUTE)
    await life.to_callback()
    ticket = await life.ticket()
    assert (ticket.unit_overdue, ticket.citizen_overdue) == (True, True)
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=1, solved=3, reason="灯还是不亮")
    first = await told()
    due = (await life.ticket()).due
    assert due > life.now
    await _tick(life, due + timedelta(days=4))
    again = (await told())[len(first) :]
    assert [kind for kind, clock in again if clock in {"finish", None}] == ["warn", "overdue", "urge", "escalate"]
    ticket = await life.ticket()
    assert (ticket.status, ticket.supervise_level) == (75, 1)
    assert not await life.faults()


async def test_the_hotlines_own_reviews_are_watched_over_too(life, told):
    await life.begin()
    await life.to_handling()
    life.later(hours=1)
    await life.do(A.SUBMIT_REPLY, HANDLER, text="已更换灯具", public_reply="路灯已修复", solved=1, is_true=True)
    await life.do(A.SIGN_OFF, HEAD)
    life.later(days=3)
    await _tick(life)
    assert {("warn", "review"), ("overdue", "review")} <= set(await told())
    assert "finish" not in {clock for _, clock in await told()}  # it stands still while the hotline has the reply
    ticket = await life.ticket()
    assert (ticket.warn_state, ticket.unit_overdue) == (2, False)
    ticket = await life.do(A.ACCEPT_REPLY, DISPATCHER)
    assert ticket.warn_state == 0
    assert not await life.faults()


async def test_a_ticket_is_archived_a_week_after_it_was_closed(life, told):
    await life.begin()
    await life.to_handling()
    await life.to_callback()
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=5, solved=1)
    await _tick(life, life.now + timedelta(days=7) - MINUTE)
    assert (await life.ticket()).status == 80
    await _tick(life, life.now + MINUTE)
    ticket = await life.ticket()
    assert (ticket.status, ticket.archived_at) == (90, life.now)
    assert await life.rows("SELECT 1 FROM clocks WHERE stopped_at IS NULL") == []
    assert not await life.faults()


async def test_words_that_never_came_close_a_ticket_as_unreachable(life):
    await life.begin()
    await life.do(A.ASK_INFO, AGENT, reason="请补充具体地址")
    await _tick(life, life.now + timedelta(days=4))
    ticket = await life.ticket()
    assert (ticket.status, ticket.close_type) == (80, "07")
    assert not await life.faults()
