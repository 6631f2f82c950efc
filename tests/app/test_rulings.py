"""What a dispute was decided by decides the next appeal of the same matter in the same district."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.intake.judging import judge_ticket
from app.tickets.rulings import read_rulings, ruling_id
from models.codes import TicketEventKind, TicketStatus
from models.ledger import append_ticket_event
from models.ticket import Ticket
from models.workflow_codes import TicketAction as A
from routing.assessment import Chosen
from tests.fixtures.life import CHIEF, DISPATCHER, MONDAY, THIRD, UNIT, new_ticket

DUTY, LEAF, DISTRICT = "640106-ZJ", "090101", "640106"
"""090101 施工噪声: the catalogue's unit in 金凤区 is another one than 区住建."""
WORDS = "金凤区宁安大街工地夜间施工噪声扰民，半夜还在打桩"


async def designate(life, unit: str = DUTY, **fields) -> None:
    await life.begin(category=LEAF)
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DESIGNATE, CHIEF, unit=unit, basis="会商纪要第三条", **fields)


async def next_appeal(life, judge, no: str = "YC2026110200002", category: str = LEAF) -> Ticket:
    """Another citizen's, as intake judges it; the class is what a person has chosen."""
    async with life.sessions() as db:
        ticket = await new_ticket(
            db, life.book, no, life.now, TicketStatus.DRAFT, category=category, content=WORDS, host_unit=None
        )
        await append_ticket_event(
            db, ticket.id, TicketEventKind.CREATED, "user:1", life.now, {"chosen": ["category", "district"]}
        )
        await judge_ticket(db, judge, ticket, life.now, life.now)
        await db.commit()
    return ticket


async def test_the_next_appeal_of_the_matter_is_proposed_to_the_designated_unit_and_says_by_which_ruling(life, judge):
    before = judge.assess(WORDS, now=MONDAY, chosen=Chosen(category=LEAF, district=DISTRICT)).dispatch
    assert before.unit != DUTY
    await designate(life)
    ticket = await next_appeal(life, judge)
    assert (ticket.host_unit, ticket.dispatch_rule) == (DUTY, f"CD{LEAF}-{DISTRICT}")
    assert ticket.dispatch_basis == f"裁定（{life.no}）：会商纪要第三条"


async def test_a_ruling_says_nothing_of_another_matter(life, judge):
    await designate(life)
    ticket = await next_appeal(life, judge, category="010101")
    assert ticket.dispatch_rule == judge.assess(
        WORDS, now=MONDAY, chosen=Chosen(category="010101", district=DISTRICT)
    ).dispatch.row_id  # fmt: skip


async def test_whoever_was_designated_acts_when_units_argue_about_the_same_again(life):
    assert life.book.interim_owner(LEAF, DISTRICT) != DUTY
    await designate(life)
    life.no = "YC2026110200003"
    await life.begin(category=LEAF)
    await life.do(A.APPROVE, DISPATCHER)
    ticket = await life.do(A.CONFER, DISPATCHER, reason="两个部门都说不是自己的")
    assert (ticket.status, ticket.host_unit) == (35, DUTY)


async def test_a_later_ruling_takes_the_place_of_the_earlier_one(life, judge):
    await designate(life)
    life.no = "YC2026110200003"
    await designate(life, THIRD)
    ticket = await next_appeal(life, judge)
    assert (ticket.host_unit, ticket.dispatch_basis) == (THIRD, f"裁定（{life.no}）：会商纪要第三条")
    assert len(await life.rows("SELECT 1 FROM catalogue WHERE origin = 'ruling'")) == 1


async def test_a_designation_for_this_once_teaches_nothing(life):
    await designate(life, learn=False)
    async with life.sessions() as db:
        assert await read_rulings(db) == ()


async def test_a_ruling_that_was_retired_by_hand_holds_no_more(life):
    await designate(life)
    async with life.sessions() as db:
        (row,) = await read_rulings(db)
        assert (row.category, row.district, row.unit, row.co_units) == (LEAF, DISTRICT, DUTY, ())
        await db.execute(text("UPDATE catalogue SET active = false WHERE origin = 'ruling'"))
        await db.commit()
        assert await read_rulings(db) == ()


@pytest.mark.parametrize(
    ("unit", "district", "made"),
    [(UNIT, "640106", "CD010101-640106"), (UNIT, None, "CD010101"), ("640121102", "640121", "CD010101-640121102")],
)
def test_a_street_has_a_row_of_its_own(book, unit, district, made):
    assert ruling_id("010101", district, book.units[unit]) == made
