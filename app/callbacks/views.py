"""The list that those work through who call citizens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.cursor import Cursor, fingerprint, read_cursor
from app.auth.policy import Sight
from app.callbacks.schemas import CallbackPage, CallbackTask
from app.clock import local_iso
from app.personal import HIDDEN
from app.tickets.lines import veil_of
from routing.rulebook import Rulebook

_QUERY = text(
    "SELECT c.id, c.round, c.planned_at, t.no, t.title, t.host_unit, t.type, t.channel, t.confidential, t.profile, "
    "t.version, t.supervise_level, t.rework_count, t.caller_phone, t.contact_phone, k.due, "
    "count(o.id) FILTER (WHERE o.result = 'not_reached') AS tries, "
    "coalesce(bool_or(o.result = 'answered' AND (o.satisfied IN (1, 2) OR o.solved = 3)), false) AS unhappy, "
    "count(o.id) FILTER (WHERE o.result = 'cancelled' AND o.reason IS NOT NULL) AS broken "
    "FROM callbacks c JOIN tickets t ON t.id = c.ticket_id "
    "LEFT JOIN callbacks o ON o.ticket_id = c.ticket_id AND o.round = c.round AND o.id <> c.id "
    "LEFT JOIN clocks k ON k.ticket_id = t.id AND k.kind = 'callback' AND k.stopped_at IS NULL "
    "WHERE c.result = 'planned' AND c.mode = 'human' "
    "AND (CAST(:until AS timestamptz) IS NULL OR c.planned_at <= :until) "
    "AND (CAST(:at AS timestamptz) IS NULL OR (c.planned_at, c.id) > (:at, :after)) "
    "GROUP BY c.id, t.id, k.id ORDER BY c.planned_at, c.id LIMIT :limit"
)


async def list_tasks(
    db: AsyncSession, book: Rulebook, sight: Sight, *, until: datetime | None, limit: int, cursor: str | None
) -> CallbackPage:
    """Planned calls of people, the earliest first; ``until``: those that may be made by then.

    Raises:
        CursorInvalidError: see app.api.cursor.
    """
    of = fingerprint("callbacks", local_iso(until))
    begin = read_cursor(cursor, of)
    values = {
        "until": until,
        "at": begin.at if begin else None,
        "after": begin.id if begin else 0,
        "limit": limit + 1,
    }
    rows = (await db.execute(_QUERY, values)).all()
    page = rows[:limit]
    following = Cursor(of, page[-1].planned_at, page[-1].id).encode() if len(rows) > limit else None
    return CallbackPage([_task(row, book, sight) for row in page], following)


def _task(row: Row[Any], book: Rulebook, sight: Sight) -> CallbackTask:
    veil = veil_of(row._mapping, sight)  # noqa: SLF001  (SQLAlchemy's name for it)
    unit = book.units.get(row.host_unit or "")
    return CallbackTask(
        id=row.id,
        ticket_no=row.no,
        title=veil.words(row.title) if sight.content else HIDDEN,
        unit=unit.name if unit else None,
        number=veil.phone(row.contact_phone or row.caller_phone) or "",
        planned_at=local_iso(row.planned_at) or "",
        due=local_iso(row.due),
        round=row.round,
        tries=row.tries,
        why=_why(row, book),
        version=row.version,
    )


def _why(row: Row[Any], book: Rulebook) -> list[str]:
    reasons = {
        "紧急": book.is_urgent(row.profile),
        "督办": row.supervise_level > 0,
        "重办": row.rework_count > 0,
        "不满意": row.unhappy,
        "未接通": row.tries > 0,
        "外呼未成功": row.broken > 0,
    }
    return [name for name, holds in reasons.items() if holds]
