"""How a ticket gets where it is: each play brings it from intake to one state, under one condition."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app.tickets.party import Party
from app.tickets.texts import UNHEARD
from models.codes import Role, TicketStatus
from models.evaluation import ServiceEvaluation
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import (
    AGENT,
    CALLER,
    CHIEF,
    CITIZEN,
    DIRECTOR,
    DISPATCHER,
    SUPERVISOR,
    SYSTEM,
    Life,
    of_unit,
)
from tests.workflow.people import COMMUNITY, DISTRICT, HELPER, STREET

S = TicketStatus
UNTIL = timedelta(days=20)
GOOD = {"callback_result": "answered", "satisfied": 5, "solved": 1}
BAD = {"callback_result": "answered", "satisfied": 1, "solved": 3, "reason": "灯还是不亮"}


async def host(life: Life, role: Role) -> Party:
    """Somebody of the unit that answers for it now."""
    unit = (await life.ticket()).host_unit
    assert unit is not None
    return of_unit(unit, role)


# ---- before a unit


async def draft(life: Life) -> None:
    await life.begin(S.DRAFT)


async def draft_uncategorised(life: Life) -> None:
    await life.begin(S.DRAFT, category=None)


async def draft_unheard(life: Life) -> None:
    await life.begin(S.DRAFT, content=UNHEARD)


async def direct(life: Life) -> None:
    await draft(life)
    await life.do(A.ANSWER, AGENT, text="请携带身份证到服务大厅办理")


async def review(life: Life) -> None:
    await life.begin()


async def review_of_rating(life: Life) -> None:
    """A bad rating that was found to be groundless."""
    await _rated(life, verdict="c")


async def review_unjudged(life: Life) -> None:
    """A bad rating whose rater nobody has called back yet; he asks to withdraw it."""
    await _rated(life)
    await life.do(A.REQUEST_WITHDRAWAL, CITIZEN, reason="不想追究了")


async def draft_unjudged(life: Life) -> None:
    """No play leads here: its ticket goes to review as it comes."""
    await _rated(life, S.DRAFT)


async def dispatch_unjudged(life: Life) -> None:
    """No play leads here either."""
    await to_dispatch(life)
    await _rate(life)


async def _rated(life: Life, state: TicketStatus = S.REVIEW, verdict: str | None = None) -> None:
    await life.begin(state, channel="24")
    await _rate(life, verdict)


async def _rate(life: Life, verdict: str | None = None) -> None:
    ticket = await life.ticket()
    async with life.sessions() as db:
        db.add(
            ServiceEvaluation(
                source="window", unit=STREET, item="社保查询", rating=1, real_name=True, ticket_id=ticket.id,
                state="verify", verdict=verdict, received_at=life.now,
            )
        )  # fmt: skip
        await db.commit()


async def wait_info(life: Life) -> None:
    await review(life)
    await life.do(A.ASK_INFO, AGENT, reason="地址不清")


async def wait_info_in_vain(life: Life) -> None:
    await wait_info(life)
    for _ in range(3):
        life.later(hours=3)
        await life.do(A.CONTACT, AGENT, result="not_reached", at=life.now, number="13900000001")
    life.later(days=6)


async def wait_info_of_callback(life: Life) -> None:
    await callback(life)
    await life.do(A.ASK_INFO, CALLER, reason="诉求人称另有情况")


async def to_dispatch(life: Life) -> None:
    await review(life)
    await life.do(A.APPROVE, DISPATCHER)


async def praise_to_dispatch(life: Life) -> None:
    await life.begin(type="06", profile="P")
    await life.do(A.APPROVE, DISPATCHER)


async def urgent_dispatched_thrice(life: Life) -> None:
    await life.begin(profile="E1", urgency=1)
    await life.do(A.APPROVE, DISPATCHER)
    for _ in range(3):
        await life.do(A.DISPATCH, DISPATCHER, unit=STREET)
        await _return(life)
        await life.do(A.APPROVE_RETURN, DISPATCHER, reason="理由成立")


async def arbitrate(life: Life) -> None:
    await to_dispatch(life)
    await life.do(A.CONFER, DISPATCHER, reason="职责交叉")


# ---- at the unit


async def sign(life: Life, unit: str = STREET) -> None:
    await to_dispatch(life)
    await life.do(A.DISPATCH, DISPATCHER, unit=unit, co_units=[HELPER])


async def sign_late(life: Life) -> None:
    await sign(life)
    life.later(days=4)


async def sign_designated(life: Life) -> None:
    await arbitrate(life)
    await life.do(A.DESIGNATE, CHIEF, unit=STREET, basis="会商纪要", co_units=[HELPER], learn=False)


async def _return(life: Life) -> None:
    life.later(minutes=2)
    await life.do(
        A.REQUEST_RETURN, await host(life, Role.UNIT_SIGNER), code="R01", reason="非本单位职责", basis="三定方案",
        attachments=[await life.file()],
    )  # fmt: skip


async def returning(life: Life) -> None:
    await sign(life)
    await _return(life)


async def to_dispatch_supervised(life: Life) -> None:
    """What one unit owes an answer for, and another one will get."""
    await returning(life)
    await life.do(A.SUPERVISE, SUPERVISOR, level=1, reason="久拖不决")
    await life.do(A.APPROVE_RETURN, DISPATCHER, reason="属实")


async def returning_late(life: Life) -> None:
    await returning(life)
    life.later(days=2)


async def returning_third(life: Life) -> None:
    await returning(life)
    for _ in range(2):
        await life.do(A.APPROVE_RETURN, DISPATCHER, reason="理由成立")
        await life.do(A.DISPATCH, DISPATCHER, unit=STREET, co_units=[HELPER])
        await _return(life)


async def returning_third_late(life: Life) -> None:
    await returning_third(life)
    life.later(days=2)


async def handling(life: Life, unit: str = STREET) -> None:
    await sign(life, unit)
    life.later(minutes=30)
    await life.do(A.SIGN, await host(life, Role.UNIT_SIGNER))


async def contacted(life: Life, unit: str = STREET) -> None:
    await handling(life, unit)
    await _contact(life)


async def _contact(life: Life) -> None:
    handler = await host(life, Role.UNIT_HANDLER)
    await life.do(A.CONTACT, handler, result="reached", at=life.now, number="13900000001")


async def ready(life: Life, unit: str = STREET) -> None:
    await contacted(life, unit)
    await life.do(A.CO_REPLY, of_unit(HELPER, Role.UNIT_HANDLER), text="已协助核实")


async def handling_praise(life: Life) -> None:
    await praise_to_dispatch(life)
    await life.do(A.DISPATCH, DISPATCHER, unit=STREET)


async def handling_backfill(life: Life) -> None:
    await life.begin(profile="T", assessment={"limits": {"texts": {}}})
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=STREET)


async def handling_urgent(life: Life) -> None:
    await life.begin(profile="E2", urgency=2)
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=STREET)
    await life.do(A.SIGN, await host(life, Role.UNIT_SIGNER))
    await _contact(life)


async def _extension(life: Life) -> None:
    await life.do(A.REQUEST_EXTENSION, await host(life, Role.UNIT_HANDLER), reason="待备件")


async def handling_asked(life: Life) -> None:
    await ready(life)
    await _extension(life)
    head = await host(life, Role.UNIT_APPROVER)
    await life.do(A.REQUEST_SUSPENSION, head, reason="待改造", until=life.now + UNTIL)
    await life.do(
        A.REQUEST_PAUSE, head, reason="房屋鉴定", until=life.now + UNTIL, attachments=[await life.file()]
    )  # fmt: skip


async def handling_second_extension(life: Life) -> None:
    await ready(life)
    await _extension(life)
    await life.do(A.APPROVE_EXTENSION, DISPATCHER, reason="同意")
    await _extension(life)


async def handling_extended_twice(life: Life) -> None:
    await handling_second_extension(life)
    await life.do(A.APPROVE_EXTENSION, DIRECTOR, reason="同意")


async def handling_overdue(life: Life) -> None:
    await handling(life)
    life.later(days=10)


async def handling_paused(life: Life) -> None:
    await handling_asked(life)
    await life.do(A.REJECT_EXTENSION, DISPATCHER, reason="先鉴定")
    await life.do(A.REJECT_SUSPENSION, DIRECTOR, reason="先鉴定")
    await life.do(A.APPROVE_PAUSE, CHIEF, reason="同意")


async def handling_pause_over(life: Life) -> None:
    await handling_paused(life)
    life.now += UNTIL + timedelta(days=1)


async def handling_excluded(life: Life) -> None:
    await handling(life)
    await exclusion(life)
    await life.do(A.APPROVE_EXCLUSION, SUPERVISOR, reason="同意")


async def exclusion(life: Life) -> None:
    await life.do(
        A.REQUEST_EXCLUSION, await host(life, Role.UNIT_LIAISON), code="X04", reason="有政策依据",
        attachments=[await life.file()],
    )  # fmt: skip


async def sub(life: Life) -> None:
    await handling(life, DISTRICT)
    await life.do(A.SUB_DISPATCH, await host(life, Role.UNIT_HANDLER), unit=STREET, text="请现场处置")


async def sub_nested(life: Life) -> None:
    await sub(life)
    await life.do(A.SUB_DISPATCH, of_unit(STREET, Role.UNIT_HANDLER), unit=COMMUNITY, text="请入户")


async def sub_of_rework(life: Life) -> None:
    await rework(life, DISTRICT)
    await life.do(A.SUB_DISPATCH, await host(life, Role.UNIT_HANDLER), unit=STREET, text="请重新处置")


async def sub_asked(life: Life) -> None:
    await handling(life, DISTRICT)
    await _extension(life)
    await life.do(A.SUB_DISPATCH, await host(life, Role.UNIT_HANDLER), unit=STREET, text="请现场处置")


async def suspended(life: Life) -> None:
    await contacted(life)
    head = await host(life, Role.UNIT_APPROVER)
    await life.do(A.REQUEST_SUSPENSION, head, reason="待改造", until=life.now + UNTIL)
    await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")


async def suspended_over(life: Life) -> None:
    await suspended(life)
    life.now += UNTIL + timedelta(days=1)


async def _reply(life: Life) -> None:
    await life.do(
        A.SUBMIT_REPLY, await host(life, Role.UNIT_HANDLER), text="已更换灯具", public_reply="路灯已修复", solved=1
    )


async def unit_sign(life: Life) -> None:
    """The helper is late, so that the reply goes without it."""
    await contacted(life)
    life.later(days=7, hours=7)
    await _reply(life)


async def unit_sign_asked(life: Life) -> None:
    await ready(life)
    await _extension(life)
    await _reply(life)


async def unit_sign_of_rework(life: Life) -> None:
    await rework(life)
    life.later(days=6)
    await _reply(life)


# ---- the hotline again


async def reply_review(life: Life, unit: str = STREET) -> None:
    await ready(life, unit)
    life.later(hours=2)
    await _reply(life)
    await life.do(A.SIGN_OFF, await host(life, Role.UNIT_APPROVER))


async def reply_review_of_rework(life: Life) -> None:
    await unit_sign_of_rework(life)
    await life.do(A.SIGN_OFF, await host(life, Role.UNIT_APPROVER))


async def callback(life: Life, unit: str = STREET) -> None:
    await reply_review(life, unit)
    await life.do(A.ACCEPT_REPLY, DISPATCHER)


async def callback_of_rework(life: Life) -> None:
    await reply_review_of_rework(life)
    await life.do(A.ACCEPT_REPLY, DISPATCHER)


async def callback_refused(life: Life) -> None:
    await callback(life)
    await life.do(A.RECORD_CALLBACK, CALLER, callback_result="refused")


async def callback_unproven(life: Life) -> None:
    """No play leads here: evidence that turned out to be none."""
    await callback_refused(life)
    async with life.sessions() as db:
        of = {"no": life.no}
        await db.execute(
            text(
                "UPDATE contact_records SET result = 'not_reached' "
                "WHERE ticket_id = (SELECT id FROM tickets WHERE no = :no)"
            ),
            of,
        )
        await db.commit()


async def rework(life: Life, unit: str = STREET) -> None:
    await callback(life, unit)
    await life.do(A.RECORD_CALLBACK, CALLER, **BAD)
    await life.do(A.ADD_CO, DISPATCHER, unit=HELPER, text="请再次协助")


async def rework_late(life: Life) -> None:
    """The helper has had its time."""
    await rework(life)
    life.later(days=6)


async def closed(life: Life) -> None:
    await callback(life)
    await life.do(A.RECORD_CALLBACK, CALLER, **GOOD)


async def closed_late(life: Life) -> None:
    await closed(life)
    life.later(days=8)


async def closed_asked(life: Life) -> None:
    await closed(life)
    await exclusion(life)


async def closed_directly(life: Life) -> None:
    await direct(life)
    await life.do(A.CLOSE, AGENT)


async def appealed(life: Life) -> None:
    await closed(life)
    life.later(days=1)
    await life.do(A.APPEAL, CITIZEN, reason="并未修好")


async def closed_after_appeal(life: Life) -> None:
    await appealed(life)
    await life.do(A.DISMISS_APPEAL, CHIEF, reason="现场核实已修好")


async def archived(life: Life) -> None:
    await closed_late(life)
    await life.do(A.ARCHIVE, SYSTEM)


async def archived_asked(life: Life) -> None:
    await closed_asked(life)
    life.later(days=8)
    await life.do(A.ARCHIVE, SYSTEM)


async def archived_directly(life: Life) -> None:
    await closed_directly(life)
    life.later(days=8)
    await life.do(A.ARCHIVE, SYSTEM)


# ---- other ends


async def withdrawn(life: Life) -> None:
    await handling(life)
    await life.do(A.REQUEST_WITHDRAWAL, CITIZEN, reason="已自行解决")
    await life.do(A.WITHDRAW, DISPATCHER, reason="同意")


async def withdrawn_asked(life: Life) -> None:
    await withdrawn(life)
    await exclusion(life)


async def not_accepted(life: Life) -> None:
    await review(life)
    await life.do(A.NOT_ACCEPT, AGENT, code="N4", reason="法院审理中")


async def transferred(life: Life) -> None:
    await review(life)
    await life.do(A.TRANSFER, AGENT, target="119", reason="火情")
