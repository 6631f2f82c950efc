"""All that belongs to one ticket, in one query: a JSON object with a list for each of its tables."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets import parts as p
from app.tickets.scope import Scope, in_scope

_QUERIES = {
    "events": """SELECT e.seq, e.kind, e.actor, u.name AS actor_name, e.at, e.payload, e.hash FROM ticket_events e
        LEFT JOIN users u ON u.login = substr(e.actor, 6) AND e.actor LIKE 'user:%' WHERE e.ticket_id = :id""",
    "clocks": """SELECT c.kind, c.family, u.name AS holder, c.holder AS holder_code, c."limit", c.started_at AS started,
        c.due, c.stopped_at AS stopped, c.outcome, c.paused, c.history, c.id FROM clocks c
        LEFT JOIN units u ON u.code = c.holder WHERE c.ticket_id = :id""",
    "holdings": """SELECT u.name AS unit, h.unit AS unit_code, h.kind, h.started_at, h.ended_at, h.reason, h.id
        FROM holdings h JOIN units u ON u.code = h.unit WHERE h.ticket_id = :id""",
    "requests": """SELECT r.id, r.kind, u.name AS unit, r.code, r.reason, r.basis, r.attachments, r.detail, r.asked_by,
        r.asked_at, r.decision, r.decided_by, r.decided_at, r.decision_reason
        FROM requests r LEFT JOIN units u ON u.code = r.unit WHERE r.ticket_id = :id""",
    "contacts": """SELECT c.id, u.name AS unit, c.by, c.at, c.number, c.call_id, c.result, c.note
        FROM contact_records c LEFT JOIN units u ON u.code = c.unit WHERE c.ticket_id = :id""",
    "replies": """SELECT r.version, u.name AS unit, r.result, r.public_reply, r.solved, r.unsolved_reason, r.is_true,
        r.over_duty, r.attachments, r.handler, r.submitted_at, r.signer, r.signed_at, r.reviewer, r.reviewed_at,
        r.accepted, r.fault FROM replies r JOIN units u ON u.code = r.unit WHERE r.ticket_id = :id""",
    "callbacks": """SELECT id, round, try_no, mode, result, planned_at, at, by, call_id, satisfied, solved, reason
        FROM callbacks WHERE ticket_id = :id""",
    "sub_dispatches": """SELECT s.id, s.above, f.name AS from_unit, s.from_unit AS from_unit_code, t.name AS to_unit,
        s.to_unit AS to_unit_code, s.state, s.demand, s.due, s.started_at, s.ended_at, s.result FROM sub_dispatches s
        JOIN units f ON f.code = s.from_unit JOIN units t ON t.code = s.to_unit WHERE s.ticket_id = :id""",
    "co_handlings": """SELECT c.id, u.name AS unit, c.unit AS unit_code, c.demand, c.started_at, c.due, c.ended_at,
        c.reply FROM co_handlings c JOIN units u ON u.code = c.unit WHERE c.ticket_id = :id""",
    "supervisions": """SELECT s.id, s.level, u.name AS unit, s.reason, s.opened_by, s.started_at, s.due, s.answer,
        s.answered_by, s.answered_at, s.ended_at, s.ended_by FROM supervisions s JOIN units u ON u.code = s.unit
        WHERE s.ticket_id = :id""",
    "pauses": "SELECT id, reason, approved_by, until, started_at, ended_at FROM pauses WHERE ticket_id = :id",
    "messages": """SELECT id, template, recipient, state, attempts, created_at, sent_at FROM messages
        WHERE ticket_id = :id""",
    "attachments": """SELECT a.id, a.name, f.size, f.media_type, f.scan, a.by, a.at FROM attachments a
        JOIN stored_files f ON f.sha256 = a.sha256 WHERE a.ticket_id = :id""",
}
_LINKS = """SELECT t.id, t.no, l.kind, t.status, l.at FROM (
    SELECT high AS other, kind, at FROM links WHERE low = :id UNION ALL SELECT low, kind, at FROM links WHERE high = :id
    UNION ALL SELECT id, 'child', closed_at FROM tickets WHERE merged_into = :id
    UNION ALL SELECT merged_into, 'master', closed_at FROM tickets WHERE id = :id AND merged_into IS NOT NULL
    ) l JOIN tickets t ON t.id = l.other WHERE """
_CALL = {
    "transcript": 'SELECT side, part, start_s, end_s, text, "index" FROM captions WHERE call_id = :call_id',
    "recordings": "SELECT side, part, seconds, path FROM recordings WHERE call_id = :call_id",
}
_ORDER = {
    "events": "seq", "clocks": "due, id", "replies": "version", "callbacks": "round, try_no",
    "messages": "created_at, id", "transcript": 'part, start_s, "index"', "recordings": "side, part",
}  # fmt: skip


class Parts(msgspec.Struct, kw_only=True):
    """Lists of what belongs to one ticket, each in the order of time."""

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
    transcript: list[p.SaidPart] = []
    recordings: list[p.RecordingPart] = []


async def read_parts(db: AsyncSession, ticket_id: int, call_id: str | None, scope: Scope) -> Parts:
    """Undressed. ``call_id``: the call whose words and sound are told, if they are. ``scope``: of the other tickets."""
    queries = _QUERIES | {"links": _LINKS + in_scope(scope)} | (_CALL if call_id is not None else {})
    told = ", ".join(
        f"'{name}', (SELECT coalesce(json_agg(x ORDER BY {_ORDER.get(name, 'id')}), '[]') FROM ({query}) x)"
        for name, query in queries.items()
    )
    values: dict[str, Any] = {"id": ticket_id}
    if call_id is not None:
        values["call_id"] = call_id
    if not scope.city:
        values["units"] = list(scope.units)
    found = (await db.execute(text(f"SELECT CAST(json_build_object({told}) AS text)"), values)).scalar_one()
    return msgspec.json.decode(found, type=Parts)
