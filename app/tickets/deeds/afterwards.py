"""After the unit has answered: review, call-back, closing, appeal, reopening."""

from __future__ import annotations

from app.callbacks.answering import tell_children
from app.callbacks.planning import plan_link
from app.messages.writing import is_mobile
from app.tickets.checks import code_of, known_call, take_attachments
from app.tickets.deeds.beside import open_supervision
from app.tickets.deeds.handling import newest_reply
from app.tickets.errors import InputError, UnknownCodeError
from app.tickets.step import Deed, Stepping
from models.codes import CloseType, Satisfied, Solved, is_unhappy
from models.handling import Callback
from models.workflow_codes import CallbackMode, CallbackResult, TicketAction

_CLOSE_TYPES = {
    Solved.SOLVED: CloseType.SOLVED,
    Solved.PARTLY: CloseType.SOLVED,
    Solved.UNSOLVED: CloseType.EXPLAINED,
    Solved.EXPLAINED: CloseType.EXPLAINED,
    Solved.UNKNOWN: CloseType.EXPLAINED,
}
_NO_RATINGS = {Satisfied.NOT_RATED, Satisfied.NOT_REACHED}


async def accept_reply(s: Stepping) -> None:
    """The hotline accepts it: a round of calling back begins."""
    reply = await newest_reply(s)
    reply.reviewer, reply.reviewed_at, reply.accepted = s.party.name, s.now, True
    s.ticket.callback_round += 1
    s.present.callbacks = []
    if is_mobile(s.ticket.contact_phone or s.ticket.caller_phone):
        link = await plan_link(s.db, s.ticket, s.present.callbacks, s.now)
        s.tell("办结", callback=link.id)
    await tell_children(s.db, s.ticket, reply, s.now)
    s.ticket.close_type = _CLOSE_TYPES[Solved.of(reply.solved)].value
    s.note["version"] = reply.version


async def reject_reply(s: Stepping) -> None:
    """答复不合格: counted."""
    reply = await newest_reply(s)
    reply.reviewer, reply.reviewed_at, reply.accepted, reply.fault = s.party.name, s.now, False, s.body.reason
    s.ticket.rejected_replies += 1
    s.note["version"] = reply.version


async def record_callback(s: Stepping) -> None:
    """What the citizen said, or that he could not be reached; a planned try is filled in, else a new one is noted."""
    result = CallbackResult.of(s.body.callback_result or "")
    row = await _try(s)
    if result is CallbackResult.ANSWERED:
        row.satisfied = code_of(Satisfied, s.body.satisfied, "satisfied").value
        row.solved = code_of(Solved, s.body.solved, "solved").value
        if row.satisfied in _NO_RATINGS:
            raise InputError("请选择满意程度", "satisfied")
        if is_unhappy(row.satisfied, row.solved) and row.mode == CallbackMode.HUMAN and not s.body.reason:
            raise InputError("不满意须记录原因", "reason")
        s.ticket.satisfied, s.ticket.solved = row.satisfied, row.solved
    row.result, row.at, row.by, row.reason = result.value, s.now, s.party.name, s.body.reason
    row.call_id = await known_call(s) or row.call_id
    s.note["callback"] = row.try_no
    unhappy_step = s.facts.callback == "unhappy"
    if unhappy_step and s.facts.rework_count == 0:
        _rework(s)
    elif unhappy_step and s.present.supervision is None:
        await open_supervision(s, 1, "重办后诉求人仍不满意")


async def _try(s: Stepping) -> Callback:
    planned = [row for row in s.present.callbacks if row.result == CallbackResult.PLANNED]
    mode = s.body.mode or (CallbackMode.SMS.value if s.party.citizen else CallbackMode.HUMAN.value)
    if s.body.callback_id is not None:
        found = next((row for row in planned if row.id == s.body.callback_id), None)
        if found is None:
            raise UnknownCodeError("没有这次回访，或已有结果", "callback_id")
        return found
    for row in planned:
        if row.mode == mode:
            return row
    number = max((row.try_no for row in s.present.callbacks), default=0) + 1
    row = Callback(ticket_id=s.ticket_id, round=s.ticket.callback_round, try_no=number, mode=mode, planned_at=s.now)
    s.db.add(row)
    await s.db.flush()
    s.present.callbacks.append(row)
    return row


def _rework(s: Stepping) -> None:
    """重办, once, with its own limit; the citizen is told."""
    s.ticket.rework_count = 1
    s.ticket.close_type = None
    unit = s.book.units.get(s.ticket.host_unit or "")
    due = s.book.due(s.book.city.limits["REWORK"].finish or "3wd", s.now)
    s.tell("重办", unit=unit.name if unit else "", due=due)


async def appeal(s: Stepping) -> None:
    """申诉: the citizen does not agree with the closing."""
    await take_attachments(s)
    s.ticket.appeal_count += 1
    s.ticket.closed_at = None


async def uphold_appeal(s: Stepping) -> None:
    """He is right: the unit does it again, supervised."""
    _rework(s)
    await open_supervision(s, 1, s.body.reason or "申诉成立")


async def dismiss_appeal(s: Stepping) -> None:
    """The closing stands."""
    s.ticket.closed_at = s.now
    s.tell("维持")


async def archive(s: Stepping) -> None:
    """归档."""
    s.ticket.archived_at = s.now


async def reopen(s: Stepping) -> None:
    """重启: back to the unit that held it, or to review where none did. It may be reworked and appealed once anew."""
    s.ticket.rework_count = s.ticket.appeal_count = 0
    s.ticket.closed_at, s.ticket.archived_at, s.ticket.close_type = None, None, None
    s.ticket.return_until = None


DEEDS: dict[TicketAction, Deed] = {
    TicketAction.ACCEPT_REPLY: accept_reply,
    TicketAction.REJECT_REPLY: reject_reply,
    TicketAction.RECORD_CALLBACK: record_callback,
    TicketAction.APPEAL: appeal,
    TicketAction.UPHOLD_APPEAL: uphold_appeal,
    TicketAction.DISMISS_APPEAL: dismiss_appeal,
    TicketAction.ARCHIVE: archive,
    TicketAction.REOPEN: reopen,
}
