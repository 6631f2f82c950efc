"""Rows the database does not take, and addresses of databases."""

# ruff: noqa: ISC004  (SQL in pieces)

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.session import driver_url
from tests.fixtures.record import NOON, clock_row, ticket_row

BAD_TICKETS = [
    ("ck_tickets_one_host_when_dispatched", {"host_unit": None}),
    ("ck_tickets_one_host_when_dispatched", {"host_unit": None, "status": 76}),
    ("ck_tickets_content_not_empty", {"content": ""}),
    ("ck_tickets_confidence", {"confidence": 1.01}),
    ("ck_tickets_confidence", {"confidence": -0.01}),
    ("ck_tickets_status", {"status": 41}),
    ("ck_tickets_type", {"type": "08"}),
    ("ck_tickets_channel", {"channel": "99"}),
    ("ck_tickets_urgency", {"urgency": 5}),
    ("ck_tickets_tier", {"tier": 0}),
    ("uq_tickets_no", {"no": "T1"}),
    ("uq_tickets_call_id", {"call_id": "c1"}),
    ("fk_tickets_host_unit_units", {"host_unit": "NOBODY"}),
    ("fk_tickets_category_categories", {"category": "999999"}),
]


@pytest.mark.parametrize(("constraint", "values"), BAD_TICKETS, ids=str)
async def test_a_ticket_that_cannot_be_is_refused(lasting_record, constraint, values):
    lasting_record.add(ticket_row(**{"no": "T9", **values}))
    with pytest.raises(IntegrityError) as caught:
        await lasting_record.flush()
    assert caught.value.orig.diag.constraint_name == constraint


@pytest.mark.parametrize("status", [10, 12, 15, 20, 30, 80, 93])
async def test_a_ticket_that_is_not_with_a_unit_needs_no_host(lasting_record, status):
    lasting_record.add(ticket_row("T9", status=status, host_unit=None))
    await lasting_record.flush()


BAD_CLOCKS = [
    ("uq_clocks_one_live", "finish", {}),
    ("uq_clocks_one_citizen", "citizen", {}),
    ("uq_clocks_one_citizen", "citizen", {"stopped_at": NOON}),
    ("ck_clocks_family_of_kind", "sign", {"family": "citizen"}),
    ("ck_clocks_family_of_kind", "citizen", {"family": "unit"}),
    ("ck_clocks_due_after_start", "sign", {"due": NOON - timedelta(seconds=1)}),
    ("ck_clocks_stop_after_start", "sign", {"stopped_at": NOON - timedelta(seconds=1)}),
    ("ck_clocks_kind", "nap", {}),
    ("fk_clocks_holder_units", "sign", {"holder": "NOBODY"}),
]


@pytest.mark.parametrize(("constraint", "kind", "values"), BAD_CLOCKS, ids=str)
async def test_a_clock_that_cannot_be_is_refused(lasting_record, constraint, kind, values):
    ticket_id = (await lasting_record.execute(text("SELECT id FROM tickets WHERE no = 'T1'"))).scalar_one()
    lasting_record.add(clock_row(ticket_id, kind, **values))
    with pytest.raises(IntegrityError) as caught:
        await lasting_record.flush()
    assert caught.value.orig.diag.constraint_name == constraint


async def test_a_unit_clock_may_run_again_once_the_one_before_is_stopped(lasting_record):
    ticket_id = (await lasting_record.execute(text("SELECT id FROM tickets WHERE no = 'T1'"))).scalar_one()
    await lasting_record.execute(
        text("UPDATE clocks SET stopped_at = started_at WHERE ticket_id = :id AND kind = 'finish'"), {"id": ticket_id}
    )
    lasting_record.add(clock_row(ticket_id, holder="D2"))
    await lasting_record.flush()


BAD_STATEMENTS = [
    ("ck_call_events_seq", "UPDATE call_events SET seq = 0 WHERE seq = 1"),
    ("ck_calls_outcome", "UPDATE calls SET outcome = 'lost'"),
    ("uq_calls_reserved_no", "UPDATE calls SET reserved_no = 'T1'"),
    ("ck_captions_span", "UPDATE captions SET end_s = start_s - 0.1"),
    ("ck_captions_side", "UPDATE captions SET side = 'both'"),
    ("ck_recordings_side", "UPDATE recordings SET side = 'both'"),
    ("ck_units_not_own_parent", "UPDATE units SET parent = code"),
    ("ck_places_not_own_parent", "UPDATE places SET parent = code"),
    ("ck_units_tier", "UPDATE units SET tier = 5"),
    ("fk_captions_call_id_calls", "UPDATE captions SET call_id = 'c9'"),
    ("uq_ticket_events_ticket_id_seq", "INSERT INTO ticket_events (ticket_id, seq, kind, actor, at, payload, prev_hash,"
     " hash) SELECT ticket_id, seq, kind, actor, at, payload, prev_hash, hash FROM ticket_events"),
    ("uq_outbox_topic_key", "INSERT INTO outbox (topic, key, payload, created_at, available_at, attempts) "
     "SELECT 'draft_ticket', 'c1/1', '{}', now(), now(), 0 FROM generate_series(1, 2)"),
    ("ck_user_roles_role", "WITH u AS (INSERT INTO users (login, name, password_hash, active, failures, created_at) "
     "VALUES ('a', 'a', '', true, 0, now()) RETURNING id) INSERT INTO user_roles SELECT id, 'king' FROM u"),
]  # fmt: skip


@pytest.mark.parametrize(("constraint", "statement"), BAD_STATEMENTS, ids=[row[0] for row in BAD_STATEMENTS])
async def test_a_row_that_cannot_be_is_refused(lasting_record, constraint, statement):
    with pytest.raises(IntegrityError) as caught:
        await lasting_record.execute(text(statement))
    assert caught.value.orig.diag.constraint_name == constraint


async def test_two_calls_may_do_without_a_ticket_number(lasting_record):
    await lasting_record.execute(text("UPDATE calls SET reserved_no = NULL"))


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_the_driver_is_named_in_an_address(given, made):
    assert driver_url(given) == made
