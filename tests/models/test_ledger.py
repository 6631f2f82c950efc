"""The hash-chained ledgers: any later change shows."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.codes import TicketEventKind
from models.ledger import (
    GENESIS,
    append_audit,
    append_ticket_event,
    audit_entry,
    canonical,
    chained,
    first_break,
    ticket_event_entry,
)
from models.ticket import TicketEvent
from tests.fixtures.record import NOON, ticket_row

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_the_canonical_form_is_sorted_json_without_spaces_in_utf8_with_utc_microseconds():
    entry = {"seq": 1, "actor": "张三", "at": datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=8)))}
    assert canonical(entry) == '{"actor":"张三","at":"2026-11-24T04:00:00.000000+00:00","seq":1}'.encode()


def test_a_hash_is_sha256_over_the_previous_hash_and_the_canonical_entry():
    expected = hashlib.sha256(b"0" * 64 + b'{"a":1}').hexdigest()
    assert chained(GENESIS, {"a": 1}) == expected


@given(st.dictionaries(st.text(max_size=4), _JSON, max_size=5), st.randoms())
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(entry, random):
    items = list(entry.items())
    random.shuffle(items)
    assert canonical(dict(items)) == canonical(entry)


@given(st.integers(0, 4_000_000_000_000_000), st.integers(-720, 840))
def test_the_canonical_form_does_not_depend_on_the_time_zone(microseconds, minutes):
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert canonical({"at": elsewhere}) == canonical({"at": at})


def test_what_is_neither_json_nor_a_time_has_no_canonical_form():
    with pytest.raises(TypeError, match="not canonical: set"):
        canonical({"units": {1}})


async def _ticket(db: AsyncSession) -> int:
    row = ticket_row(host_unit=None, category=None, profile=None, tier=None, status=10)
    db.add(row)
    await db.commit()
    assert row.id is not None
    return row.id


async def _events(db: AsyncSession) -> list[TicketEvent]:
    return list((await db.execute(select(TicketEvent).order_by(TicketEvent.seq))).scalars())  # type: ignore[arg-type]


async def test_a_tickets_events_are_a_chain_that_starts_with_zeros_and_still_holds_when_read_back(db, db_sessions):
    ticket_id = await _ticket(db)
    payload = {"置信度": 0.9312, "units": ["640106", "640104"], "nested": {"b": None, "a": True}}
    for kind in (TicketEventKind.CREATED, TicketEventKind.CLASSIFIED, TicketEventKind.DISPATCHED):
        await append_ticket_event(db, ticket_id, kind, "system", NOON, payload)
    await db.commit()
    async with db_sessions() as other:
        rows = await _events(other)
        assert [row.seq for row in rows] == [1, 2, 3]
        assert rows[0].prev_hash == "0" * 64
        assert [row.prev_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
        assert first_break((r.seq, r.prev_hash, r.hash, ticket_event_entry(r)) for r in rows) is None


@pytest.mark.parametrize("number", [0.0, -0.0, 0.1 + 0.2, 1e15, 1e16, 1.5e300, 1e-7, 5e-324, 2**63, -1e22])
async def test_a_number_is_hashed_as_the_database_gives_it_back(db, db_sessions, number):
    ticket_id = await _ticket(db)
    await append_ticket_event(db, ticket_id, TicketEventKind.CREATED, "system", NOON, {"n": [number]})
    await db.commit()
    async with db_sessions() as other:
        rows = await _events(other)
        assert first_break((r.seq, r.prev_hash, r.hash, ticket_event_entry(r)) for r in rows) is None


async def test_two_sessions_that_append_to_one_ticket_get_one_number_each(db, db_sessions):
    ticket_id = await _ticket(db)

    async def append(number: int) -> int:
        async with db_sessions() as session:
            row = await append_ticket_event(
                session, ticket_id, TicketEventKind.CLASSIFIED, "system", NOON, {"number": number}
            )
            await session.commit()
            return row.seq

    assert sorted(await asyncio.gather(*(append(number) for number in range(8)))) == list(range(1, 9))
    rows = await _events(db)
    assert first_break((r.seq, r.prev_hash, r.hash, ticket_event_entry(r)) for r in rows) is None


async def test_two_sessions_that_append_to_the_audit_log_get_one_number_each(db, db_sessions):
    async def append(number: int) -> int:
        async with db_sessions() as session:
            seq = await append_audit(session, "user:a", "ticket.read", f"ticket:{number}", NOON)
            await session.commit()
            return seq

    assert sorted(await asyncio.gather(*(append(number) for number in range(8)))) == list(range(1, 9))
    rows = (await db.execute(select(AuditEntry).order_by(AuditEntry.seq))).scalars().all()
    assert first_break((r.seq, r.prev_hash, r.hash, audit_entry(r)) for r in rows) is None


async def test_an_entry_that_is_rolled_back_leaves_no_hole(db, db_sessions):
    async with db_sessions() as session:
        await append_audit(session, "user:a", "ticket.read", "ticket:1", NOON)
        await session.rollback()
    assert await append_audit(db, "user:a", "ticket.read", "ticket:2", NOON, {"phone": True}) == 1
    assert (await db.execute(select(AuditEntry))).scalar_one().prev_hash == GENESIS


async def test_what_the_database_hashes_of_an_access_is_its_canonical_form(db):
    odd = {"seq": 0, "subject": "x", "deep": {"seq": 0, "list": [1.0, -0.0, 1e20, None, True, '“引号" \\ \n']}}
    for number, subject in enumerate(('ticket:"seq":0,"subject":"', "工单：1", "\u2028\t", "")):
        seq = await append_audit(db, f'user:张"{number}', "ticket.read", subject, NOON, odd)
        assert seq == number + 1
    rows = (await db.execute(select(AuditEntry).order_by(AuditEntry.seq))).scalars().all()
    assert first_break((r.seq, r.prev_hash, r.hash, audit_entry(r)) for r in rows) is None
    assert [r.subject for r in rows] == ['ticket:"seq":0,"subject":"', "工单：1", "\u2028\t", ""]


def _chain(length: int) -> list[tuple[int, str, str, dict[str, int]]]:
    entries, previous = [], GENESIS
    for seq in range(1, length + 1):
        entry = {"seq": seq}
        digest = chained(previous, entry)
        entries.append((seq, previous, digest, entry))
        previous = digest
    return entries


def test_a_whole_chain_and_an_empty_one_hold():
    assert first_break(_chain(4)) is None
    assert first_break([]) is None


@pytest.mark.parametrize(
    ("breaking", "at"),
    [
        (lambda chain: chain[1:], 1),
        (lambda chain: [chain[0], *chain[2:]], 2),
        (lambda chain: [chain[1], chain[0], *chain[2:]], 1),
        (lambda chain: [*chain[:2], (3, chain[2][1], chain[2][2], {"seq": 4}), chain[3]], 3),
        (lambda chain: [*chain[:3], (4, GENESIS, chained(GENESIS, {"seq": 4}), {"seq": 4})], 4),
        (lambda chain: [*chain, chain[3]], 4),
    ],
    ids=["first gone", "second gone", "swapped", "content", "chained to something else", "twice"],
)
def test_a_broken_chain_is_found_where_it_breaks(breaking, at):
    assert first_break(breaking(_chain(4))) == at
