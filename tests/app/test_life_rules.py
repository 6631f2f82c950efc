"""Rules of domain.md §3 that take a whole ticket to see."""

from __future__ import annotations

import pytest

from models.codes import Role
from models.workflow_codes import TicketAction as A
from routing.permits import GuardError
from tests.fixtures.life import AGENT, CALLER, CITIZEN, DISPATCHER, OTHER, SUPERVISOR, SYSTEM, THIRD, UNIT, of_unit


async def _asked(life) -> None:
    await life.begin()
    await life.do(A.ASK_INFO, AGENT, reason="请补充楼号")


async def _try(life, result: str) -> None:
    life.later(hours=1)
    await life.do(A.CONTACT, CALLER, result=result, at=life.now, number="13900000001")


async def test_only_who_could_not_be_reached_three_times_is_closed_as_unreachable_by_hand(life):
    await _asked(life)
    await _try(life, "reached")
    for _ in range(2):
        await _try(life, "not_reached")
    with pytest.raises(GuardError) as caught:
        await life.do(A.CLOSE_UNREACHABLE, CALLER, reason="多次联系无人接听")
    assert caught.value.guard == "tries_left"
    await _try(life, "not_reached")
    ticket = await life.do(A.CLOSE_UNREACHABLE, CALLER, reason="多次联系无人接听")
    assert (ticket.status, ticket.close_type) == (80, "07")
    assert not await life.faults()


async def test_the_citizen_urges_once_a_day_whoever_writes_it_down(life):
    await life.begin()
    await life.to_handling()
    await life.do(A.URGE, AGENT, text="诉求人来电催办")
    for who in (AGENT, CITIZEN):
        with pytest.raises(GuardError) as caught:
            await life.do(A.URGE, who)
        assert caught.value.guard == "urged_today"
    await life.do(A.URGE, SUPERVISOR)  # the hotline itself urges as often as it must
    await life.do(A.URGE, DISPATCHER)
    life.later(days=1)
    await life.do(A.URGE, CITIZEN)
    with pytest.raises(GuardError):
        await life.do(A.URGE, AGENT)


async def _third_return(life, **values) -> None:
    """Each of three units has asked to return it; the third request waits."""
    await life.begin(**values)
    await life.do(A.APPROVE, DISPATCHER)
    for unit in (UNIT, OTHER, THIRD):
        await life.do(A.DISPATCH, DISPATCHER, unit=unit)
        life.later(minutes=20)
        await life.do(
            A.REQUEST_RETURN, of_unit(unit, Role.UNIT_SIGNER), code="R01", reason="非本单位职责", basis="三定方案",
            attachments=[await life.file()],
        )  # fmt: skip
        if unit != THIRD:
            await life.do(A.APPROVE_RETURN, DISPATCHER, reason="理由成立")


async def test_where_nobody_supervises_the_matter_who_had_it_first_acts_meanwhile(life):
    """首接负责: the catalogue knows only the hotline for what is of no kind and no known place."""
    await _third_return(life, category="149901", district_code=None, profile="N5")
    life.later(days=1)
    ticket = await life.do(A.LAPSE_RETURN, SYSTEM)
    assert (ticket.status, ticket.host_unit) == (35, UNIT)
    assert not await life.faults()


async def test_an_urgent_ticket_is_never_argued_about(life):
    """Returned for the third time it goes to be designated at once, nobody confers."""
    await life.begin(profile="E2", urgency=2, category="030401")
    await life.do(A.APPROVE, DISPATCHER)
    with pytest.raises(GuardError) as caught:
        await life.do(A.CONFER, DISPATCHER, reason="职责不清")
    assert caught.value.guard == "urgent_no_arbitration"
