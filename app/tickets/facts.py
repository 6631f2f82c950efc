"""What the workflow's guards look at, read from the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.clock import CITY_ZONE
from app.tickets.body import ActionBody
from app.tickets.texts import UNHEARD
from models.codes import Channel, ClockKind, TicketStatus, is_unhappy
from models.handling import Callback, ContactRecord, Supervision
from models.ownership import CoHandling, Holding, Request, SubDispatch
from models.ticket import Clock, Ticket
from models.workflow_codes import (
    CallbackResult,
    ContactResult,
    EvaluationClass,
    HoldingKind,
    PauseReason,
    RequestKind,
    TicketAction,
)
from routing.calendar.shifts import cutoff, extended
from routing.callback_plan import in_vain
from routing.errors import CalendarError
from routing.rulebook import Rulebook
from routing.workflow_terms import CallbackSaid, Facts


@dataclass(slots=True)
class Present:
    """The rows that belong to a ticket now, read once under its lock."""

    clocks: list[Clock] = field(default_factory=list)
    """Live ones."""
    holding: Holding | None = None
    """The live one."""
    requests: list[Request] = field(default_factory=list)
    """Pending ones."""
    supervision: Supervision | None = None
    subs: list[SubDispatch] = field(default_factory=list)
    """Open ones, the uppermost first."""
    helpers: list[CoHandling] = field(default_factory=list)
    """Open ones."""
    contacts: list[ContactRecord] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    """Of the present round."""
    urged_today: int = 0
    paused: PauseReason | None = None
    verdict: str | None = None
    """Of the bad rating it came from."""
    unjudged: bool = False
    """That rating waits for its verdict."""
    target: Ticket | None = None
    """The other ticket of a merge or link."""

    def clock(self, kind: ClockKind, ref: int | None = None) -> Clock | None:
        """The live clock of a kind."""
        return next((c for c in self.clocks if c.kind == kind and (ref is None or c.ref == ref)), None)

    def request(self, kind: RequestKind) -> Request | None:
        """The pending request of a kind."""
        return next((request for request in self.requests if request.kind == kind), None)


_THERE = text(
    "SELECT t.id, (SELECT count(*) FROM ticket_events WHERE ticket_id = t.id AND kind = 'urge' "
    "AND (actor = 'citizen' OR payload ->> 'for' = 'citizen') AND at >= :since) AS urged, "
    "(SELECT reason FROM pauses WHERE ticket_id = t.id AND ended_at IS NULL) AS paused, "
    "(SELECT verdict FROM service_evaluations WHERE ticket_id = t.id) AS verdict, "
    "EXISTS (SELECT FROM service_evaluations WHERE ticket_id = t.id AND state = 'verify' AND verdict IS NULL) "
    "AS unjudged, "
    "EXISTS (SELECT FROM holdings WHERE ticket_id = t.id AND ended_at IS NULL) AS holdings, "
    "EXISTS (SELECT FROM requests WHERE ticket_id = t.id AND decided_at IS NULL) AS requests, "
    "EXISTS (SELECT FROM supervisions WHERE ticket_id = t.id AND ended_at IS NULL) AS supervisions, "
    "EXISTS (SELECT FROM sub_dispatches WHERE ticket_id = t.id AND ended_at IS NULL) AS subs, "
    "EXISTS (SELECT FROM co_handlings WHERE ticket_id = t.id AND ended_at IS NULL) AS helpers, "
    "EXISTS (SELECT FROM contact_records WHERE ticket_id = t.id) AS contacts, "
    "EXISTS (SELECT FROM callbacks WHERE ticket_id = t.id AND round = t.round) AS callbacks "
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:rounds AS int[])) AS t(id, round)"
)
"""What there is of a ticket: most have little, and need not be asked for the rest."""


async def read_present(db: AsyncSession, ticket: Ticket, now: datetime, target_no: str | None = None) -> Present:
    """Everything about a ticket that guards and steps ask for."""
    assert ticket.id is not None
    present = (await read_presents(db, [ticket], now))[ticket.id]
    if target_no is not None:
        found = select(Ticket).filter_by(no=target_no)
        present.target = (await db.execute(found)).scalar_one_or_none()
    return present


async def read_presents(db: AsyncSession, tickets: Sequence[Ticket], now: datetime) -> dict[int, Present]:
    """The same of several tickets at once, by their ids."""
    midnight = now.astimezone(CITY_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    rounds = {ticket.id: ticket.callback_round for ticket in tickets if ticket.id is not None}
    values = {"since": midnight, "ids": list(rounds), "rounds": list(rounds.values())}
    there = (await db.execute(_THERE, values)).all()
    found = {
        row.id: Present(
            urged_today=row.urged,
            paused=PauseReason.of(row.paused) if row.paused else None,
            verdict=row.verdict,
            unjudged=row.unjudged,
        )
        for row in there
    }
    for clock in await _of(db, Clock, list(found), col(Clock.stopped_at).is_(None), col(Clock.id)):
        found[clock.ticket_id].clocks.append(clock)
    with_some = {name: [row.id for row in there if getattr(row, name)] for name in _PARTS}
    for holding in await _of(db, Holding, with_some["holdings"], col(Holding.ended_at).is_(None)):
        found[holding.ticket_id].holding = holding
    for request in await _of(db, Request, with_some["requests"], col(Request.decided_at).is_(None)):
        found[request.ticket_id].requests.append(request)
    for supervision in await _of(db, Supervision, with_some["supervisions"], col(Supervision.ended_at).is_(None)):
        found[supervision.ticket_id].supervision = supervision
    for sub in await _of(db, SubDispatch, with_some["subs"], col(SubDispatch.ended_at).is_(None), col(SubDispatch.id)):
        found[sub.ticket_id].subs.append(sub)
    for helper in await _of(db, CoHandling, with_some["helpers"], col(CoHandling.ended_at).is_(None)):
        found[helper.ticket_id].helpers.append(helper)
    for contact in await _of(db, ContactRecord, with_some["contacts"], true()):
        found[contact.ticket_id].contacts.append(contact)
    for callback in await _of(db, Callback, with_some["callbacks"], true(), col(Callback.try_no)):
        if callback.round == rounds[callback.ticket_id]:
            found[callback.ticket_id].callbacks.append(callback)
    return found


_PARTS = ("holdings", "requests", "supervisions", "subs", "helpers", "contacts", "callbacks")


async def _of(db: AsyncSession, model: type[Any], ids: list[int], live: Any, *order: Any) -> list[Any]:
    """Rows of these tickets; not even asked for where there are none."""
    if not ids:
        return []
    query = select(model).where(model.ticket_id.in_(ids), live).order_by(*order)
    return list((await db.execute(query)).scalars())


def facts_of(
    ticket: Ticket,
    present: Present,
    book: Rulebook,
    now: datetime,
    body: ActionBody | None = None,
    action: TicketAction | None = None,
) -> Facts:
    """The guards' view. ``body`` and ``action``: of the request, where what it says decides."""
    body, rules = body or ActionBody(), book.city.rules
    profile, urgent = book.profile(ticket.profile), book.is_urgent(ticket.profile)
    supervision = present.supervision
    return Facts(
        status=TicketStatus.of(ticket.status),
        urgent=urgent,
        has_category=ticket.category is not None,
        has_words=ticket.content != UNHEARD,
        rating_explained=present.verdict in {EvaluationClass.GROUNDLESS, EvaluationClass.MISTAKEN},
        rating_awaits=present.unjudged,
        needs_sign=profile.sign is not None,
        dispatch_count=ticket.dispatch_count,
        max_dispatch=rules.return_max_dispatch,
        designated=ticket.designated,
        return_open=ticket.return_until is not None and now <= ticket.return_until,
        pending=frozenset(RequestKind.of(request.kind) for request in present.requests),
        extension_count=ticket.extension_count,
        extension_max=profile.extension_max,
        extension_in_time=_in_time(present.clock(ClockKind.FINISH), now, book),
        second_by_director=rules.extension_second_by_director,
        contacted=is_contacted(ticket, present, rules.contact_tries),
        unreachable=_is_unreachable(ticket, present.contacts, rules.contact_tries),
        fed_back=present.clock(ClockKind.FEEDBACK) is None,
        co_open=any(helper.due is None or now < helper.due for helper in present.helpers),
        sub_depth=len(present.subs),
        paused=present.paused is PauseReason.APPRAISAL,
        supervised=supervision is not None,
        supervision_answered=supervision is not None and supervision.answered_at is not None,
        supervise_level=supervision.level if supervision else 0,
        wanted_level=body.level or 1,
        circulated=ticket.circulated,
        rework_count=ticket.rework_count,
        appeal_count=ticket.appeal_count,
        appeal_open=_open(ticket.closed_at, rules.appeal_window, book, now),
        tries_done=_tries_done(present.callbacks, book),
        callback_exempt=ticket.contact_phone is None and ticket.caller_phone is None,
        callback_settled=_settled(ticket, present),
        callback=_said(body),
        merged_from=TicketStatus.of(ticket.before_pause) if ticket.before_pause else None,
        unmerge_open=_open(ticket.closed_at, rules.unmerge_window, book, now),
        target_sound=_sound(ticket, present.target, action),
        urged_today=present.urged_today,
        urge_per_day=rules.urge_per_day,
        in_scope=ticket.in_scope,
        confidential=ticket.confidential,
        stability_risk=ticket.stability_risk,
        past_due=frozenset(_past_due(present.clocks, book, now, urgent=urgent)),
    )


