"""Calls as people and scripts see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import EVERYTHING, NOTHING, Sight
from app.clock import local_iso
from app.personal import hide_phone, mask_phone
from models.codes import CallDirection, CallOutcome

_QUERY = """
SELECT c.*, t.no AS ticket_no, t.type AS ticket_type, t.confidential,
  (SELECT count(*) FROM captions p WHERE p.call_id = c.id) AS heard,
  (SELECT count(*) FROM captions p WHERE p.call_id = c.id AND p.text IS NOT NULL) AS texts,
  (SELECT coalesce(sum(seconds), 0) FROM recordings r WHERE r.call_id = c.id AND r.side = 'citizen') AS recorded_s,
  (SELECT count(*) FROM recordings r WHERE r.call_id = c.id AND r.side = 'citizen') AS recording_parts
FROM calls c
LEFT JOIN LATERAL (SELECT ticket_id FROM callbacks b WHERE b.call_id = c.id LIMIT 1) asked ON c.direction = 'out'
LEFT JOIN tickets t ON t.call_id = c.id OR t.id = asked.ticket_id
WHERE (CAST(:since AS timestamptz) IS NULL OR c.started_at >= :since)
ORDER BY c.started_at DESC LIMIT :limit
"""


async def list_calls(
    db: AsyncSession,
    *,
    since: datetime | None = None,
    limit: int = 200,
    sight: Sight = NOTHING,
    full_phone: bool = False,
) -> list[dict[str, Any]]:
    """Calls, newest first; ``full_phone``: everything, for whoever sits at the machine."""
    sight = EVERYTHING if full_phone else sight
    rows = await db.execute(text(_QUERY), {"since": since, "limit": limit})
    return [
        {
            "id": row.id,
            "direction": row.direction,
            "ani": _number(row, sight),
            "started_at": local_iso(row.started_at),
            "answered_at": local_iso(row.answered_at),
            "ended_at": local_iso(row.ended_at),
            "ended_by": row.ended_by,
            "outcome": row.outcome,
            "outcome_name": CallOutcome.of(row.outcome).label,
            "setup_ms": row.setup_ms,
            "talk_s": row.talk_s,
            "utterances": row.heard,
            "texts": row.texts,
            "recorded_s": round(float(row.recorded_s), 2),
            "recording_parts": row.recording_parts,
            "reanchored": row.reanchored,
            "digits": row.digits,
            "answers": row.answers,
            "ticket_no": row.ticket_no,
            "reserved_no": row.reserved_no,
        }
        for row in rows
    ]


def _number(row: Any, sight: Sight) -> str | None:
    """The citizen's, whoever called."""
    number: str | None = row.dialled if row.direction == CallDirection.OUT else row.ani
    if sight.phone:
        return number
    return hide_phone(number) if sight.hides(row.ticket_type, row.confidential) else mask_phone(number)
