"""A ticket as one line of a list: what it is about, where it stands, and nothing its reader may not know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from app.auth.policy import Sight
from app.clock import local_iso
from app.personal import HIDDEN
from app.tickets.parts import left_of
from app.tickets.scope import Relation
from app.tickets.veil import Veil
from models.codes import AppealType, Channel, TicketStatus, Urgency
from models.workflow_codes import WarnState
from routing.rulebook import Rulebook

COLUMNS = """t.id, t.no, t.version, t.status, t.type, t.channel, t.category, t.district_code, t.address, t.host_unit,
t.tier, t.urgency, t.caller_phone, t.contact_phone, t.anonymous, t.confidential, t.stability_risk, t.title, t.content,
t.due, t.citizen_due, t.profile, t.missing_clocks, t.confidence, t.confirm, t.dispatch_basis, t.dispatch_rule,
t.call_id, t.created_at, t.updated_at, t.closed_at, t.query_code, t.warn_state, t.unit_overdue, t.citizen_overdue,
t.supervise_level, t.rework_count, t.sub_unit, k.top, k."group" AS category_group, k.leaf, u.name AS unit_name,
v.name AS sub_unit_name, d.name AS district,
ARRAY(SELECT x.name FROM units x WHERE x.code = ANY(t.co_units) ORDER BY array_position(t.co_units, x.code)) AS helpers
"""
JOINS = """LEFT JOIN categories k ON k.code = t.category LEFT JOIN units u ON u.code = t.host_unit
LEFT JOIN units v ON v.code = t.sub_unit LEFT JOIN places d ON d.code = t.district_code
"""

Row = Mapping[str, Any] | RowMapping


class TicketLine(msgspec.Struct, kw_only=True):
    """One ticket. Times with the city's offset; ``unit``, ``district`` and the like are names, ``…_code`` codes."""

    id: int
    no: str
    version: int
    relation: str
    """As what the reader sees it: city, host, sub, co, or past (read-only)."""
    status: int
    status_name: str
    type: str
    type_code: str
    channel: str
    channel_code: str
    category: str | None
    path: str | None
    district: str | None
    district_code: str | None
    place: str | None
    unit: str | None
    unit_code: str | None
    sub_unit: str | None
    co_units: list[str]
    tier: int | None
    urgency: int
    urgency_name: str
    caller_phone: str | None
    phone_masked: bool
    anonymous: bool
    confidential: bool
    stability_risk: bool
    title: str
    content: str
    due: str | None
    due_left: str | None
    citizen_due: str | None
    profile: str | None
    missing_clocks: list[str]
    confidence: float | None
    confirm: list[str]
    dispatch_basis: str | None
    dispatch_rule: str | None
    call_id: str | None
    created_at: str
    updated_at: str
    closed_at: str | None
    query_code: str | None
    warn_state: int
    warn_name: str
    unit_overdue: bool
    citizen_overdue: bool
    supervise_level: int
    rework_count: int


def sight_as(sight: Sight, relation: Relation, channel: str) -> Sight:
    """What a relation leaves of somebody's sight: who only helps, or once helped, need not know who reported.

    And no unit who rated it badly (domain.md §8: hidden from the rated); the hotline calls him back.
    """
    rated = channel == Channel.BAD_REVIEW and relation is not Relation.CITY
    if rated or relation in {Relation.CO, Relation.PAST}:
        return Sight(content=sight.content, protected=False, phone=sight.phone)
    return sight


def veil_of(row: Row, sight: Sight) -> Veil:
    """Over a ticket's row."""
    return Veil.over(sight, row["type"], is_hidden(row), (row["caller_phone"], row["contact_phone"]))


def is_hidden(row: Row) -> bool:
    """Whether its citizen is not everybody's to know; who gave a bad rating never is, whatever it is marked as."""
    return bool(row["confidential"]) or row["channel"] == Channel.BAD_REVIEW


def line_of(row: Row, sight: Sight, now: datetime, book: Rulebook | None) -> TicketLine:
    """Of a row with its ``relation``."""
    relation = Relation(row["relation"])
    return TicketLine(**line_fields(row, relation, veil_of(row, sight_as(sight, relation, row["channel"])), now, book))


def line_fields(row: Row, relation: Relation, veil: Veil, now: datetime, book: Rulebook | None) -> dict[str, Any]:
    """Fields of :class:`TicketLine`. Without ``book`` nobody is told what is left."""
    content = veil.sight.content
    return {
        "id": row["id"],
        "no": row["no"],
        "version": row["version"],
        "relation": relation.value,
        "status": row["status"],
        "status_name": TicketStatus.of(row["status"]).label,
        "type": AppealType.of(row["type"]).label,
        "type_code": row["type"],
        "channel": Channel.of(row["channel"]).label,
        "channel_code": row["channel"],
        "category": row["category"],
        "path": "/".join((row["top"], row["category_group"], row["leaf"])) if row["top"] else None,
        "district": row["district"],
        "district_code": row["district_code"],
        "place": veil.words(row["address"]) if content else None,
        "unit": row["unit_name"],
        "unit_code": row["host_unit"],
        "sub_unit": row["sub_unit_name"],
        "co_units": list(row["helpers"]),
        "tier": row["tier"],
        "urgency": row["urgency"],
        "urgency_name": Urgency.of(row["urgency"]).label,
        "caller_phone": veil.phone(row["caller_phone"]),
        "phone_masked": not veil.sight.phone,
        "anonymous": row["anonymous"],
        "confidential": row["confidential"],
        "stability_risk": row["stability_risk"],
        "title": veil.words(row["title"]) if content else HIDDEN,
        "content": veil.words(row["content"]) if content else HIDDEN,
        "due": local_iso(row["due"]),
        "due_left": _left(row, now, book),
        "citizen_due": local_iso(row["citizen_due"]),
        "profile": row["profile"],
        "missing_clocks": row["missing_clocks"],
        "confidence": row["confidence"],
        "confirm": row["confirm"] if content else [],
        "dispatch_basis": veil.words(row["dispatch_basis"]) if content or row["dispatch_basis"] is None else HIDDEN,
        "dispatch_rule": row["dispatch_rule"],
        "call_id": row["call_id"] if content else None,
        "created_at": local_iso(row["created_at"]),
        "updated_at": local_iso(row["updated_at"]),
        "closed_at": local_iso(row["closed_at"]),
        "query_code": row["query_code"] if veil.sight.phone else None,
        "warn_state": row["warn_state"],
        "warn_name": WarnState.of(row["warn_state"]).label,
        "unit_overdue": row["unit_overdue"],
        "citizen_overdue": row["citizen_overdue"],
        "supervise_level": row["supervise_level"],
        "rework_count": row["rework_count"],
    }


def _left(row: Row, now: datetime, book: Rulebook | None) -> str | None:
    """Of the unit's limit, while somebody works on it."""
    if book is None or row["due"] is None or row["status"] >= TicketStatus.REPLY_REVIEW or row["profile"] is None:
        return None
    profile = book.profile(row["profile"])
    limit = profile.finish or profile.first_feedback or profile.backfill
    return None if limit is None else left_of(limit, row["due"], now, book.calendar)
