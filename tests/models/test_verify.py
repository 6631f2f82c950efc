"""``hotline verify``: a healthy record passes, and every way to break it by hand is found."""

# ruff: noqa: ISC004  (SQL in pieces, as in models/verify.py)

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from models.verify import verify

from .breaches_of_life import LIFE_BREACHES

_EVENT = "WHERE ticket_id = (SELECT id FROM tickets WHERE no = 'T1') AND seq"
_T1_CLOCK = "WHERE ticket_id = (SELECT id FROM tickets WHERE no = 'T1') AND kind"

BREACHES = [
    # what is done to the record by hand; what is found: check → examples
    ("ALTER TABLE tickets DROP CONSTRAINT ck_tickets_one_host_when_dispatched;"
     "UPDATE tickets SET host_unit = NULL WHERE no = 'T1'",
     {"dispatched_ticket_has_one_host": ("T1",), "clock_is_the_holders": ("T1",),
      "open_ticket_has_one_holder_and_the_right_one": ("T1",)}),
    (f"DELETE FROM clocks {_T1_CLOCK} = 'citizen'",
     {"ticket_has_one_citizen_clock": ("T1",), "ticket_has_its_citizen_clock_or_says_why_not": ("T1",)}),
    (f"DELETE FROM clocks {_T1_CLOCK} = 'citizen'; UPDATE tickets SET citizen_due = NULL WHERE no = 'T1'",
     {"ticket_has_its_citizen_clock_or_says_why_not": ("T1",)}),
    (f"DELETE FROM clocks {_T1_CLOCK} = 'citizen'; UPDATE tickets SET citizen_due = NULL, "
     "missing_clocks = '{citizen}' WHERE no = 'T1'", {"ticket_has_its_citizen_clock_or_says_why_not": ("T1",)}),
    ("UPDATE tickets SET assessment = jsonb_build_object('limits', jsonb_build_object('texts', "
     "jsonb_build_object('backfill', '24h'))) WHERE no = 'T1'",
     {"ticket_has_its_citizen_clock_or_says_why_not": ("T1",)}),
    ("DROP INDEX uq_clocks_one_citizen; DROP INDEX uq_clocks_one_live; INSERT INTO clocks (ticket_id, kind, family, "
     '"limit", started_at, due, paused, next_at) SELECT ticket_id, kind, family, "limit", started_at, due, paused, '
     f"next_at FROM clocks {_T1_CLOCK} = 'citizen'", {"ticket_has_one_citizen_clock": ("T1",)}),
    (f"UPDATE clocks SET holder = 'D2' {_T1_CLOCK} = 'finish'", {"clock_is_the_holders": ("T1",)}),
    (f"UPDATE clocks SET holder = NULL {_T1_CLOCK} = 'finish'", {"clock_is_the_holders": ("T1",)}),
    (f"UPDATE clocks SET due = due + interval '1 second' {_T1_CLOCK} = 'citizen'",
     {"clock_agrees_with_ticket": ("T1",)}),
    ("UPDATE tickets SET due = due + interval '1 day' WHERE no = 'T1'", {"clock_agrees_with_ticket": ("T1",)}),
    ("UPDATE tickets SET content = '  ' WHERE no = 'T1'", {"ticket_has_words": ("T1",)}),
    ("UPDATE tickets SET title = '' WHERE no = 'T2'", {"ticket_has_words": ("T2",)}),
    (f"DELETE FROM ticket_events {_EVENT} >= 1",
     {"ticket_has_events": ("T1",), "ticket_state_is_in_its_events": ("T1",)}),
    (f"DELETE FROM ticket_events {_EVENT} = 3", {"ticket_state_is_in_its_events": ("T1",)}),
    (f"DELETE FROM ticket_events {_EVENT} >= 2", {"ticket_state_is_in_its_events": ("T1",)}),
    ("UPDATE calls SET reserved_no = 'T7' WHERE id = 'c1'", {"ticket_of_a_call_has_its_number": ("T1",)}),
    ("UPDATE tickets SET call_id = NULL", {"call_with_words_has_its_ticket": ("c1",)}),
    ("UPDATE tickets SET call_id = NULL; UPDATE calls SET drafted_at = NULL, ended_at = now() - interval '16 minutes' "
     "WHERE id = 'c1'", {"call_with_words_has_its_ticket": ("c1",)}),
    ("UPDATE calls SET outcome = 'silent' WHERE id = 'c1'", {"call_without_words_has_no_ticket": ("c1",)}),
    ("UPDATE tickets SET call_id = 'c3' WHERE no = 'T2'",
     {"placed_call_has_no_ticket_of_its_own": ("c3",), "call_without_words_has_no_ticket": ("c3",)}),
    ("UPDATE calls SET drafted_at = NULL, ended_at = now() - interval '16 minutes' WHERE id = 'c3'",
     {"placed_call_was_passed_on": ("c3",)}),
    ("DELETE FROM recordings WHERE call_id = 'c2'", {"answered_call_is_recorded": ("c2",)}),
    ("DELETE FROM recordings WHERE part = 2", {"reanchored_call_has_all_parts": ("c1",)}),
    ("DELETE FROM call_events WHERE call_id = 'c1' AND seq = 2", {"call_events_have_no_holes": ("c1",)}),
    ("DELETE FROM call_events WHERE call_id = 'c2' AND seq = 1", {"call_events_have_no_holes": ("c2",)}),
    ("INSERT INTO call_events SELECT call_id, 4, kind, at, node, payload, fault, received_at FROM call_events "
     "WHERE call_id = 'c1' AND kind = 'ended'", {"call_ended_once": ("c1",)}),
    ("UPDATE call_events SET fault = 'x' WHERE call_id = 'c2' AND seq = 2", {"call_event_was_applied": ("c2/2",)}),
    ("ALTER TABLE units DISABLE TRIGGER ALL; UPDATE units SET parent = 'D1' WHERE code = 'HL'",
     {"units_are_a_tree": ("D1", "D2", "D3", "HL")}),
    ("UPDATE places SET parent = 'P1' WHERE code = 'C'", {"places_are_a_tree": ("C", "P1")}),
    # the ledgers
    (f"UPDATE ticket_events SET payload = payload || '{{\"unit\": \"D2\"}}' {_EVENT} = 2",
     {"ticket_events_are_unaltered": ("T1#2",)}),
    (f"UPDATE ticket_events SET at = at + interval '1 microsecond' {_EVENT} = 1",
     {"ticket_events_are_unaltered": ("T1#1",)}),
    (f"UPDATE ticket_events SET actor = 'user:b' {_EVENT} = 3", {"ticket_events_are_unaltered": ("T1#3",)}),
    (f"UPDATE ticket_events SET kind = 'text_arrived' {_EVENT} = 1", {"ticket_events_are_unaltered": ("T1#1",)}),
    (f"UPDATE ticket_events SET hash = md5(hash) {_EVENT} = 2", {"ticket_events_are_unaltered": ("T1#2",)}),
    (f"DELETE FROM ticket_events {_EVENT} = 1", {"ticket_events_are_unaltered": ("T1#1",)}),
    (f"DELETE FROM ticket_events {_EVENT} = 2",
     {"ticket_events_are_unaltered": ("T1#2",), "ticket_state_is_in_its_events": ("T1",)}),
    (f"UPDATE ticket_events SET seq = 9 {_EVENT} = 1; UPDATE ticket_events SET seq = 1 {_EVENT} = 2;"
     f"UPDATE ticket_events SET seq = 2 {_EVENT} = 9", {"ticket_events_are_unaltered": ("T1#1",)}),
    ("UPDATE ticket_events SET ticket_id = (SELECT id FROM tickets WHERE no = 'T2'), seq = 4 " + _EVENT + " = 3",
     {"ticket_events_are_unaltered": ("T2#4",), "ticket_state_is_in_its_events": ("T1",)}),
    ("UPDATE audit_log SET actor = 'user:b' WHERE seq = 2", {"audit_log_is_unaltered": ("#2",)}),
    ("UPDATE audit_log SET at = at + interval '1 second' WHERE seq = 1", {"audit_log_is_unaltered": ("#1",)}),
    ("UPDATE audit_log SET detail = '{\"phone\": false}' WHERE seq = 1", {"audit_log_is_unaltered": ("#1",)}),
    ("UPDATE audit_log SET subject = 'ticket:T9' WHERE seq = 3", {"audit_log_is_unaltered": ("#3",)}),
    ("DELETE FROM audit_log WHERE seq = 2", {"audit_log_is_unaltered": ("#2",)}),
    *LIFE_BREACHES,
]  # fmt: skip


