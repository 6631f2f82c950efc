"""What the unit does: signs, reaches the citizen, has others work for it, answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import col

from app.calls.numbers import normalise_number
from app.clock import in_city
from app.tickets.checks import code_of, earlier, known_call, take_attachments, unit_of
from app.tickets.deeds.dispatching import add_helper
from app.tickets.errors import InputError, TimeError
from app.tickets.facts import is_contacted
from app.tickets.helpers import sub_latest
from app.tickets.step import Deed, Stepping
from models.codes import ClockKind, Solved
from models.handling import ContactRecord, Reply
from models.ownership import CoHandling, SubDispatch
from models.workflow_codes import ContactResult, SubState, TicketAction


async def sign(s: Stepping) -> None:
    """签收, by a person or by the system with its mark."""
    s.ticket.signed_at = s.now
    s.ticket.late_sign = s.step.action is TicketAction.AUTO_SIGN


async def contact(s: Stepping) -> None:
    """A contact record: when, by which number or call, with what result. The first one that counts stops the clock."""
    at = earlier(s, s.body.at)
    number = normalise_number(s.body.number) if s.body.number else None
    if s.body.number and number is None:
        raise InputError("联系号码不是有效的号码", "number")
    row = ContactRecord(
        ticket_id=s.ticket_id,
        unit=s.party.unit,
        by=s.party.name,
        at=at,
        number=number,
        call_id=await known_call(s, with_the_citizen=True),
        result=code_of(ContactResult, s.body.result, "result").value,
        note=s.body.text or "",
        noted_at=s.now,
    )
    if row.number is None and row.call_id is None:  # domain.md §3: time and number, or a recording
        raise InputError("请填写联系号码或通话记录", "number")
    s.db.add(row)
    s.present.contacts.append(row)
    if is_contacted(s.ticket, s.present, s.book.city.rules.contact_tries):
        s.ticket.first_contact_at = s.ticket.first_contact_at or at
        s.clockwork.stop([ClockKind.CONTACT], "contacted")


async def sub_dispatch(s: Stepping) -> None:
    """下派 to a unit below: due half a working day before whoever sends it down (domain.md §3)."""
    unit = unit_of(s, s.body.unit)
    above = s.present.subs[-1] if s.present.subs else None
    sender = above.to_unit if above else s.ticket.host_unit
    if unit.code == sender or not s.book.is_below(unit.code, sender):
        raise InputError("只能下派给本单位的下级单位", "unit")
    latest = _latest(s, above)
    due = in_city(s.body.until) or latest
    if due <= s.now or due > latest:
        raise TimeError(f"下派时限须在现在与 {latest:%Y-%m-%d %H:%M} 之间", "until")
    row = SubDispatch(
        ticket_id=s.ticket_id,
        above=above.id if above else None,
        from_unit=sender or "",
        to_unit=unit.code,
        demand=s.body.text or "",
        due=due,
        started_at=s.now,
    )
    s.db.add(row)
    await s.db.flush()
    s.present.subs.append(row)
    s.ticket.sub_unit = unit.code
    s.ref = row.id
    s.note["sub"] = row.id


def _latest(s: Stepping, above: SubDispatch | None) -> datetime:
    finish = s.clockwork.live(ClockKind.FINISH)
    due = above.due if above else finish.due if finish else s.now + timedelta(days=1)
    return sub_latest(due, s.now, s.book)


async def sub_sign(s: Stepping) -> None:
    """The lower unit has it."""
    sub = s.present.subs[-1]
    sub.state, s.ref = SubState.HANDLING.value, sub.id


async def sub_end(s: Stepping) -> None:
    """The result, or the task itself, goes back to whoever sent it down; recalled, all of them end."""
    action = s.step.action
    state = {
        TicketAction.SUB_REPLY: SubState.REPLIED,
        TicketAction.SUB_RETURN: SubState.RETURNED,
        TicketAction.RECALL_SUB: SubState.RECALLED,
    }[action]
    ending = s.present.subs if action is TicketAction.RECALL_SUB else s.present.subs[-1:]
    for sub in ending:
        sub.state, sub.ended_at = state.value, s.now
        sub.result = s.body.text or s.body.reason
    s.ref = None if action is TicketAction.RECALL_SUB else ending[-1].id
    left = s.present.subs[: -len(ending)]
    s.ticket.sub_unit = left[-1].to_unit if left else None
    s.note["subs"] = [sub.id for sub in ending]
    await take_attachments(s)


async def progress(s: Stepping) -> None:
    """How it stands; while it is suspended the citizen is told, and the next note is due a month later."""
    await take_attachments(s)
    clock, promised = s.clockwork.live(ClockKind.PROGRESS), s.clockwork.live(ClockKind.SUSPENSION)
    if clock is not None and promised is not None:
        s.tell("进展", due=promised.due, progress=s.body.text)
        s.clockwork.stop([ClockKind.PROGRESS], "noted")
        s.clockwork.start(ClockKind.PROGRESS, limit=s.book.city.rules.suspension_progress, holder=s.ticket.host_unit)


async def add_co(s: Stepping) -> None:
    """One more helper."""
    unit = unit_of(s, s.body.unit)
    if unit.code == s.ticket.host_unit or unit.tier == 1:
        raise InputError("该单位不能协办", "unit")
    if any(helper.unit == unit.code for helper in s.present.helpers):
        raise InputError("该单位已在协办", "unit")
    row = await add_helper(s, unit, s.body.text or "")
    s.ticket.co_units = [*s.ticket.co_units, unit.code]
    s.ref = row.id


def _helper(s: Stepping, code: str | None) -> CoHandling:
    found = next((helper for helper in s.present.helpers if helper.unit == code), None)
    if found is None:
        raise InputError("该单位不在协办", "unit")
    return found


async def drop_co(s: Stepping) -> None:
    """It need not help any more."""
    helper = _helper(s, unit_of(s, s.body.unit).code)
    helper.ended_at, s.ref = s.now, helper.id
    s.ticket.co_units = [code for code in s.ticket.co_units if code != helper.unit]


async def co_reply(s: Stepping) -> None:
    """A helper's answer, for the lead."""
    mine = [helper for helper in s.present.helpers if s.book.is_below(helper.unit, s.party.unit)]
    helper = next((row for row in mine if row.unit == s.party.unit), mine[0])
    helper.reply, helper.ended_at, s.ref = s.body.text, s.now, helper.id
    s.note["helper"] = helper.unit
    await take_attachments(s)


