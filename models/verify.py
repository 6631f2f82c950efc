"""Every invariant over the whole database: what ``hotline verify`` asks. Each check names what breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.ledger import audit_entry, first_break, ticket_event_entry
from models.ticket import TicketEvent
from models.verify_life import LIFE_QUERIES

_SHOWN = 20

_SETTLE = "interval '15 minutes'"
"""Calls younger than this may still be on their way to a ticket."""

_QUERIES: dict[str, tuple[str, str]] = {
    # name: (SQL that counts what is looked at, SQL that names each breach)
    "dispatched_ticket_has_one_host": (
        "SELECT count(*) FROM tickets WHERE status BETWEEN 40 AND 79",
        "SELECT no FROM tickets WHERE status BETWEEN 40 AND 79 AND host_unit IS NULL",
    ),
    "ticket_has_one_citizen_clock": (
        "SELECT count(*) FROM tickets WHERE profile IS NOT NULL",
        "SELECT t.no FROM tickets t WHERE t.citizen_due IS NOT NULL AND "
        "(SELECT count(*) FROM clocks c WHERE c.ticket_id = t.id AND c.family = 'citizen') <> 1",
    ),
    # limits of a classified ticket are kept with it; without words the city's default ran, which has a citizen's
    "ticket_has_its_citizen_clock_or_says_why_not": (
        "SELECT count(*) FROM tickets WHERE profile IS NOT NULL",
        "SELECT t.no FROM tickets t WHERE t.profile IS NOT NULL AND "
        "CASE WHEN coalesce(t.assessment #> '{limits,texts}' ? 'citizen', true) "
        "THEN NOT EXISTS (SELECT FROM clocks c WHERE c.ticket_id = t.id AND c.family = 'citizen') "
        "AND NOT ('citizen' = ANY(t.missing_clocks) AND t.confirm <> '{}') "
        "ELSE EXISTS (SELECT FROM clocks c WHERE c.ticket_id = t.id AND c.family = 'citizen' "
        "AND c.stopped_at IS NULL) END",
    ),
    "clock_is_the_holders": (
        "SELECT count(*) FROM clocks WHERE stopped_at IS NULL AND family = 'unit'",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE c.stopped_at IS NULL AND "
        "c.family = 'unit' AND c.kind IN ('sign', 'contact', 'feedback', 'finish') "
        "AND c.holder IS DISTINCT FROM t.host_unit",
    ),
    "clock_agrees_with_ticket": (
        "SELECT count(*) FROM clocks WHERE kind IN ('finish', 'citizen')",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE c.stopped_at IS NULL AND "
        "((c.kind = 'citizen' AND c.due IS DISTINCT FROM t.citizen_due) "
        "OR (c.kind = 'finish' AND c.due IS DISTINCT FROM t.due))",
    ),
    "ticket_has_words": (
        "SELECT count(*) FROM tickets",
        "SELECT no FROM tickets WHERE btrim(content) = '' OR btrim(title) = ''",
    ),
    "ticket_has_events": (
        "SELECT count(*) FROM tickets",
        "SELECT no FROM tickets t WHERE NOT EXISTS (SELECT FROM ticket_events e WHERE e.ticket_id = t.id)",
    ),
    # a chain whose newest entries are gone still holds: what the ticket says it is must be told by them
    "ticket_state_is_in_its_events": (
        "SELECT count(*) FROM tickets",
        "SELECT no FROM tickets t WHERE "
        "(t.status BETWEEN 40 AND 79 AND NOT EXISTS "
        "(SELECT FROM ticket_events e WHERE e.ticket_id = t.id "
        "AND e.kind IN ('dispatched', 'dispatch', 'designate'))) OR "
        "(t.category IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM ticket_events e WHERE e.ticket_id = t.id AND (e.kind = 'classified' "
        "OR (e.kind = 'created' AND e.payload -> 'chosen' ? 'category') "
        "OR (e.kind = 'amend' AND e.payload -> 'changed' ? 'category'))))",
    ),
    "ticket_of_a_call_has_its_number": (
        "SELECT count(*) FROM tickets WHERE call_id IS NOT NULL",
        "SELECT t.no FROM tickets t JOIN calls c ON c.id = t.call_id "
        "WHERE c.reserved_no IS NOT NULL AND c.reserved_no <> t.no",
    ),
    "call_with_words_has_its_ticket": (
        "SELECT count(*) FROM calls WHERE outcome IN ('appeal', 'partial')",
        "SELECT c.id FROM calls c WHERE c.outcome IN ('appeal', 'partial') AND c.ended_at IS NOT NULL AND ("
        f"(c.drafted_at IS NULL AND c.ended_at < now() - {_SETTLE}) OR "
        "(c.drafted_at IS NOT NULL AND NOT EXISTS (SELECT FROM tickets t WHERE t.call_id = c.id)))",
    ),
    "call_without_words_has_no_ticket": (
        "SELECT count(*) FROM calls WHERE outcome NOT IN ('appeal', 'partial', 'in_progress')",
        "SELECT c.id FROM calls c JOIN tickets t ON t.call_id = c.id "
        "WHERE c.outcome NOT IN ('appeal', 'partial', 'in_progress')",
    ),
    "placed_call_has_no_ticket_of_its_own": (
        "SELECT count(*) FROM calls WHERE direction = 'out'",
        "SELECT c.id FROM calls c JOIN tickets t ON t.call_id = c.id WHERE c.direction = 'out'",
    ),
    "placed_call_was_passed_on": (
        "SELECT count(*) FROM calls WHERE direction = 'out' AND ended_at IS NOT NULL",
        f"SELECT id FROM calls WHERE direction = 'out' AND drafted_at IS NULL AND ended_at < now() - {_SETTLE}",
    ),
    "answered_call_is_recorded": (
        "SELECT count(*) FROM calls WHERE answered_at IS NOT NULL AND ended_at IS NOT NULL",
        "SELECT id FROM calls c WHERE answered_at IS NOT NULL AND ended_at IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM recordings r WHERE r.call_id = c.id AND r.side = 'citizen')",
    ),
    "reanchored_call_has_all_parts": (
        "SELECT count(*) FROM calls WHERE reanchored > 0 AND ended_at IS NOT NULL",
        "SELECT id FROM calls c WHERE reanchored > 0 AND ended_at IS NOT NULL AND "
        "(SELECT count(*) FROM recordings r WHERE r.call_id = c.id AND r.side = 'citizen') < c.reanchored + 1",
    ),
    "call_events_have_no_holes": (
        "SELECT count(DISTINCT call_id) FROM call_events",
        "SELECT call_id FROM call_events GROUP BY call_id "
        "HAVING bool_or(kind = 'ended') AND (max(seq) <> count(*) OR min(seq) <> 1)",
    ),
    "call_ended_once": (
        "SELECT count(*) FROM call_events WHERE kind = 'ended'",
        "SELECT call_id FROM call_events WHERE kind = 'ended' GROUP BY call_id HAVING count(*) > 1",
    ),
    "call_event_was_applied": (
        "SELECT count(*) FROM call_events",
        "SELECT call_id || '/' || seq FROM call_events WHERE fault IS NOT NULL",
    ),
    "units_are_a_tree": (
        "SELECT count(*) FROM units",
        "WITH RECURSIVE down AS (SELECT code FROM units WHERE parent IS NULL UNION "
        "SELECT u.code FROM units u JOIN down d ON u.parent = d.code) "
        "SELECT code FROM units WHERE code NOT IN (SELECT code FROM down)",
    ),
    "places_are_a_tree": (
        "SELECT count(*) FROM places",
        "WITH RECURSIVE down AS (SELECT code FROM places WHERE parent IS NULL UNION "
        "SELECT p.code FROM places p JOIN down d ON p.parent = d.code) "
        "SELECT code FROM places WHERE code NOT IN (SELECT code FROM down)",
    ),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how many things were looked at, and which break it (the first 20)."""

    name: str
    looked_at: int
    breaches: int
    examples: tuple[str, ...] = field(default=())