def is_contacted(ticket: Ticket, present: Present, tries: int) -> bool:
    """Evidence of contact (domain.md §3): reached once, or tried in vain often enough, or nobody to be reached.

    By whoever answers for the ticket, since he does: what a unit did before it gave the ticket back, and what the
    hotline did, is not the contact of the unit that has it now. A bad rating is looked into by the hotline alone.
    """
    if ticket.contact_phone is None and ticket.caller_phone is None:
        return True
    contacts, holding = present.contacts, present.holding
    if holding is not None and holding.kind != HoldingKind.INTAKE and ticket.channel != Channel.BAD_REVIEW:
        interim = holding.kind == HoldingKind.INTERIM  # no dispatch; and what is reopened is with the same unit again
        since = holding.started_at if interim else ticket.dispatched_at or holding.started_at
        contacts = [one for one in contacts if one.unit is not None and one.noted_at >= since]
    return shows_contact([contact.result for contact in contacts], tries)


def shows_contact(results: Sequence[str], tries: int) -> bool:
    """Whether these results of tries are evidence of contact: reached once, or in vain as often as the city asks."""
    return ContactResult.REACHED in results or results.count(ContactResult.NOT_REACHED) >= tries


def _is_unreachable(ticket: Ticket, contacts: list[ContactRecord], tries: int) -> bool:
    if ticket.contact_phone is None and ticket.caller_phone is None:
        return True
    results = [contact.result for contact in sorted(contacts, key=lambda contact: contact.at)]
    in_vain = list(takewhile(lambda result: result == ContactResult.NOT_REACHED, reversed(results)))
    return len(in_vain) >= tries


