"""Invariants of a ticket's life (domain.md §3) that no constraint of the database can hold. See models/verify.py."""

from __future__ import annotations

_HELD = "(35, 40, 45, 50, 52, 58, 60, 62, 70, 75, 76)"
_ENDED = "(80, 90, 91, 92, 93, 94)"
_AFTER_THE_END = "('archive', 'exclusion_review', 'evaluation_verify', 'evaluation_rectify')"
_REOPENED = "('reopen', 'appeal', 'unmerge')"

LIFE_QUERIES: dict[str, tuple[str, str]] = {
    # name: (SQL that counts what is looked at, SQL that names each breach)
    "open_ticket_has_one_holder_and_the_right_one": (
        "SELECT count(*) FROM tickets",
        "SELECT t.no FROM tickets t LEFT JOIN holdings h ON h.ticket_id = t.id AND h.ended_at IS NULL "
        "LEFT JOIN units u ON u.code = h.unit WHERE CASE "
        f"WHEN t.status IN {_ENDED} THEN h.id IS NOT NULL "
        f"WHEN t.status IN {_HELD} THEN h.id IS NULL OR h.unit IS DISTINCT FROM t.host_unit "
        "WHEN t.status = 15 THEN h.id IS NULL "
        "ELSE h.id IS NULL OR u.kind <> 'hotline' END",
    ),
    "holders_follow_each_other_without_a_gap": (
        "SELECT count(*) FROM holdings",
        "SELECT t.no FROM (SELECT ticket_id, started_at, lag(ended_at) OVER w AS before, "
        "row_number() OVER w AS place FROM holdings WINDOW w AS (PARTITION BY ticket_id ORDER BY id)) h "
        "JOIN tickets t ON t.id = h.ticket_id WHERE h.started_at IS DISTINCT FROM "
        "CASE WHEN h.place = 1 THEN t.created_at ELSE h.before END "
        "AND NOT EXISTS (SELECT FROM ticket_events e WHERE e.ticket_id = h.ticket_id AND e.at = h.started_at "
        f"AND e.kind IN {_REOPENED})",
    ),
    "holders_end_when_the_ticket_does": (
        f"SELECT count(*) FROM tickets WHERE status IN {_ENDED}",
        f"SELECT t.no FROM tickets t WHERE t.status IN {_ENDED} AND (t.closed_at IS NULL OR "
        "(SELECT max(h.ended_at) FROM holdings h WHERE h.ticket_id = t.id) > t.closed_at)",
    ),
    "ended_ticket_has_no_running_clock": (
        f"SELECT count(*) FROM tickets WHERE status IN {_ENDED}",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id "
        f"WHERE c.stopped_at IS NULL AND t.status IN {_ENDED} AND c.kind NOT IN {_AFTER_THE_END}",
    ),
    "citizen_clock_runs_until_the_end": (
        f"SELECT count(*) FROM tickets WHERE status NOT IN {_ENDED}",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE c.family = 'citizen' "
        f"AND c.stopped_at IS NOT NULL AND c.outcome <> 'not_counted' AND t.status NOT IN {_ENDED} AND t.status <> 12",
    ),
    "due_never_moves_earlier_by_a_pause_or_an_extension": (
        "SELECT count(*) FROM clocks WHERE history <> '[]'",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id, jsonb_array_elements(c.history) WITH "
        "ORDINALITY AS h(was, place) WHERE h.was ->> 'why' NOT IN ('classified', 'amend', 'calendar') AND "
        "CAST(h.was ->> 'due' AS timestamptz) > coalesce(CAST(c.history -> CAST(h.place AS int) ->> 'due' "
        "AS timestamptz), c.due)",
    ),
    "clock_stands_still_only_in_a_pause": (
        "SELECT count(*) FROM pauses",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE c.stopped_at IS NULL AND "
        "c.paused <> '[]' AND NOT (c.paused -> -1 ? 'to') AND c.paused -> -1 ->> 'reason' <> 'reply_review' AND "
        "NOT EXISTS (SELECT FROM pauses p WHERE p.ticket_id = t.id AND p.ended_at IS NULL)",
    ),
    "pause_was_approved_and_is_the_states": (
        "SELECT count(*) FROM pauses WHERE ended_at IS NULL",
        "SELECT t.no FROM pauses p JOIN tickets t ON t.id = p.ticket_id WHERE p.ended_at IS NULL AND "
        "CASE p.reason WHEN 'wait_info' THEN t.status <> 15 WHEN 'suspended' THEN t.status <> 58 "
        "ELSE t.status <> 50 END",
    ),
    "running_clock_knows_its_next_step": (
        "SELECT count(*) FROM clocks WHERE stopped_at IS NULL",
        "SELECT t.no FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE c.stopped_at IS NULL AND c.stage = 0 "
        "AND c.next_at IS NULL AND NOT (c.paused <> '[]' AND NOT (c.paused -> -1 ? 'to'))",
    ),
    "pending_request_is_reviewed_under_a_clock": (
        "SELECT count(*) FROM requests WHERE decided_at IS NULL",
        "SELECT t.no FROM requests r JOIN tickets t ON t.id = r.ticket_id WHERE r.decided_at IS NULL AND NOT EXISTS "
        "(SELECT FROM clocks c WHERE c.ticket_id = t.id AND c.kind = r.kind || '_review' AND c.stopped_at IS NULL) "
        "AND NOT (r.kind || '_review' = ANY(t.missing_clocks))",
    ),
    "supervision_is_on_the_ticket": (
        "SELECT count(*) FROM supervisions WHERE ended_at IS NULL",
        "SELECT t.no FROM tickets t LEFT JOIN supervisions s ON s.ticket_id = t.id AND s.ended_at IS NULL "
        "WHERE t.supervise_level <> coalesce(s.level, 0)",
    ),
    "unanswered_supervision_runs_under_a_clock": (
        "SELECT count(*) FROM supervisions WHERE ended_at IS NULL AND answered_at IS NULL",
        "SELECT t.no FROM supervisions s JOIN tickets t ON t.id = s.ticket_id WHERE s.ended_at IS NULL AND "
        "s.answered_at IS NULL AND t.status < 80 AND NOT EXISTS (SELECT FROM clocks c WHERE c.ticket_id = t.id "
        "AND c.kind = 'supervision' AND c.stopped_at IS NULL) AND NOT ('supervision' = ANY(t.missing_clocks))",
    ),
    "nothing_is_supervised_after_the_end": (
        "SELECT count(*) FROM supervisions",
        "SELECT t.no FROM supervisions s JOIN tickets t ON t.id = s.ticket_id "
        "WHERE s.ended_at IS NULL AND t.status IN (80, 90)",
    ),
    "answered_ticket_was_in_contact_with_the_citizen": (
        "SELECT count(*) FROM replies",
        "SELECT t.no FROM tickets t WHERE t.status IN (62, 70) AND t.caller_phone IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM contact_records c WHERE c.ticket_id = t.id)",
    ),
    "escalated_once_a_level": (
        "SELECT count(*) FROM ticket_events WHERE kind IN ('escalate', 'circulate')",
        "SELECT DISTINCT t.no FROM ticket_events e JOIN tickets t ON t.id = e.ticket_id JOIN ticket_events before "
        "ON before.ticket_id = e.ticket_id AND before.seq < e.seq WHERE (e.kind = 'circulate' "
        "AND before.kind = 'circulate') OR (e.kind = 'escalate' AND before.kind IN ('escalate', 'supervise') "
        "AND CAST(before.payload ->> 'level' AS int) >= CAST(e.payload ->> 'level' AS int) AND NOT EXISTS "
        "(SELECT FROM ticket_events l WHERE l.ticket_id = e.ticket_id AND l.kind = 'lift_supervision' "
        "AND l.seq BETWEEN before.seq AND e.seq))",
    ),
    "warned_of_a_due_once": (
        "SELECT count(*) FROM ticket_events",
        "SELECT DISTINCT t.no FROM ticket_events e JOIN tickets t ON t.id = e.ticket_id WHERE e.actor = 'system' "
        "AND e.kind IN ('warn', 'overdue', 'alarmed', 'urge') GROUP BY t.no, e.kind, e.payload ->> 'clock_id', "
        "e.payload ->> 'due' HAVING count(*) > 1",
    ),
    "merged_ticket_has_an_unmerged_master": (
        "SELECT count(*) FROM tickets WHERE merged_into IS NOT NULL",
        "SELECT t.no FROM tickets t JOIN tickets m ON m.id = t.merged_into WHERE m.merged_into IS NOT NULL",
    ),
    "sub_dispatch_is_the_tickets": (
        "SELECT count(*) FROM sub_dispatches WHERE ended_at IS NULL",
        "SELECT t.no FROM tickets t WHERE (t.status = 52) <> EXISTS "
        "(SELECT FROM sub_dispatches s WHERE s.ticket_id = t.id AND s.ended_at IS NULL) OR t.sub_unit IS DISTINCT FROM "
        "(SELECT s.to_unit FROM sub_dispatches s WHERE s.ticket_id = t.id AND s.ended_at IS NULL "
        "ORDER BY s.id DESC LIMIT 1)",
    ),
    "queued_message_has_its_job": (
        "SELECT count(*) FROM messages",
        "SELECT m.id FROM messages m WHERE m.state = 'queued' AND NOT EXISTS "
        "(SELECT FROM outbox o WHERE o.topic = 'send_message' AND o.key LIKE m.id || '%' AND o.done_at IS NULL)",
    ),
    "call_back_is_planned_while_it_is_asked_for_and_once": (
        "SELECT count(*) FROM callbacks WHERE result = 'planned'",
        "SELECT t.no FROM callbacks c JOIN tickets t ON t.id = c.ticket_id WHERE c.result = 'planned' "
        "AND (t.status <> 70 OR c.round <> t.callback_round OR (c.mode <> 'sms' AND EXISTS (SELECT FROM callbacks o "
        "WHERE o.ticket_id = c.ticket_id AND o.result = 'planned' AND o.mode <> 'sms' AND o.id < c.id)))",
    ),
}
