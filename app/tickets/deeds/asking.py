"""Requests that somebody else decides: extension, suspension, pause, exclusion, withdrawal."""

from __future__ import annotations

from datetime import datetime

from app.tickets.checks import code_of, known_call, later, take_attachments
from app.tickets.errors import CannotCountError, InputError, TimeError
from app.tickets.step import Deed, Stepping
from models.codes import ClockKind, CloseType, ExcludeReason, Solved
from models.ownership import Request
from models.workflow_codes import Decision, RequestKind, TicketAction
from routing.calendar.limit import Limit
from routing.calendar.shifts import extended
from routing.errors import CalendarError, LimitError


async def _ask(s: Stepping, kind: RequestKind, **detail: object) -> None:
    s.db.add(
        Request(
            ticket_id=s.ticket_id,
            kind=kind.value,
            unit=s.ticket.host_unit if s.party.unit else None,
            code=s.body.code,
            reason=s.body.reason or "",
            attachments=await take_attachments(s),
            detail=detail,
            asked_by=s.party.name,
            asked_at=s.now,
        )
    )


def _decide(s: Stepping, kind: RequestKind, decision: Decision) -> Request:
    request = s.present.request(kind)
    assert request is not None
    request.decision, request.decided_by, request.decided_at = decision.value, s.party.name, s.now
    request.decision_reason = s.body.reason
    s.note["request"] = request.id
    return request


def _rejects(kind: RequestKind) -> Deed:
    async def reject(s: Stepping) -> None:
        _decide(s, kind, Decision.REJECTED)

    return reject


# ---- extension


async def request_extension(s: Stepping) -> None:
    """延期: by the profile's own amount; who decides may grant less."""
    await _ask(s, RequestKind.EXTENSION, limit=s.book.extension_limit(s.ticket.profile))


async def approve_extension(s: Stepping) -> None:
    """The unit's and the citizen's due move on together; the citizen is told the new one and why."""
    request = _decide(s, RequestKind.EXTENSION, Decision.APPROVED)
    longest = s.book.extension_limit(s.ticket.profile)
    granted = s.body.limit or str(request.detail.get("limit") or longest)
    finish = s.clockwork.live(ClockKind.FINISH)
    assert finish is not None
    assert longest is not None
    try:
        if Limit.parse(granted).unit != Limit.parse(longest).unit or (
            Limit.parse(granted).amount > Limit.parse(longest).amount
        ):
            raise InputError(f"延期不得超过{Limit.parse(longest).label}", "limit")
        for kind in (ClockKind.FINISH, ClockKind.CITIZEN):
            clock = s.clockwork.live(kind)
            if clock is not None:
                s.clockwork.move(clock, extended(granted, clock.due, s.book.calendar), "extension", limit=granted)
                s.clockwork.rearm(clock)
    except LimitError as error:
        raise InputError(error.message, "limit") from error
    except CalendarError as error:
        raise CannotCountError(error.message) from error
    s.ticket.extension_count += 1
    s.note["limit"] = granted
    s.tell("延期", due=finish.due, reason=request.reason)


# ---- suspension and pause


def _until(s: Stepping, longest: str) -> datetime:
    until = later(s, s.body.until)
    latest = s.book.due(longest, s.now)
    if until > latest:
        raise TimeError(f"不能晚于 {latest:%Y-%m-%d}", "until")
    return until


async def request_suspension(s: Stepping) -> None:
    """挂账: asked for by the unit's head, until a day that is promised."""
    await _ask(s, RequestKind.SUSPENSION, until=_until(s, s.book.city.rules.suspension_longest).isoformat())


async def request_pause(s: Stepping) -> None:
    """法定鉴定、检测: with the document, until it is expected."""
    await _ask(s, RequestKind.PAUSE, until=_until(s, s.book.city.rules.appraisal_longest).isoformat())


def _approves_pause(kind: RequestKind) -> Deed:
    async def approve(s: Stepping) -> None:
        request = _decide(s, kind, Decision.APPROVED)
        s.until, s.request_id = datetime.fromisoformat(str(request.detail["until"])), request.id
        if s.until <= s.now:
            raise TimeError("申请的截止时间已过，请驳回后重新申请", "until")
        if kind is RequestKind.SUSPENSION:
            s.tell("挂账", due=s.until, reason=request.reason)

    return approve


# ---- exclusion and withdrawal


async def request_exclusion(s: Stepping) -> None:
    """不计入考核: on one of the grounds, with evidence."""
    code_of(ExcludeReason, s.body.code, "code")
    await _ask(s, RequestKind.EXCLUSION)


async def approve_exclusion(s: Stepping) -> None:
    """Not counted from now on; the figures show it apart."""
    request = _decide(s, RequestKind.EXCLUSION, Decision.APPROVED)
    s.ticket.in_scope, s.ticket.exclude_reason = False, request.code


async def request_withdrawal(s: Stepping) -> None:
    """撤单: the citizen wants it; a person who notes that names the call."""
    if not s.party.citizen and await known_call(s) is None and not s.body.reason:
        raise InputError("请注明诉求人撤单的来电或经过", "call_id")
    await _ask(s, RequestKind.WITHDRAWAL)


async def withdraw(s: Stepping) -> None:
    """A reviewer has seen that the citizen wants it."""
    _decide(s, RequestKind.WITHDRAWAL, Decision.APPROVED)
    s.ticket.close_type, s.ticket.solved = CloseType.WITHDRAWN.value, Solved.UNKNOWN.value
    s.tell("撤单")


DEEDS: dict[TicketAction, Deed] = {
    TicketAction.REQUEST_EXTENSION: request_extension,
    TicketAction.APPROVE_EXTENSION: approve_extension,
    TicketAction.REJECT_EXTENSION: _rejects(RequestKind.EXTENSION),
    TicketAction.REQUEST_SUSPENSION: request_suspension,
    TicketAction.APPROVE_SUSPENSION: _approves_pause(RequestKind.SUSPENSION),
    TicketAction.REJECT_SUSPENSION: _rejects(RequestKind.SUSPENSION),
    TicketAction.REQUEST_PAUSE: request_pause,
    TicketAction.APPROVE_PAUSE: _approves_pause(RequestKind.PAUSE),
    TicketAction.REJECT_PAUSE: _rejects(RequestKind.PAUSE),
    TicketAction.REQUEST_EXCLUSION: request_exclusion,
    TicketAction.APPROVE_EXCLUSION: approve_exclusion,
    TicketAction.REJECT_EXCLUSION: _rejects(RequestKind.EXCLUSION),
    TicketAction.REQUEST_WITHDRAWAL: request_withdrawal,
    TicketAction.WITHDRAW: withdraw,
    TicketAction.REFUSE_WITHDRAWAL: _rejects(RequestKind.WITHDRAWAL),
}
