"""SQL of app.bench.load: shapes as temporary tables, multiplied into tickets and all that hangs on them."""

from __future__ import annotations

SETTINGS = (
    "SET session_replication_role = replica",  # no triggers, no foreign keys
    "SET synchronous_commit = off",
    "SET maintenance_work_mem = '512MB'",
    "SET work_mem = '128MB'",
)
INDEXES = (
    "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND i.tablename = ANY(%(tables)s) "
    "AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)"
)
SHAPES = (
    """
    CREATE TEMP TABLE load_words (n int, title text, content text, category text, type text, urgency int,
        district text, address text, unit text, tier int, profile text, rule text, basis text)
    """,
    "CREATE TEMP TABLE load_states (n int, profile text, status int)",
    """
    CREATE TEMP TABLE load_stories (status int, profile text, n int, created_at timestamptz,
        dispatched_at timestamptz, closed_at timestamptz, due timestamptz, citizen_due timestamptz, assessment jsonb,
        kinds text[], actors text[], ats timestamptz[], payloads text[])
    """,
    """
    CREATE TEMP TABLE load_clocks (status int, profile text, n int, kind text, of_unit bool, limit_text text,
        started_at timestamptz, due timestamptz, paused jsonb, stopped_at timestamptz, outcome text,
        next_at timestamptz)
    """,
    # the same bytes as models.ledger.canonical
    """
    CREATE FUNCTION pg_temp.chain(id int, kinds text[], actors text[], ats timestamptz[], payloads text[], unit text)
    RETURNS TABLE (seq int, kind text, actor text, at timestamptz, payload text, prev_hash text, hash text)
    LANGUAGE plpgsql AS $$
    BEGIN
        hash := repeat('0', 64);
        FOR n IN 1 .. array_length(kinds, 1) LOOP
            seq := n; kind := kinds[n]; actor := actors[n]; at := ats[n];
            payload := replace(payloads[n], '@unit', unit);
            prev_hash := hash;
            hash := encode(sha256(convert_to(prev_hash || '{"actor":"' || actor || '","at":"'
                || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00","kind":"' || kind
                || '","payload":' || payload || ',"seq":' || seq || ',"ticket_id":' || id || '}', 'UTF8')), 'hex');
            RETURN NEXT;
        END LOOP;
    END $$
    """,
)
FILL = (
    # which words, state and story each ticket has; the multipliers only spread them
    """
    CREATE TEMP TABLE load_map AS
    SELECT g AS id, s.n AS story, s.status, s.profile, w.n AS words, w.unit, s.created_at, s.dispatched_at, s.closed_at
    FROM generate_series(CAST(%(first)s AS int), CAST(%(last)s AS int)) AS g
    JOIN load_words w ON w.n = (CAST(g AS bigint) * 7919) %% %(words)s
    JOIN load_states st ON st.n = (CAST(g AS bigint) * 48271) %% 2147483647 %% %(weights)s AND st.profile = w.profile
    JOIN load_stories s ON s.status = st.status AND s.profile = w.profile AND s.n = (g / 7) %% %(stories)s
    """,
    """
    INSERT INTO citizens (id, phone, created_at)
    SELECT base + n, '139' || lpad(CAST(base + n AS text), 8, '0'), %(now)s
    FROM (SELECT coalesce(max(id), 0) AS base FROM citizens) b,
         generate_series(1, greatest(1, (%(last)s - %(first)s + 1) / 3)) AS n
    """,
    """
    INSERT INTO tickets (id, no, query_code, status, type, channel, urgency, title, content, confidential, anonymous,
        stability_risk, co_units, dispatch_count, confirm, missing_clocks, created_at, updated_at, version, designated,
        late_sign, extension_count, rework_count, appeal_count, rejected_replies, callback_round, warn_state,
        unit_overdue, citizen_overdue, supervise_level, circulated, in_scope, citizen_id, caller_phone, category,
        confidence, district_code, place_code, address, host_unit, tier, dispatch_basis, dispatch_rule, assessment,
        profile, due, citizen_due, closed_at, close_type, dispatched_at, signed_at, return_until, first_contact_at,
        satisfied, solved, archived_at)
    SELECT m.id, %(prefix)s || to_char(m.created_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || '9'
            || lpad(CAST(m.id AS text), 7, '0'),
        lpad(CAST((CAST(m.id AS bigint) * 7919) %% 1000000 AS text), 6, '0'), m.status, w.type, '10', w.urgency,
        w.title, w.content, false, false, false, '{}', CAST(m.dispatched_at IS NOT NULL AS int), '{}', '{}',
        m.created_at, s.ats[array_upper(s.ats, 1)], array_length(s.kinds, 1), false, false, 0, 0, 0, 0,
        CAST(m.status IN (70, 80, 90) AS int), 0, false, false, 0, false, true, c.id, c.phone, w.category, 0.95,
        w.district, w.district, w.address, m.unit, w.tier, w.basis, w.rule, s.assessment, m.profile, s.due,
        s.citizen_due, m.closed_at, CASE WHEN m.closed_at IS NOT NULL THEN '02' END, m.dispatched_at,
        CASE WHEN 'sign' = ANY(s.kinds) THEN s.ats[array_position(s.kinds, 'sign')] END, NULL,
        CASE WHEN 'contact' = ANY(s.kinds) THEN s.ats[array_position(s.kinds, 'contact')] END,
        CASE WHEN m.closed_at IS NOT NULL THEN 5 END, CASE WHEN m.closed_at IS NOT NULL THEN 1 END,
        CASE WHEN m.status = 90 THEN s.ats[array_upper(s.ats, 1)] END
    FROM load_map m
    JOIN load_words w ON w.n = m.words
    JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    JOIN citizens c ON c.id = (SELECT max(id) FROM citizens) - m.id %% greatest(1, (%(last)s - %(first)s + 1) / 3)
    """,
    """
    INSERT INTO ticket_events (ticket_id, seq, kind, actor, at, payload, prev_hash, hash)
    SELECT m.id, e.seq, e.kind, e.actor, e.at, CAST(e.payload AS jsonb), e.prev_hash, e.hash
    FROM load_map m
    JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    CROSS JOIN LATERAL pg_temp.chain(m.id, s.kinds, s.actors, s.ats, s.payloads, m.unit) e
    """,
    """
    INSERT INTO clocks (ticket_id, kind, family, holder, "limit", started_at, due, paused, stopped_at, outcome, stage,
        next_at, history)
    SELECT m.id, c.kind, CASE WHEN c.kind = 'citizen' THEN 'citizen' ELSE 'unit' END,
        CASE WHEN c.of_unit THEN m.unit WHEN c.kind <> 'citizen' THEN %(hotline)s END, c.limit_text, c.started_at,
        c.due, c.paused, c.stopped_at, c.outcome, 0, c.next_at, '[]'
    FROM load_map m
    JOIN load_clocks c ON c.status = m.status AND c.profile = m.profile AND c.n = m.story
    """,
    """
    INSERT INTO holdings (ticket_id, unit, kind, started_at, ended_at, reason)
    SELECT id, CASE WHEN dispatched_at IS NULL THEN %(hotline)s ELSE unit END,
        CASE WHEN dispatched_at IS NULL THEN 'intake' ELSE 'dispatched' END, created_at, closed_at,
        CASE WHEN dispatched_at IS NULL THEN '热线受理' ELSE '自动派单' END
    FROM load_map
    """,
    """
    INSERT INTO contact_records (ticket_id, unit, by, at, result, note, noted_at)
    SELECT m.id, m.unit, 'user:3', s.ats[array_position(s.kinds, 'contact')], 'reached', '已与诉求人联系',
        s.ats[array_position(s.kinds, 'contact')]
    FROM load_map m JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    WHERE 'contact' = ANY(s.kinds)
    """,
    """
    INSERT INTO replies (ticket_id, version, unit, result, public_reply, solved, is_true, over_duty, attachments,
        handler, submitted_at, signer, signed_at, reviewer, reviewed_at, accepted)
    SELECT m.id, 1, m.unit, '已到现场核实并处理', '您反映的问题已处理，感谢监督', 1, true, false, '{}', 'user:3',
        s.ats[array_position(s.kinds, 'submit_reply')],
        CASE WHEN 'sign_off' = ANY(s.kinds) THEN 'user:4' END,
        s.ats[array_position(s.kinds, 'sign_off')],
        CASE WHEN 'accept_reply' = ANY(s.kinds) THEN 'user:5' END,
        s.ats[array_position(s.kinds, 'accept_reply')],
        CASE WHEN 'accept_reply' = ANY(s.kinds) THEN true END
    FROM load_map m JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    WHERE 'submit_reply' = ANY(s.kinds)
    """,
    """
    INSERT INTO callbacks (ticket_id, round, try_no, mode, result, planned_at, at, by, satisfied, solved)
    SELECT m.id, 1, 1, 'human', 'answered', m.closed_at, m.closed_at, 'user:6', 5, 1
    FROM load_map m WHERE m.closed_at IS NOT NULL
    """,
    "SELECT setval(pg_get_serial_sequence('tickets', 'id'), (SELECT max(id) FROM tickets))",
    "SELECT setval(pg_get_serial_sequence('citizens', 'id'), (SELECT max(id) FROM citizens))",
)