async def test_a_healthy_record_has_no_breach_and_everything_was_looked_at(record):
    checks = await verify(record)
    assert [(check.name, check.examples) for check in checks if check.breaches] == []
    assert [check.name for check in checks if check.looked_at == 0] == []
    looked_at = {check.name: check.looked_at for check in checks}
    assert looked_at["ticket_events_are_unaltered"] == 7
    assert looked_at["audit_log_is_unaltered"] == 3
    assert looked_at["call_event_was_applied"] == 6


async def test_an_empty_database_has_no_breach(db):
    assert {(check.looked_at, check.breaches) for check in await verify(db)} == {(0, 0)}


async def test_every_check_is_broken_by_a_case_here(record):
    assert {check.name for check in await verify(record)} == {name for _, found in BREACHES for name in found}


@pytest.mark.parametrize(("by_hand", "found"), BREACHES, ids=[next(iter(found)) for _, found in BREACHES])
async def test_what_was_altered_by_hand_is_found_and_nothing_else(record, by_hand, found):
    await record.execute(text("SET session_replication_role = replica"))
    for statement in by_hand.split(";"):
        await record.execute(text(statement.replace(":", "\\:")))
    await record.execute(text("SET session_replication_role = origin"))
    await record.commit()
    checks = await verify(record)
    assert {check.name: tuple(sorted(check.examples)) for check in checks if check.breaches} == found