def _in_time(finish: Clock | None, now: datetime, book: Rulebook) -> bool:
    """Before it is due, on that day before the cut-off (domain.md §3.1, rule 7)."""
    if finish is None or now >= finish.due:
        return False
    try:
        return now < cutoff(finish.due, f"{book.city.rules.extension_cutoff:%H:%M}", book.calendar)
    except CalendarError:
        return True  # as for _open


def _open(since: datetime | None, window: str, book: Rulebook, now: datetime) -> bool:
    if since is None:
        return False
    try:
        return now <= extended(window, since, book.calendar)
    except CalendarError:
        return True  # nobody loses a right because a notice is missing


def _tries_done(callbacks: list[Callback], book: Rulebook) -> bool:
    """Unreached: three tries, in two different parts of the day at least (domain.md §1.5); or he refused."""
    vain = [c.at for c in callbacks if c.result == CallbackResult.NOT_REACHED and c.at is not None]
    return in_vain(vain, book) or any(callback.result == CallbackResult.REFUSED for callback in callbacks)


def _settled(ticket: Ticket, present: Present) -> bool:
    rated = [c for c in present.callbacks if c.result == CallbackResult.ANSWERED]
    if not rated or present.supervision is not None:
        return False
    return not is_unhappy(rated[-1].satisfied, rated[-1].solved) or ticket.rework_count > 0


def _said(body: ActionBody) -> CallbackSaid | None:
    if body.callback_result is None:
        return None
    if body.callback_result != "answered":
        return body.callback_result
    return "unhappy" if is_unhappy(body.satisfied, body.solved) else "happy"


def _sound(ticket: Ticket, target: Ticket | None, action: TicketAction | None) -> bool:
    if action not in {TicketAction.MERGE, TicketAction.LINK}:
        return True
    if target is None or target.id == ticket.id or target.merged_into is not None:
        return False
    return target.status < TicketStatus.CLOSED


def _past_due(clocks: list[Clock], book: Rulebook, now: datetime, *, urgent: bool) -> list[ClockKind]:
    past = []
    for clock in clocks:
        due = clock.due
        if clock.kind == ClockKind.SIGN:
            rules = book.city.rules
            try:
                due = extended(rules.sign_grace_urgent if urgent else rules.sign_grace, due, book.calendar)
            except CalendarError:  # it ends in a year that is not known: not yet
                continue
        if now >= due and not is_standing(clock):
            past.append(ClockKind.of(clock.kind))
    return past


def is_standing(clock: Clock) -> bool:
    """Whether a clock stands still now."""
    return bool(clock.paused) and "to" not in clock.paused[-1]
