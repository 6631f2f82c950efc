"""Hash-chained, append-only ledgers: the events of a ticket, and the audit log.

``hash = SHA-256(prev_hash || canonical(entry))``; the first entry's ``prev_hash`` is 64 zeros. Canonical: JSON with
sorted keys, no spaces, UTF-8, times in UTC with microseconds, numbers as the database gives them back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.codes import TicketEventKind
from models.ticket import TicketEvent
from models.workflow_codes import TicketAction

GENESIS = "0" * 64
_PLAIN = frozenset({str, int, bool, type(None)})
"""Told as they are: most values, and looked at first."""
_EXPONENT = 1e16
"""From here on Python writes a float with an exponent."""


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The bytes that are hashed."""
    stored = _as_stored(entry)
    return json.dumps(stored, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


def _as_stored(value: Any) -> Any:
    """Numbers as ``jsonb`` gives them back: no negative zero, and no exponent (from 1e16 on that makes an integer)."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {key: _as_stored(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_stored(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return int(Decimal(repr(value))) if abs(value) >= _EXPONENT else value + 0.0
    return value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"not canonical: {type(value).__name__}")


def chained(prev_hash: str, entry: Mapping[str, Any]) -> str:
    """Hash of an entry that follows ``prev_hash``, in hex."""
    return sha256(prev_hash.encode("ascii") + canonical(entry)).hexdigest()


def ticket_event_entry(row: TicketEvent) -> dict[str, Any]:
    """What is hashed of a ticket's event."""
    return {
        "ticket_id": row.ticket_id,
        "seq": row.seq,
        "kind": row.kind,
        "actor": row.actor,
        "at": row.at,
        "payload": row.payload,
    }


def audit_entry(row: AuditEntry) -> dict[str, Any]:
    """What is hashed of an access."""
    return {
        "seq": row.seq,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
    }


def first_break(entries: Iterable[tuple[int, str, str, Mapping[str, Any]]]) -> int | None:
    """The first ``seq`` at which a chain does not hold; None: it holds.

    Args:
        entries: (seq, prev_hash, hash, canonical entry) in the order of ``seq``.
    """
    expected_seq, expected_prev = 1, GENESIS
    for seq, prev_hash, digest, entry in entries:
        if seq != expected_seq or prev_hash != expected_prev or digest != chained(prev_hash, entry):
            return min(seq, expected_seq)
        expected_seq, expected_prev = seq + 1, digest
    return None


_NEWEST = text("SELECT seq, hash FROM ticket_events WHERE ticket_id = :id ORDER BY seq DESC LIMIT 1")


async def append_ticket_event(
    session: AsyncSession,
    ticket_id: int,
    kind: TicketEventKind | TicketAction,
    actor: str,
    at: datetime,
    payload: dict[str, Any],
    *,
    locked: bool = False,
) -> TicketEvent:
    """Add an event to a ticket's chain in the caller's transaction; locks the ticket until its end.

    ``locked``: the caller has locked it already.
    """
    if not locked:
        await session.execute(text("SELECT 1 FROM tickets WHERE id = :id FOR UPDATE"), {"id": ticket_id})
    await session.flush()
    last = (await session.execute(_NEWEST, {"id": ticket_id})).one_or_none()
    row = TicketEvent(
        ticket_id=ticket_id,
        seq=last.seq + 1 if last else 1,
        kind=kind.value,
        actor=actor,
        at=at.astimezone(UTC),
        payload=payload,
        prev_hash=last.hash if last else GENESIS,
        hash="",
    )
    row.hash = chained(row.prev_hash, ticket_event_entry(row))
    session.add(row)
    await session.flush()
    return row


_LAST = text(
    "SELECT t.id, e.seq, e.hash FROM unnest(CAST(:ids AS bigint[])) AS t(id) CROSS JOIN LATERAL "
    "(SELECT seq, hash FROM ticket_events WHERE ticket_id = t.id ORDER BY seq DESC LIMIT 1) e"
)
_APPEND = text(
    "INSERT INTO ticket_events (ticket_id, seq, kind, actor, at, payload, prev_hash, hash) "
    "SELECT u.ticket_id, u.seq, u.kind, :actor, :at, u.payload, u.prev_hash, u.hash FROM jsonb_to_recordset("
    "CAST(:rows AS jsonb)) AS u(ticket_id bigint, seq int, kind text, payload jsonb, prev_hash text, hash text)"
)


async def append_ticket_events(
    session: AsyncSession,
    events: Sequence[tuple[int, TicketEventKind | TicketAction, dict[str, Any]]],
    actor: str,
    at: datetime,
) -> list[int]:
    """Add events (ticket's id, kind, payload) to many tickets' chains at once; the caller has locked the tickets.

    The ``seq`` of each, in their order.
    """
    if not events:
        return []
    at = at.astimezone(UTC)
    ids = list(dict.fromkeys(ticket_id for ticket_id, _, _ in events))
    last = {row.id: (row.seq, row.hash) for row in await session.execute(_LAST, {"ids": ids})}
    rows: list[dict[str, Any]] = []
    for ticket_id, kind, payload in events:
        seq, prev_hash = last.get(ticket_id, (0, GENESIS))
        row = {"ticket_id": ticket_id, "seq": seq + 1, "kind": kind.value, "payload": payload}
        digest = chained(prev_hash, {**row, "actor": actor, "at": at})
        last[ticket_id] = (seq + 1, digest)
        rows.append({**row, "prev_hash": prev_hash, "hash": digest})
    await session.execute(_APPEND, {"actor": actor, "at": at, "rows": json.dumps(rows, ensure_ascii=False)})
    return [row["seq"] for row in rows]


_AUDIT = text(
    "SELECT append_audit(:at, :actor, :action, :subject, CAST(:detail AS jsonb), :head, :tail)"  # migration 0011
)
_NO_SEQ = '"seq":0,'


async def append_audit(
    session: AsyncSession, actor: str, action: str, subject: str, at: datetime, detail: dict[str, Any] | None = None
) -> int:
    """Add an access to the audit log in the caller's transaction; its number. One writer at a time until its end."""
    at, detail = at.astimezone(UTC), detail or {}
    entry = {"seq": 0, "at": at, "actor": actor, "action": action, "subject": subject, "detail": detail}
    # keys are sorted: behind the number there is only the subject, in which a quotation mark is escaped
    head, _, tail = canonical(entry).decode().rpartition(_NO_SEQ)
    values = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": json.dumps(detail)}
    values |= {"head": f'{head}"seq":', "tail": f",{tail}"}
    return int((await session.execute(_AUDIT, values)).scalar_one())
