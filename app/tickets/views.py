"""Tickets as people and scripts see them: one query for a list, a few for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import EVERYTHING, NOTHING, Sight
from app.clock import local_iso
from app.personal import HIDDEN, hide_phone, mask_phone
from models.codes import AppealType, Channel, ClockKind, TicketEventKind, TicketStatus, Urgency
from models.workflow_codes import TicketAction

_LIST = """
SELECT t.*, c.top, c.group AS category_group, c.leaf, u.name AS unit_name, d.name AS district
FROM tickets t
LEFT JOIN categories c ON c.code = t.category
LEFT JOIN units u ON u.code = t.host_unit
LEFT JOIN places d ON d.code = t.district_code
"""
_SUBTREE = """
t.host_unit IN (WITH RECURSIVE below AS (SELECT code FROM units WHERE code = :unit UNION ALL
SELECT u.code FROM units u JOIN below b ON u.parent = b.code) SELECT code FROM below) AND t.status >= 40
"""


async def list_tickets(
    db: AsyncSession,
    *,
    since: datetime | None = None,
    status: int | None = None,
    call_id: str | None = None,
    below_unit: str | None = None,
    before_id: int | None = None,
    limit: int = 200,
    sight: Sight = NOTHING,
    full_phone: bool = False,
) -> list[dict[str, Any]]:
    """Tickets, newest first.

    Args:
        db: where they are.
        since: created at or after this time.
        status: a state's code.
        call_id: of this call.
        below_unit: only what was dispatched to this unit or one below it.
        before_id: only older ones: the id of the last one of the page before.
        limit: at most so many.
        sight: how much of each is shown.
        full_phone: everything, for whoever sits at the machine.
    """
    conditions, values = ["true"], {"limit": limit}
    for condition, name, value in (
        ("t.created_at >= :since", "since", since),
        ("t.status = :status", "status", status),
        ("t.call_id = :call_id", "call_id", call_id),
        ("t.id < :before_id", "before_id", before_id),
        (_SUBTREE, "unit", below_unit),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value  # type: ignore[assignment]
    query = f"{_LIST} WHERE {' AND '.join(conditions)} ORDER BY t.id DESC LIMIT :limit"
    rows = (await db.execute(text(query), values)).mappings()
    return [_ticket(dict(row), EVERYTHING if full_phone else sight) for row in rows]


async def one_ticket(
    db: AsyncSession, no: str, *, below_unit: str | None = None, sight: Sight = NOTHING, full_phone: bool = False
) -> dict[str, Any] | None:
    """A ticket with its events, clocks, transcript and recordings; None: no such one (that this unit may see).

    Whoever may not read the citizen's words gets no transcript, no recordings, and of the events what and when.
    """
    sight = EVERYTHING if full_phone else sight
    condition, values = "t.no = :no", {"no": no}
    if below_unit is not None:
        condition += f" AND {_SUBTREE}"
        values["unit"] = below_unit
    row = (await db.execute(text(f"{_LIST} WHERE {condition}"), values)).mappings().one_or_none()
    if row is None:
        return None
    ticket = _ticket(dict(row), sight)
    key = {"id": row["id"], "call_id": row["call_id"]}
    ticket["events"] = [
        {
            "seq": event.seq,
            "kind": event.kind,
            "kind_name": event_label(event.kind),
            "actor": event.actor,
            "at": local_iso(event.at),
            "payload": event.payload if sight.content else {},
            "hash": event.hash,
        }
        for event in await db.execute(text("SELECT * FROM ticket_events WHERE ticket_id = :id ORDER BY seq"), key)
    ]
    ticket["clocks"] = [
        {
            "kind": clock.kind,
            "kind_name": ClockKind.of(clock.kind).label,
            "family": clock.family,
            "holder": clock.holder,
            "limit": clock.limit,
            "started": local_iso(clock.started_at),
            "due": local_iso(clock.due),
            "stopped": local_iso(clock.stopped_at),
        }
        for clock in await db.execute(text("SELECT * FROM clocks WHERE ticket_id = :id ORDER BY due, id"), key)
    ]
    ticket |= {"transcript": [], "recordings": [], "assessment": None}
    if not sight.content:
        return ticket
    ticket["transcript"] = [
        {"side": said.side, "part": said.part, "start_s": said.start_s, "end_s": said.end_s, "text": said.text}
        for said in await db.execute(
            text("SELECT * FROM captions WHERE call_id = :call_id ORDER BY part, start_s, index"), key
        )
    ]
    ticket["recordings"] = [
        {"side": part.side, "part": part.part, "seconds": part.seconds, "path": part.path}
        for part in await db.execute(text("SELECT * FROM recordings WHERE call_id = :call_id ORDER BY side, part"), key)
    ]
    ticket["assessment"] = row["assessment"]
    return ticket


def event_label(kind: str) -> str:
    """What an event is called, whatever kind of kind it is."""
    try:
        return TicketEventKind.of(kind).label
    except ValueError:
        return TicketAction.of(kind).label


def _ticket(row: dict[str, Any], sight: Sight) -> dict[str, Any]:
    kept = (row["type"], row["confidential"])
    full_phone = sight.phone_of(*kept)
    mask = hide_phone if sight.hides(*kept) else mask_phone
    path = "/".join((row["top"], row["category_group"], row["leaf"])) if row["top"] else None
    return {
        "id": row["id"],
        "no": row["no"],
        "status": row["status"],
        "status_name": TicketStatus.of(row["status"]).label,
        "type": AppealType.of(row["type"]).label,
        "channel": Channel.of(row["channel"]).label,
        "category": row["category"],
        "path": path,
        "district": row["district"],
        "place": row["address"] if sight.content else None,
        "unit": row["unit_name"],
        "unit_code": row["host_unit"],
        "co_units": row["co_units"],
        "tier": row["tier"],
        "urgency": row["urgency"],
        "urgency_name": Urgency(row["urgency"]).label,  # type: ignore[call-arg]
        "caller_phone": row["caller_phone"] if full_phone else mask(row["caller_phone"]),
        "phone_masked": not full_phone,
        "anonymous": row["anonymous"],
        "confidential": row["confidential"],
        "title": row["title"] if sight.content else HIDDEN,
        "content": row["content"] if sight.content else HIDDEN,
        "due": local_iso(row["due"]),
        "citizen_due": local_iso(row["citizen_due"]),
        "profile": row["profile"],
        "missing_clocks": row["missing_clocks"],
        "confidence": row["confidence"],
        "confirm": row["confirm"] if sight.content else [],
        "dispatch_basis": row["dispatch_basis"],
        "dispatch_rule": row["dispatch_rule"],
        "call_id": row["call_id"] if sight.content else None,
        "created_at": local_iso(row["created_at"]),
        "updated_at": local_iso(row["updated_at"]),
        "query_code": row["query_code"] if full_phone else None,
    }