async def test_a_ticket_that_says_why_it_has_no_clock_of_the_citizens_yet_is_sound(record):
    await record.execute(text(f"DELETE FROM clocks {_T1_CLOCK} = 'citizen'"))
    await record.execute(
        text(
            "UPDATE tickets SET citizen_due = NULL, missing_clocks = '{citizen}', confirm = '{时限未计}' "
            "WHERE no = 'T1'"
        )
    )
    await record.commit()
    assert [check.name for check in await verify(record) if check.breaches] == []


async def test_a_call_that_ended_just_now_may_still_be_on_its_way_to_a_ticket(record):
    await record.execute(text("UPDATE tickets SET call_id = NULL"))
    await record.execute(text("UPDATE calls SET drafted_at = NULL, ended_at = now() WHERE id = 'c1'"))
    await record.commit()
    assert [check.name for check in await verify(record) if check.breaches] == []


async def test_of_many_breaches_twenty_are_named_and_all_are_counted(record):
    await record.execute(text("SET session_replication_role = replica"))
    await record.execute(
        text("INSERT INTO call_events SELECT 'x' || n, 1, 'odd', now(), 'n', '{}', 'bad', now() "
             "FROM generate_series(1, 25) n")
    )  # fmt: skip
    await record.commit()
    (check,) = [check for check in await verify(record) if check.breaches]
    assert (check.name, check.breaches, len(check.examples)) == ("call_event_was_applied", 25, 20)


async def test_verifying_cannot_change_anything(record):
    await verify(record)
    with pytest.raises(InternalError, match="read-only transaction"):
        await record.execute(text("UPDATE tickets SET title = 'x'"))
