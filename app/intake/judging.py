"""What routing says of an appeal, onto its ticket; dispatched at once where nobody needs to confirm."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.intake.appeal import CHOICES
from app.messages.writing import write_message
from app.tickets.clocks import settle_clocks
from app.tickets.helpers import name_helpers
from app.tickets.holdings import settle_holder
from app.tickets.rulings import read_rulings
from models.codes import AppealType, TicketEventKind, TicketStatus, Urgency
from models.ledger import append_ticket_event
from models.ticket import Ticket
from routing.assess import Router
from routing.assessment import Assessment, Chosen
from routing.city.schema import CONFIDENTIAL, STABILITY
from routing.errors import CalendarError

_SYSTEM = "system"
_CHOICES = text(
    "SELECT kind, payload FROM ticket_events WHERE ticket_id = :id AND kind IN ('created', 'amend') ORDER BY seq"
)
_AMENDED = {"district_code": "district", "host_unit": "unit"}
"""Columns that are not called as their fields."""


async def judge_ticket(
    session: AsyncSession, router: Router, ticket: Ticket, accepted: datetime, now: datetime
) -> None:
    """Class, place, unit and limits of a ticket in 登记中. The caller has locked it, and commits.

    ``accepted``: from when on its limits run. What people have chosen for it stands.
    """
    assert ticket.id is not None
    decided = await _decided(session, ticket.id)
    found = router.with_rulings(await read_rulings(session)).assess(
        ticket.content,
        now=accepted,
        phone=ticket.caller_phone,
        title=ticket.title if "title" in decided else "",
        chosen=_chosen(ticket, decided),
        marks=_marks(ticket),
    )
    _take_over(ticket, found, decided)
    ticket.updated_at = now
    ticket.version += 1
    await append_ticket_event(session, ticket.id, TicketEventKind.CLASSIFIED, _SYSTEM, now, _classified(found, decided))
    # where nothing is to be signed for (T, P), it is with the unit at once: a state to sign in would have no clock
    dispatched = TicketStatus.SIGN if "sign" in found.limits.texts else TicketStatus.HANDLING
    ticket.status = (dispatched if found.at_once else TicketStatus.REVIEW).value
    if found.at_once:
        await _dispatch(session, router, ticket, found, now)
    await session.flush()
    settled = await settle_clocks(session, ticket, found.limits, accepted, now, router.book, dispatched=found.at_once)
    if settled.adjusted:  # other limits ran until it was judged
        adjusted = {"clocks": settled.adjusted}
        await append_ticket_event(session, ticket.id, TicketEventKind.CLOCKS_ADJUSTED, _SYSTEM, now, adjusted)
    await settle_holder(session, ticket, router.book.hotline(), now, "自动派单" if found.at_once else "热线受理")
    if found.at_once:
        await name_helpers(session, ticket, found.limits.due, now, router.book)
        unit = router.book.units[found.dispatch.unit]
        await write_message(session, ticket, "派单", {"unit": unit.name}, f"{ticket.no}/派单", now)


async def _decided(session: AsyncSession, ticket_id: int) -> frozenset[str]:
    """Fields in which people have decided: when it came in, or since."""
    names: set[str] = set()
    for kind, payload in await session.execute(_CHOICES, {"id": ticket_id}):
        told = payload.get("chosen", ()) if kind == TicketEventKind.CREATED else payload.get("changed", ())
        names |= {_AMENDED.get(name, name) for name in told}
    return frozenset(names)


def _chosen(ticket: Ticket, decided: frozenset[str]) -> Chosen:
    values: dict[str, Any] = {
        "type": AppealType.of(ticket.type).label,
        "category": ticket.category,
        "urgency": ticket.urgency,
        "unit": ticket.host_unit,
        "co_units": tuple(ticket.co_units),
        "district": ticket.district_code,
        "address": " ".join(part for part in (ticket.street, ticket.address) if part),
    }
    return Chosen(**{name: value for name, value in values.items() if name in decided and name in CHOICES})


def _marks(ticket: Ticket) -> list[str]:
    marked = {CONFIDENTIAL: ticket.confidential, STABILITY: ticket.stability_risk}
    return [mark for mark, there in marked.items() if there]


def _classified(found: Assessment, decided: frozenset[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "category": found.category,
        "type": found.type,
        "urgency": found.urgency,
        "confidence": round(found.confidence, 4),
        "model": found.model,
        "unit": found.dispatch.unit,
        "rule": found.dispatch.row_id,
        "confirm": list(found.dispatch.confirm),
    }
    if decided:
        told["chosen"] = sorted(decided)
    return told


async def _dispatch(session: AsyncSession, router: Router, ticket: Ticket, found: Assessment, now: datetime) -> None:
    assert ticket.id is not None
    ticket.dispatch_count, ticket.dispatched_at = 1, now
    with suppress(CalendarError):
        ticket.return_until = router.book.return_until(ticket.profile, ticket.urgency, now)
    payload: dict[str, Any] = {
        "unit": found.dispatch.unit,
        "co_units": list(found.dispatch.co_units),
        "rule": found.dispatch.row_id,
    }
    if found.urgency == Urgency.EXTREME:
        payload["by_phone"] = True  # 电话派单: the duty desk is to be called too
    await append_ticket_event(session, ticket.id, TicketEventKind.DISPATCHED, _SYSTEM, now, payload)


def _take_over(ticket: Ticket, found: Assessment, decided: frozenset[str]) -> None:
    place, dispatch, limits = found.place, found.dispatch, found.limits
    ticket.title = found.title
    ticket.type = AppealType.of_label(found.type).value
    ticket.urgency = found.urgency
    ticket.category = found.category
    ticket.confidence = round(found.confidence, 4)
    if place is not None:
        ticket.district_code, ticket.place_code, ticket.poi = place.district_code, place.code, place.name
        ticket.street = ticket.street if "street" in decided else place.street
        ticket.address = ticket.address if "address" in decided else place.address
    ticket.host_unit, ticket.co_units, ticket.tier = dispatch.unit, list(dispatch.co_units), dispatch.tier
    ticket.dispatch_rule, ticket.dispatch_basis = dispatch.row_id, dispatch.basis
    ticket.confirm = list(dispatch.confirm)
    ticket.profile, ticket.due, ticket.citizen_due = limits.profile, limits.due, limits.citizen_due
    ticket.assessment = _plain(asdict(found))


def _plain(value: Any) -> Any:
    """JSON's own types: the assessment is kept whole beside the ticket."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