async def submit_reply(s: Stepping) -> None:
    """答复: a new version; what is not solved needs a reason."""
    solved = code_of(Solved, s.body.solved, "solved")
    if solved in {Solved.UNSOLVED, Solved.PARTLY} and not (s.body.unsolved_reason or "").strip():
        raise InputError("未解决或部分解决须说明原因", "unsolved_reason")
    newest = select(func.max(col(Reply.version))).where(col(Reply.ticket_id) == s.ticket_id)
    version = ((await s.db.execute(newest)).scalar_one() or 0) + 1
    s.db.add(
        Reply(
            ticket_id=s.ticket_id,
            version=version,
            unit=s.ticket.host_unit or "",
            result=s.body.text or "",
            public_reply=s.body.public_reply or "",
            solved=solved.value,
            unsolved_reason=s.body.unsolved_reason,
            is_true=s.body.is_true,
            over_duty=bool(s.body.over_duty),
            attachments=await take_attachments(s),
            handler=s.party.name,
            submitted_at=s.now,
        )
    )
    s.note["version"] = version


async def newest_reply(s: Stepping) -> Reply:
    """The version that is being decided."""
    query = select(Reply).filter_by(ticket_id=s.ticket_id).order_by(col(Reply.version).desc()).limit(1)
    return (await s.db.execute(query)).scalar_one()


async def sign_off(s: Stepping) -> None:
    """The unit's head answers for it."""
    reply = await newest_reply(s)
    reply.signer, reply.signed_at = s.party.name, s.now
    s.note["version"] = reply.version


async def revise_reply(s: Stepping) -> None:
    """The unit's head sends it back within the unit."""
    reply = await newest_reply(s)
    reply.accepted, reply.fault = False, s.body.reason
    s.note["version"] = reply.version


DEEDS: dict[TicketAction, Deed] = {
    TicketAction.SIGN: sign,
    TicketAction.AUTO_SIGN: sign,
    TicketAction.CONTACT: contact,
    TicketAction.PROGRESS: progress,
    TicketAction.SUB_DISPATCH: sub_dispatch,
    TicketAction.SUB_SIGN: sub_sign,
    TicketAction.SUB_REPLY: sub_end,
    TicketAction.SUB_RETURN: sub_end,
    TicketAction.RECALL_SUB: sub_end,
    TicketAction.ADD_CO: add_co,
    TicketAction.DROP_CO: drop_co,
    TicketAction.CO_REPLY: co_reply,
    TicketAction.SUBMIT_REPLY: submit_reply,
    TicketAction.SIGN_OFF: sign_off,
    TicketAction.REVISE_REPLY: revise_reply,
}