async def verify(session: AsyncSession) -> list[Check]:
    """All checks, on one snapshot of the database."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    checks = []
    for name, (count, breaches) in (_QUERIES | LIFE_QUERIES).items():
        looked_at = int((await session.execute(text(count))).scalar_one())
        found = [str(value) for value in (await session.execute(text(breaches))).scalars()]
        checks.append(Check(name, looked_at, len(found), tuple(found[:_SHOWN])))
    checks.append(await _ticket_chains(session))
    checks.append(await _audit_chain(session))
    return checks


async def _ticket_chains(session: AsyncSession) -> Check:
    numbers = {row.id: row.no for row in await session.execute(text("SELECT id, no FROM tickets"))}
    broken = []
    looked_at = 0
    async for ticket_id, rows in _by_ticket(session):
        looked_at += 1
        seq = first_break((row.seq, row.prev_hash, row.hash, ticket_event_entry(row)) for row in rows)
        if seq is not None:
            broken.append(f"{numbers.get(ticket_id, ticket_id)}#{seq}")
    return Check("ticket_events_are_unaltered", looked_at, len(broken), tuple(broken[:_SHOWN]))


async def _by_ticket(session: AsyncSession) -> AsyncIterator[tuple[int, list[TicketEvent]]]:
    """The events of one ticket after the other, without holding all of them."""
    query = select(TicketEvent).order_by(text("ticket_id, seq")).execution_options(yield_per=1000)
    rows: list[TicketEvent] = []
    async for row in await session.stream_scalars(query):
        if rows and rows[0].ticket_id != row.ticket_id:
            yield rows[0].ticket_id, rows
            rows = []
        rows.append(row)
    if rows:
        yield rows[0].ticket_id, rows


async def _audit_chain(session: AsyncSession) -> Check:
    rows = (await session.execute(select(AuditEntry).order_by(text("seq")))).scalars().all()
    seq = first_break((row.seq, row.prev_hash, row.hash, audit_entry(row)) for row in rows)
    return Check("audit_log_is_unaltered", len(rows), 0 if seq is None else 1, () if seq is None else (f"#{seq}",))
