"""One ticket with all that belongs to it, as far as its reader may see it: two queries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import Sight
from app.clock import local_iso
from app.tickets import parts as p
from app.tickets.lines import COLUMNS, JOINS, TicketLine, is_hidden, line_fields, sight_as, veil_of
from app.tickets.parts_query import Parts, read_parts
from app.tickets.scope import Relation, Scope, find_visible
from app.tickets.timeline import lines
from app.tickets.veil import Veil
from models.codes import CloseType, ExcludeReason, Satisfied, Solved
from routing.rulebook import Rulebook

_COLUMNS = f"""{COLUMNS}, t.upper_no, t.upper_system, t.caller_name, t.caller_kind, t.special_group, t.demand,
t.occurred_at, t.subject, t.registered_by, t.street, t.designated, t.dispatch_count, t.dispatched_at, t.signed_at,
t.late_sign, t.return_until, t.first_contact_at, t.extension_count, t.appeal_count, t.rejected_replies, t.satisfied,
t.solved, t.circulated, t.in_scope, t.exclude_reason, t.close_type, t.archived_at, t.assessment
"""
_CALLS_TOLD = frozenset({Relation.CITY, Relation.HOST, Relation.SUB})
"""Whoever only helps is not told the citizen's own voice and words."""


class TicketDetail(TicketLine, kw_only=True):
    """A ticket and everything that belongs to it (the lists of app.tickets.parts_query.Parts)."""

    events: list[p.EventPart]
    clocks: list[p.ClockPart]
    holdings: list[p.HoldingPart]
    requests: list[p.RequestPart]
    contacts: list[p.ContactPart]
    replies: list[p.ReplyPart]
    callbacks: list[p.CallbackPart]
    sub_dispatches: list[p.SubPart]
    co_handlings: list[p.CoPart]
    supervisions: list[p.SupervisionPart]
    pauses: list[p.PausePart]
    messages: list[p.MessagePart]
    attachments: list[p.AttachmentPart]
    links: list[p.LinkPart]
    transcript: list[p.SaidPart]
    recordings: list[p.RecordingPart]

    upper_no: str | None
    upper_system: str | None
    caller_name: str | None
    caller_kind: str | None
    contact_phone: str | None
    special_group: str | None
    demand: str | None
    occurred_at: str | None
    subject: str | None
    street: str | None
    registered_by: str | None
    designated: bool
    dispatch_count: int
    dispatched_at: str | None
    signed_at: str | None
    late_sign: bool
    return_until: str | None
    first_contact_at: str | None
    extension_count: int
    appeal_count: int
    rejected_replies: int
    satisfied: int | None
    satisfied_name: str | None
    solved: int | None
    solved_name: str | None
    circulated: bool
    in_scope: bool
    exclude_reason: str | None
    exclude_name: str | None
    close_type: str | None
    close_name: str | None
    archived_at: str | None
    assessment: dict[str, Any] | None


async def read_detail(
    db: AsyncSession, scope: Scope, no: str, sight: Sight, now: datetime, book: Rulebook | None
) -> TicketDetail:
    """NoTicketError: there is none, or it is not in sight."""
    seen = await find_visible(db, scope, no, columns=_COLUMNS, joins=JOINS)
    row = dict(seen.row._mapping)  # noqa: SLF001  (SQLAlchemy's name for it)
    sight = sight_as(sight, seen.relation, row["channel"])
    told = row["call_id"] if sight.content and seen.relation in _CALLS_TOLD else None
    parts = await read_parts(db, row["id"], told, scope)
    veil = veil_of(row, sight)
    numbers = {*veil.numbers, *(c.number for c in parts.contacts), *(m.recipient for m in parts.messages)}
    veil = Veil.over(sight, row["type"], is_hidden(row), numbers)
    _dress(parts, veil, now, book)
    fields = line_fields(row, seen.relation, veil, now, book) | _more(row, veil)
    return TicketDetail(**fields, **{name: getattr(parts, name) for name in parts.__struct_fields__})


async def read_timeline(
    db: AsyncSession, scope: Scope, no: str, sight: Sight, book: Rulebook
) -> tuple[list[str], Relation]:
    """A ticket's history in lines, and as what its reader sees it. NoTicketError: none, or not in sight."""
    columns = """t.id, t.type, t.channel, t.confidential, t.caller_phone, t.contact_phone,
        ARRAY(SELECT c.number FROM contact_records c WHERE c.ticket_id = t.id) AS called"""
    seen = await find_visible(db, scope, no, columns=columns)
    row = seen.row._mapping  # noqa: SLF001  (as above)
    sight = sight_as(sight, seen.relation, row["channel"])
    numbers = (row["caller_phone"], row["contact_phone"], *row["called"])
    veil = Veil.over(sight, row["type"], is_hidden(row), numbers)
    told: list[str] = veil.words(await lines(db, row["id"], book, words=sight.content))
    return told, seen.relation


def _dress(parts: Parts, veil: Veil, now: datetime, book: Rulebook | None) -> None:
    for name in parts.__struct_fields__:
        for part in getattr(parts, name):
            part.dress(veil)
    if book is not None:
        for clock in parts.clocks:
            clock.tell_left(now, book.calendar)


def _more(row: dict[str, Any], veil: Veil) -> dict[str, Any]:
    content = veil.sight.content
    told = {
        name: row[name]
        for name in (
            "upper_no", "upper_system", "caller_kind", "registered_by", "designated", "dispatch_count", "late_sign",
            "extension_count", "appeal_count", "rejected_replies", "satisfied", "solved", "circulated", "in_scope",
            "exclude_reason", "close_type",
        )
    }  # fmt: skip
    words = ("special_group", "demand", "subject", "street", "assessment")
    times = ("dispatched_at", "signed_at", "return_until", "first_contact_at", "archived_at")
    told |= {name: veil.words(row[name]) if content else None for name in words}
    told |= {name: local_iso(row[name]) for name in times}
    told["occurred_at"] = local_iso(row["occurred_at"]) if content else None
    told["caller_name"], told["contact_phone"] = veil.name(row["caller_name"]), veil.phone(row["contact_phone"])
    for name, source, codes in (
        ("satisfied_name", "satisfied", Satisfied),
        ("solved_name", "solved", Solved),
        ("exclude_name", "exclude_reason", ExcludeReason),
        ("close_name", "close_type", CloseType),
    ):
        told[name] = None if row[source] is None else codes.of(row[source]).label
    return told
