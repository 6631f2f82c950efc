"""Registering an appeal: its elements, words that come later, what is answered or refused at once."""

from __future__ import annotations

from typing import Any

from app.calls.numbers import normalise_number
from app.tickets.body import PERSONAL
from app.tickets.checks import code_of, known_call, take_attachments, unit_of
from app.tickets.errors import InputError, TimeError, UnknownCodeError
from app.tickets.step import Deed, Stepping
from models.codes import AppealType, ClockKind, CloseType, NotAcceptReason, Satisfied, TicketStatus, Urgency
from models.workflow_codes import CallbackResult, TicketAction
from routing.errors import CalendarError

_PLAIN = ("title", "street", "address", "demand", "subject", "caller_name", "special_group", "anonymous")


async def amend(s: Stepping) -> None:
    """Elements of the appeal; another category, type or urgency brings its own limits, from acceptance on."""
    changed: dict[str, Any] = {}
    for name, value in (await _amended(s)).items():
        before = getattr(s.ticket, name)
        if before != value:
            changed[name] = "***" if name in PERSONAL else {"from": _plain(before), "to": _plain(value)}
            setattr(s.ticket, name, value)
    if not changed:
        raise InputError("没有任何改动", "title")
    s.note["changed"] = changed
    if {"category", "type", "urgency"} & changed.keys() and s.ticket.category is not None:
        _relimit(s)


async def _amended(s: Stepping) -> dict[str, Any]:
    body = s.body
    values: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(body, name)) is not None}
    values |= _classed(s)
    if body.occurred_at is not None:
        values["occurred_at"] = _past(s)
    if body.contact_phone is not None:
        values["contact_phone"] = normalise_number(body.contact_phone)
        if values["contact_phone"] is None:
            raise InputError("回访电话不是有效的号码", "contact_phone")
    if body.unit is not None:
        unit = unit_of(s, body.unit)
        values.update(host_unit=unit.code, tier=unit.tier)
    if body.co_units is not None:
        values["co_units"] = [unit_of(s, code, "co_units").code for code in dict.fromkeys(body.co_units)]
    return values


def _classed(s: Stepping) -> dict[str, Any]:
    body = s.body
    values: dict[str, Any] = {}
    if body.category is not None:
        if body.category not in s.book.categories:
            raise UnknownCodeError(f"没有类别“{body.category}”", "category")
        values["category"] = body.category
    if body.type is not None:
        values["type"] = code_of(AppealType, body.type, "type").value
    if body.urgency is not None:
        values["urgency"] = body.urgency
    if body.district is not None:
        if body.district not in {place.code for place in s.book.city.places if place.kind == "district"}:
            raise UnknownCodeError(f"没有区县“{body.district}”", "district")
        values["district_code"] = body.district
    return values


def _past(s: Stepping) -> Any:
    at = s.body.occurred_at
    if at is None or at.replace(tzinfo=at.tzinfo or s.book.calendar.zone) > s.now:
        raise TimeError("事发时间不能晚于现在", "occurred_at")
    return at.replace(tzinfo=at.tzinfo or s.book.calendar.zone)


def _relimit(s: Stepping) -> None:
    assert s.ticket.category is not None
    s.ticket.profile = s.book.profile_for(s.ticket.category, s.ticket.type, s.ticket.urgency)
    for kind in (ClockKind.DISPATCH, ClockKind.CITIZEN):
        clock, limit = s.clockwork.live(kind), s.book.limit_of(kind, s.ticket.profile)
        if clock is not None and limit is not None:
            clock.limit = limit
            try:
                s.clockwork.move(clock, s.book.due(limit, clock.started_at), "amend")
            except CalendarError:
                continue
            s.clockwork.rearm(clock)
    if s.ticket.urgency == Urgency.EXTREME:
        s.note["urgent"] = True


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


async def append(s: Stepping) -> None:
    """Words that come later are added below the first ones, never in their place (domain.md §3)."""
    await known_call(s)
    await take_attachments(s)
    s.ticket.content = (
        f"{s.ticket.content}\n〔{s.now.astimezone(s.book.calendar.zone):%Y-%m-%d %H:%M} 追加〕{s.body.text}"
    )


async def give_info(s: Stepping) -> None:
    """What was missing."""
    await append(s)
    s.ticket.return_until = None


async def ask_info(s: Stepping) -> None:
    """The citizen is told until when."""
    due = s.book.due(s.book.city.rules.wait_info_limit, s.now)
    s.note["until"] = due.isoformat()
    s.tell("补充", due=due)


async def not_accept(s: Stepping) -> None:
    """Not ours: why, and where to turn."""
    code = code_of(NotAcceptReason, s.body.code, "code")
    s.ticket.close_type = CloseType.NOT_ACCEPTED.value
    s.tell("不予受理", reason=code.label, route=s.body.route or "请咨询有关部门")


async def transfer(s: Stepping) -> None:
    """Handed over by telephone."""
    await known_call(s)
    s.ticket.close_type = CloseType.TRANSFERRED.value


async def close_unreachable(s: Stepping) -> None:
    """What was missing never came."""
    s.ticket.close_type = CloseType.UNREACHABLE.value


async def close(s: Stepping) -> None:
    """办结 without a rating: an answer at once, praise, nobody to be reached, or what was settled by supervision."""
    at_once = s.facts.status is TicketStatus.DIRECT
    s.ticket.close_type = s.ticket.close_type or (CloseType.DIRECT if at_once else CloseType.EXPLAINED).value
    if s.facts.status is TicketStatus.CALLBACK and s.ticket.satisfied is None:
        refused = any(row.result == CallbackResult.REFUSED for row in s.present.callbacks)
        unreached = (s.facts.tries_done and not refused) or s.facts.callback_exempt
        s.ticket.satisfied = (Satisfied.NOT_REACHED if unreached else Satisfied.NOT_RATED).value


DEEDS: dict[TicketAction, Deed] = {
    TicketAction.AMEND: amend,
    TicketAction.APPEND: append,
    TicketAction.GIVE_INFO: give_info,
    TicketAction.ASK_INFO: ask_info,
    TicketAction.NOT_ACCEPT: not_accept,
    TicketAction.TRANSFER: transfer,
    TicketAction.CLOSE_UNREACHABLE: close_unreachable,
    TicketAction.CLOSE: close,
}
