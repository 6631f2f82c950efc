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
    ("ck_tickets_one_host_when_dispatched", {"host_unit": None, "status": 35}),
    ("ck_tickets_close_type", {"close_type": "11"}),
    ("ck_tickets_exclude_reason", {"exclude_reason": "X11"}),
    ("ck_tickets_satisfied", {"satisfied": 6}),
    ("ck_tickets_solved", {"solved": 5}),
    ("ck_tickets_warn_state", {"warn_state": 3}),
    ("ck_tickets_supervise_level", {"supervise_level": 4}),
    ("ck_tickets_rework_once", {"rework_count": 2}),
    ("ck_tickets_excluded_with_reason", {"in_scope": False}),
    ("ck_tickets_merged_into_its_master", {"status": 92}),
    ("ck_tickets_merged_into_its_master", {"merged_into": 1}),
    ("fk_tickets_sub_unit_units", {"sub_unit": "NOBODY"}),
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
    ("ck_clocks_ref_of_kind", "co", {}),
    ("ck_clocks_ref_of_kind", "sign", {"ref": 1}),
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
    ("uq_holdings_one_live", "UPDATE holdings SET ended_at = NULL"),
    ("ck_holdings_end_after_start", "UPDATE holdings SET ended_at = started_at - interval '1 second'"),
    ("ck_holdings_kind", "UPDATE holdings SET kind = 'borrowed'"),
    ("fk_holdings_unit_units", "UPDATE holdings SET unit = 'NOBODY'"),
    ("ck_tickets_not_its_own_master", "UPDATE tickets SET merged_into = id WHERE no = 'T4'"),
    ("ck_requests_decided_when", "UPDATE requests SET decision = 'approved'"),
    ("ck_requests_decided_when", "UPDATE requests SET decided_at = now()"),
    ("ck_requests_decision", "UPDATE requests SET decision = 'maybe', decided_at = now()"),
    ("uq_requests_one_pending", "INSERT INTO requests (ticket_id, kind, reason, attachments, detail, asked_by, "
     "asked_at) SELECT ticket_id, kind, '', '{}', '{}', 'x', now() FROM requests"),
    ("ck_pauses_reason", "UPDATE pauses SET reason = 'co_handling'"),
    ("uq_pauses_one_live", "INSERT INTO pauses (ticket_id, reason, approved_by, until, started_at) "
     "SELECT ticket_id, 'appraisal', 'x', now(), now() FROM pauses"),
    ("ck_pauses_end_after_start", "UPDATE pauses SET ended_at = started_at - interval '1 second'"),
    ("ck_supervisions_level", "UPDATE supervisions SET level = 4"),
    ("uq_supervisions_one_live", "INSERT INTO supervisions (ticket_id, level, unit, reason, opened_by, started_at, due)"
     " SELECT ticket_id, 2, unit, '', 'x', now(), now() FROM supervisions"),
    ("ck_sub_dispatches_to_another", "UPDATE sub_dispatches SET to_unit = from_unit"),
    ("ck_sub_dispatches_state", "UPDATE sub_dispatches SET state = 'lost'"),
    ("uq_replies_ticket_id_version", "INSERT INTO replies (ticket_id, version, unit, result, public_reply, solved, "
     "over_duty, attachments, handler, submitted_at) SELECT ticket_id, version, unit, '', '', 1, false, '{}', 'x', "
     "now() FROM replies"),
    ("ck_replies_solved", "UPDATE replies SET solved = 7"),
    ("ck_contact_records_result", "UPDATE contact_records SET result = 'maybe'"),
    ("uq_messages_cause", "INSERT INTO messages (id, cause, ticket_id, template, fields, recipient, state, attempts, "
     "created_at) SELECT 'm2', cause, ticket_id, template, fields, recipient, state, 0, now() FROM messages"),
    ("ck_messages_state", "UPDATE messages SET state = 'lost'"),
    ("ck_links_ordered", "INSERT INTO links (low, high, kind, by, at) SELECT id, id, 'same_place', 'x', now() "
     "FROM tickets"),
    ("uq_links_low_high", "INSERT INTO links (low, high, kind, by, at) SELECT min(id), max(id), kind, 'x', now() "
     "FROM tickets, unnest(ARRAY['same_place', 'same_person']) kind GROUP BY kind"),
    ("ck_stored_files_size", "INSERT INTO stored_files VALUES ('a', 0, 'image/png', 'clean', now())"),
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
