"""Every way to break what models/verify_life.py asks: what is done by hand, and what is found."""

# ruff: noqa: ISC004  (SQL in pieces, as in models/verify_life.py)

from __future__ import annotations


def _of(no: str, kind: str = "") -> str:
    """Rows of a ticket (live clocks of a kind)."""
    ticket = f"ticket_id = (SELECT id FROM tickets WHERE no = '{no}')"
    return f"WHERE {ticket} AND kind = '{kind}'" if kind else f"WHERE {ticket}"


Breach = tuple[str, dict[str, tuple[str, ...]]]

HOLDERS: list[Breach] = [
    (f"UPDATE holdings SET unit = 'D2' {_of('T1')} AND ended_at IS NULL",
     {"open_ticket_has_one_holder_and_the_right_one": ("T1",)}),
    (f"UPDATE holdings SET ended_at = now() {_of('T1')} AND ended_at IS NULL",
     {"open_ticket_has_one_holder_and_the_right_one": ("T1",)}),
    (f"UPDATE holdings SET ended_at = NULL {_of('T3')} AND unit = 'D1'",
     {"open_ticket_has_one_holder_and_the_right_one": ("T3",)}),
    ("UPDATE tickets SET status = 20 WHERE no = 'T2'", {"open_ticket_has_one_holder_and_the_right_one": ("T2",)}),
    (f"UPDATE tickets SET status = 15 WHERE no = 'T2'; DELETE FROM holdings {_of('T2')}",
     {"open_ticket_has_one_holder_and_the_right_one": ("T2",)}),
    (f"UPDATE holdings SET started_at = started_at + interval '1 second' {_of('T1')} AND unit = 'D1'",
     {"holders_follow_each_other_without_a_gap": ("T1",)}),
    (f"UPDATE holdings SET ended_at = NULL, started_at = started_at + interval '1 hour' {_of('T3')} AND unit = 'HL'",
     {"holders_follow_each_other_without_a_gap": ("T3", "T3"),
      "open_ticket_has_one_holder_and_the_right_one": ("T3",)}),
    (f"UPDATE holdings SET started_at = started_at + interval '1 second' {_of('T1')} AND unit = 'HL'",
     {"holders_follow_each_other_without_a_gap": ("T1",)}),
    ("UPDATE tickets SET closed_at = NULL WHERE no = 'T3'", {"holders_end_when_the_ticket_does": ("T3",)}),
    ("UPDATE tickets SET closed_at = closed_at - interval '1 second' WHERE no = 'T4'",
     {"holders_end_when_the_ticket_does": ("T4",)}),
]  # fmt: skip

CLOCKS: list[Breach] = [
    (f"UPDATE clocks SET stopped_at = NULL, next_at = due {_of('T3', 'finish')}",
     {"ended_ticket_has_no_running_clock": ("T3",)}),
    (f"UPDATE clocks SET stopped_at = started_at, outcome = 'close' {_of('T1', 'citizen')}",
     {"citizen_clock_runs_until_the_end": ("T1",)}),
    ("UPDATE clocks SET history = jsonb_build_array(jsonb_build_object('why', 'extension', 'due', "
     f"due + interval '1 second')) {_of('T1', 'finish')}",
     {"due_never_moves_earlier_by_a_pause_or_an_extension": ("T1",)}),
    ("UPDATE clocks SET history = jsonb_build_array(jsonb_build_object('why', 'closed', 'due', due), "
     f"jsonb_build_object('why', 'closed', 'due', due - interval '1 day')) {_of('T1', 'finish')}",
     {"due_never_moves_earlier_by_a_pause_or_an_extension": ("T1",)}),
    ("UPDATE pauses SET ended_at = now()", {"clock_stands_still_only_in_a_pause": ("T5", "T5")}),
    ("UPDATE tickets SET status = 50 WHERE no = 'T5'", {"pause_was_approved_and_is_the_states": ("T5",)}),
    ("UPDATE pauses SET reason = 'wait_info'", {"pause_was_approved_and_is_the_states": ("T5",)}),
    ("UPDATE pauses SET reason = 'appraisal'", {"pause_was_approved_and_is_the_states": ("T5",)}),
    (f"UPDATE clocks SET next_at = NULL {_of('T1', 'finish')}", {"running_clock_knows_its_next_step": ("T1",)}),
]  # fmt: skip

