"""The clock effects of a step of the workflow's table, in the table's order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import update
from sqlmodel import col

from app.tickets.clockwork import PAUSED_WITH_THE_TICKET, REVIEWED
from app.tickets.step import Stepping
from models.codes import ClockKind, TicketStatus
from models.handling import Pause
from models.ticket import Ticket
from models.workflow_codes import PauseReason, TicketAction
from routing.rulebook import Rulebook
from routing.workflow import PART_CLOCKS
from routing.workflow_terms import ClockEffect, Verb

_ABOUT_THE_UNIT = frozenset(
    {
        ClockKind.SIGN,
        ClockKind.CONTACT,
        ClockKind.FEEDBACK,
        ClockKind.FINISH,
        ClockKind.PROGRESS,
        ClockKind.SUPERVISION,
        ClockKind.EVALUATION_RECTIFY,
    }
)


async def apply_clocks(s: Stepping) -> None:
    """Each effect of the step. CalendarError: a pause ends in a year that is not known."""
    for effect in s.step.clocks:
        await _VERBS[effect.verb](s, effect)


async def _starts(s: Stepping, effect: ClockEffect) -> None:
    for kind in effect.kinds:
        await _start(s, kind)


async def _stops(s: Stepping, effect: ClockEffect) -> None:
    for kind in effect.kinds:
        if kind is ClockKind.SUPERVISION and s.step.action in {TicketAction.SUPERVISE, TicketAction.ESCALATE}:
            continue  # the deed has stopped the old one and opened the new
        s.clockwork.stop([kind], s.step.action.value, s.ref if kind in PART_CLOCKS else None)


async def _pauses(s: Stepping, effect: ClockEffect) -> None:
    assert effect.reason is not None
    await _pause(s, effect.reason)


async def _holds(s: Stepping, effect: ClockEffect) -> None:
    s.clockwork.hold(effect.kinds, REVIEWED)


async def _releases(s: Stepping, effect: ClockEffect) -> None:
    s.clockwork.release(effect.kinds)


async def _reopens(s: Stepping, effect: ClockEffect) -> None:
    undone = TicketAction.MERGE.value if s.step.action is TicketAction.UNMERGE else None
    for kind in effect.kinds:
        for ref in [helper.id for helper in s.present.helpers] if kind is ClockKind.CO else [None]:
            await s.clockwork.reopen(kind, undone, ref)


async def _relimits(s: Stepping, effect: ClockEffect) -> None:
    limit = s.book.profile(s.ticket.profile).finish
    if limit is not None:
        s.clockwork.relimit(effect.kinds, limit)


async def _resumes(s: Stepping, _: ClockEffect) -> None:
    await _resume(s)


async def _start(s: Stepping, kind: ClockKind) -> None:
    work = s.clockwork
    limit = s.book.limit_of(kind, s.ticket.profile, rework=s.target is TicketStatus.REWORK)
    if kind is ClockKind.CO:
        for helper in s.present.helpers:
            if helper.due is not None:
                work.start(kind, limit=limit, holder=helper.unit, ref=helper.id, due=helper.due)
            elif limit is not None:
                work.missing.append(kind.value)  # the lead's due is not known yet
    elif kind in {ClockKind.SUB_SIGN, ClockKind.SUB_FINISH}:
        sub = s.present.subs[-1]
        due = sub.due if kind is ClockKind.SUB_FINISH else min(sub.due, s.book.due(limit, s.now)) if limit else None
        work.start(kind, limit=limit, holder=sub.to_unit, ref=sub.id, due=due)
    elif kind is ClockKind.SUPERVISION:
        return  # opened with its level by the deed
    elif kind in {ClockKind.SUSPENSION, ClockKind.APPRAISAL}:
        work.start(kind, limit=limit, holder=s.ticket.host_unit, due=s.until)
    else:
        work.start(kind, limit=limit, holder=holder_of_clock(kind, s.ticket, s.book))


def holder_of_clock(kind: ClockKind, ticket: Ticket, book: Rulebook) -> str | None:
    """Whose duty it counts; None: the citizen's own."""
    if kind is ClockKind.CITIZEN:
        return None
    return ticket.host_unit if kind in _ABOUT_THE_UNIT else book.hotline()


async def _pause(s: Stepping, reason: PauseReason) -> None:
    s.clockwork.hold(PAUSED_WITH_THE_TICKET, reason.value)
    until = s.until or s.book.due(s.book.city.rules.wait_info_limit, s.now)
    row = Pause(
        ticket_id=s.ticket_id,
        reason=reason.value,
        approved_by=s.party.name,
        request_id=s.request_id,
        until=until,
        started_at=s.now,
    )
    s.db.add(row)
    await s.db.flush()


async def _resume(s: Stepping) -> None:
    s.clockwork.release(PAUSED_WITH_THE_TICKET)
    live = update(Pause).where(col(Pause.ticket_id) == s.ticket_id, col(Pause.ended_at).is_(None))
    await s.db.execute(live.values(ended_at=s.now))


_VERBS: dict[Verb, Callable[[Stepping, ClockEffect], Awaitable[None]]] = {
    "start": _starts,
    "stop": _stops,
    "pause": _pauses,
    "resume": _resumes,
    "hold": _holds,
    "release": _releases,
    "reopen": _reopens,
    "relimit": _relimits,
}
