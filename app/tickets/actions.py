"""Acting on a ticket: the one way in which it changes. State, event, clocks, messages: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.callbacks.following import follow_callbacks
from app.clock import local_iso
from app.evaluations.following import follow
from app.messages.writing import write_message
from app.tickets.body import PERSONAL, ActionBody
from app.tickets.clocks_of_step import apply_clocks
from app.tickets.clockwork import Clockwork
from app.tickets.deeds import DEEDS
from app.tickets.errors import (
    CannotCountError,
    MissingFieldError,
    NoTicketError,
    TicketChangedError,
    UnexpectedFieldError,
)
from app.tickets.facts import Present, facts_of, read_present
from app.tickets.fields import field_name
from app.tickets.holdings import hand_over
from app.tickets.party import Party
from app.tickets.step import Stepping
from app.tickets.texts import clean
from models.codes import ClockKind, TicketStatus
from models.ledger import append_ticket_event, append_ticket_events
from models.ticket import Ticket
from models.workflow_codes import Decision, RequestKind, SubState, TicketAction
from routing.errors import CalendarError
from routing.permits import GuardError, Permit, RefusedError, find_step, permits
from routing.rulebook import Rulebook
from routing.workflow import ENDED
from routing.workflow_terms import Step

_REVIEW_OF = {
    RequestKind.RETURN: ClockKind.RETURN_REVIEW,
    RequestKind.EXTENSION: ClockKind.EXTENSION_REVIEW,
    RequestKind.SUSPENSION: ClockKind.SUSPENSION_REVIEW,
    RequestKind.PAUSE: ClockKind.PAUSE_REVIEW,
    RequestKind.EXCLUSION: ClockKind.EXCLUSION_REVIEW,
    RequestKind.WITHDRAWAL: ClockKind.WITHDRAWAL_REVIEW,
}
_HIGHEST_LEVEL = 3
"""Of a supervision."""
_ANEW = frozenset({TicketAction.DISPATCH, TicketAction.DESIGNATE, TicketAction.SET_INTERIM})


async def lock_ticket(db: AsyncSession, no: str, other: str | None = None) -> Ticket:
    """The ticket, ours until the end of the transaction; with another one that an action is about too.

    Both in the order of their numbers: two that name each other wait, and do not stop each other. NoTicketError:
    there is none of that number.
    """
    numbers = {no} if other is None else {no, other}
    query = select(Ticket).where(col(Ticket.no).in_(numbers)).order_by(col(Ticket.no)).with_for_update()
    found = (await db.execute(query.execution_options(populate_existing=True))).scalars()
    ticket = next((ticket for ticket in found if ticket.no == no), None)
    if ticket is None:
        raise NoTicketError("没有这张工单")
    return ticket


async def other_ticket(db: AsyncSession, no: str, action: TicketAction, body: ActionBody) -> str | None:
    """Number of the other ticket that an action is about; None: there is none."""
    if action is not TicketAction.UNMERGE:
        return body.target_no
    child = select(col(Ticket.merged_into)).filter_by(no=no).scalar_subquery()
    return (await db.execute(select(col(Ticket.no)).where(col(Ticket.id) == child))).scalar_one_or_none()


async def act(
    db: AsyncSession,
    book: Rulebook,
    no: str,
    action: TicketAction,
    body: ActionBody,
    party: Party,
    now: datetime,
    *,
    expected_version: int | None = None,
) -> Ticket:
    """Do one thing to one ticket. The caller commits; nothing has changed when this raises (and it is rolled back).

    Raises:
        NoTicketError: there is none.
        TicketChangedError: it is not at ``expected_version`` any more.
        routing.permits.RefusedError: not by this party, in this state, under these conditions.
        InputError: a field that is missing, unexpected, or cannot be.
        CannotCountError: a limit needs a year that is not known.
    """
    ticket = await lock_ticket(db, no, await other_ticket(db, no, action, body))
    if expected_version is not None and expected_version != ticket.version:
        raise TicketChangedError("工单已被他人更新，请刷新后再试", **present_state(ticket))
    await act_on_locked(db, book, ticket, action, body, party, now)
    return ticket


async def act_on_locked(
    db: AsyncSession,
    book: Rulebook,
    ticket: Ticket,
    action: TicketAction,
    body: ActionBody,
    party: Party,
    now: datetime,
) -> None:
    """The same to a ticket that the caller has locked and read since."""
    present = await read_present(db, ticket, now, body.target_no)
    s = step_of(db, book, ticket, present, action, body, party, now)
    try:
        event = await append_ticket_event(db, s.ticket_id, action, party.name, now, await change(s), locked=True)
    except CalendarError as error:
        raise CannotCountError(error.message) from error
    await _write_letters(s, event.seq)


def step_of(
    db: AsyncSession,
    book: Rulebook,
    ticket: Ticket,
    present: Present,
    action: TicketAction,
    body: ActionBody,
    party: Party,
    now: datetime,
) -> Stepping:
    """The step that the table allows; nothing has changed yet. Errors as of act."""
    facts = facts_of(ticket, present, book, now, body, action)
    actor = party.actor_on(ticket, frozenset(helper.unit for helper in present.helpers), book)
    try:
        step = find_step(action, actor, facts)
    except RefusedError as error:
        if isinstance(error, GuardError) and action is TicketAction.RECORD_CALLBACK and body.callback_result is None:
            raise MissingFieldError("请填写回访结果", "callback_result") from None
        error.extra |= present_state(ticket)
        raise
    body = checked(step, body)
    clockwork = Clockwork(db, ticket, list(present.clocks), book, now)
    target = step.target if step.target is not None else TicketStatus.of(ticket.status)
    return Stepping(db, ticket, step, body, party, now, book, facts, present, clockwork, target)


async def change(s: Stepping) -> dict[str, Any]:
    """The step itself, in the order: deed, state, clocks, holder. What its event says."""
    before = s.ticket.status
    deed = DEEDS.get(s.step.action)
    if deed is not None:
        await deed(s)
    s.ticket.status = s.target.value
    if s.target in ENDED and before not in ENDED:
        s.ticket.closed_at = s.now
    await apply_clocks(s)
    _lapse(s.present, s)
    _dismiss_workers(s)
    await follow(s.db, s.ticket, s.clockwork, s.party.name, s.now)
    await follow_callbacks(s, before)
    s.clockwork.settle()
    reason = s.body.reason or s.body.basis or s.step.action.label
    anew = s.step.action in _ANEW
    await hand_over(s.db, s.ticket, s.present.holding, s.book.hotline(), s.now, reason, anew=anew)
    s.ticket.version += 1
    s.ticket.updated_at = s.now
    return _payload(s, before)


async def take_many(db: AsyncSession, steps: Sequence[Stepping], party: Party, now: datetime) -> None:
    """Steps of different tickets, all locked by the caller, with their events and messages. CalendarError: see act."""
    events = [(s.ticket_id, s.step.action, await change(s)) for s in steps]
    await db.flush()
    for s, seq in zip(steps, await append_ticket_events(db, events, party.name, now), strict=True):
        await _write_letters(s, seq)


async def _write_letters(s: Stepping, seq: int) -> None:
    for template, fields in s.letters:
        await write_message(s.db, s.ticket, template, fields, f"{s.ticket.no}/{seq}/{template}", s.now)


def checked(step: Step, body: ActionBody) -> ActionBody:
    """The request with its texts cleaned.

    Raises:
        MissingFieldError: what the action needs is not there.
        UnexpectedFieldError: what is not the action's is.
        MarkupError, InputError: see app.tickets.texts.
    """
    given = body.given()
    for name in given:
        if name not in step.needs and name not in step.takes:
            raise UnexpectedFieldError(f"{step.action.label}不需要“{field_name(name)}”", name)
    for name, value in given.items():
        if isinstance(value, str):
            setattr(body, name, clean(value, name))
    for name in step.needs:
        if given.get(name) in (None, "", []):
            raise MissingFieldError(f"{step.action.label}须填写“{field_name(name)}”", name)
    return body


def _lapse(present: Present, s: Stepping) -> None:
    """Requests that nobody has to decide any more: the step ended their review."""
    stopped = set(s.clockwork.told.get("stopped", ()))
    for request in present.requests:
        kind = RequestKind.of(request.kind)
        if request.decided_at is None and _REVIEW_OF[kind].value in stopped:
            request.decision, request.decided_at, request.decided_by = Decision.LAPSED.value, s.now, s.party.name


def _dismiss_workers(s: Stepping) -> None:
    """Whoever worked for the holder need not any more; a merge can be undone, so it dismisses nobody."""
    if s.ref is not None or s.step.action in {TicketAction.MERGE, TicketAction.RECALL_SUB}:
        return
    stopped = {kind for effect in s.step.clocks if effect.verb == "stop" for kind in effect.kinds}
    if ClockKind.CO in stopped:
        for helper in s.present.helpers:
            helper.ended_at = helper.ended_at or s.now
    if ClockKind.SUB_FINISH in stopped:
        for sub in s.present.subs:
            if sub.ended_at is None:
                sub.state, sub.ended_at = SubState.RECALLED.value, s.now
        s.ticket.sub_unit = None


def _payload(s: Stepping, before: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: local_iso(value) if isinstance(value, datetime) else value
        for name, value in s.body.given().items()
        if name not in PERSONAL
    }
    if s.step.action is TicketAction.AMEND:
        said = {name: value for name, value in said.items() if name == "reason"}
    payload = {"from": before, "to": s.ticket.status, **said, **s.note}
    if s.clockwork.told:
        payload["clocks"] = s.clockwork.told
    return payload


def present_state(ticket: Ticket) -> dict[str, Any]:
    """What a loser of a race needs to go on."""
    status = TicketStatus.of(ticket.status)
    return {"version": ticket.version, "ticket_status": ticket.status, "ticket_status_name": status.label}


async def open_actions(db: AsyncSession, book: Rulebook, ticket: Ticket, party: Party, now: datetime) -> list[Permit]:
    """What this party may do to a ticket now, and why not the rest."""
    present = await read_present(db, ticket, now)
    actor = party.actor_on(ticket, frozenset(helper.unit for helper in present.helpers), book)
    at_most = ActionBody(level=_HIGHEST_LEVEL)  # a supervision may be raised as long as any level is left
    return list(permits(actor, facts_of(ticket, present, book, now, at_most)))