BESIDE: list[Breach] = [
    (f"DELETE FROM clocks {_of('T5', 'exclusion_review')}", {"pending_request_is_reviewed_under_a_clock": ("T5",)}),
    (f"UPDATE clocks SET stopped_at = started_at {_of('T5', 'exclusion_review')}",
     {"pending_request_is_reviewed_under_a_clock": ("T5",)}),
    ("UPDATE tickets SET supervise_level = 2 WHERE no = 'T5'", {"supervision_is_on_the_ticket": ("T5",)}),
    ("UPDATE supervisions SET ended_at = now()", {"supervision_is_on_the_ticket": ("T5",)}),
    (f"UPDATE clocks SET stopped_at = started_at {_of('T5', 'supervision')}",
     {"unanswered_supervision_runs_under_a_clock": ("T5",)}),
    ("UPDATE tickets SET supervise_level = 1 WHERE no = 'T3'; INSERT INTO supervisions (ticket_id, level, unit, "
     "reason, opened_by, started_at, due) SELECT id, 1, 'D1', '', 'system', now(), now() FROM tickets WHERE no = 'T3'",
     {"nothing_is_supervised_after_the_end": ("T3",)}),
    (f"DELETE FROM contact_records {_of('T7')}", {"answered_ticket_was_in_contact_with_the_citizen": ("T7",)}),
    (f"INSERT INTO ticket_events SELECT nextval('ticket_events_id_seq'), ticket_id, 9, kind, actor, at, payload, "
     f"prev_hash, hash FROM ticket_events {_of('T3', 'circulate')}",
     {"escalated_once_a_level": ("T3",), "ticket_events_are_unaltered": ("T3#5",)}),
    (f"INSERT INTO ticket_events SELECT nextval('ticket_events_id_seq'), ticket_id, 5, kind, actor, at, payload, "
     f"prev_hash, hash FROM ticket_events {_of('T5', 'escalate')}",
     {"escalated_once_a_level": ("T5",), "ticket_events_are_unaltered": ("T5#5",)}),
    (f"INSERT INTO ticket_events (ticket_id, seq, kind, actor, at, payload, prev_hash, hash) SELECT ticket_id, n, "
     f"'warn', 'system', at, jsonb_build_object('clock_id', 1), prev_hash, hash FROM ticket_events, "
     f"generate_series(90, 91) AS n {_of('T1')} AND seq = 1",
     {"warned_of_a_due_once": ("T1",), "ticket_events_are_unaltered": ("T1#4",)}),
    ("ALTER TABLE tickets DROP CONSTRAINT ck_tickets_merged_into_its_master; UPDATE tickets SET merged_into = "
     "(SELECT id FROM tickets WHERE no = 'T2') WHERE no = 'T1'", {"merged_ticket_has_an_unmerged_master": ("T4",)}),
    ("UPDATE tickets SET sub_unit = NULL WHERE no = 'T6'", {"sub_dispatch_is_the_tickets": ("T6",)}),
    ("UPDATE tickets SET sub_unit = 'D3' WHERE no = 'T1'", {"sub_dispatch_is_the_tickets": ("T1",)}),
    ("UPDATE sub_dispatches SET ended_at = now()", {"sub_dispatch_is_the_tickets": ("T6",)}),
    ("UPDATE tickets SET status = 50 WHERE no = 'T6'", {"sub_dispatch_is_the_tickets": ("T6",)}),
    ("UPDATE outbox SET done_at = now()", {"queued_message_has_its_job": ("m1",)}),
    ("DELETE FROM outbox", {"queued_message_has_its_job": ("m1",)}),
]  # fmt: skip

_PLANNED = (
    "INSERT INTO callbacks (ticket_id, round, try_no, mode, result, planned_at) SELECT id, 0, 9, 'human', 'planned', "
    "now() FROM tickets WHERE no = "
)
CALLBACKS: list[Breach] = [
    (f"{_PLANNED}'T1'", {"call_back_is_planned_while_it_is_asked_for_and_once": ("T1",)}),
    (f"{_PLANNED}'T7'", {"call_back_is_planned_while_it_is_asked_for_and_once": ("T7",)}),
    ("UPDATE callbacks SET round = 7", {"call_back_is_planned_while_it_is_asked_for_and_once": ("T7", "T7")}),
]  # fmt: skip

LIFE_BREACHES = [*HOLDERS, *CLOCKS, *BESIDE, *CALLBACKS]
