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
    "CREATE TEMP TABLE load_slots (n int, channel text, weeks int)",
    "CREATE TEMP TABLE load_units AS SELECT row_number() OVER (ORDER BY code) - 1 AS n, code FROM units WHERE tier > 1",
    # the same bytes as models.ledger.canonical
    """
    CREATE FUNCTION pg_temp.chain(id int, kinds text[], actors text[], ats timestamptz[], ago interval, payloads text[],
        unit text)
    RETURNS TABLE (seq int, kind text, actor text, at timestamptz, payload text, prev_hash text, hash text)
    LANGUAGE plpgsql AS $$
    BEGIN
        hash := repeat('0', 64);
        FOR n IN 1 .. array_length(kinds, 1) LOOP
            seq := n; kind := kinds[n]; actor := actors[n]; at := ats[n] - ago;
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
    # which words, state and story each ticket has; the multipliers only spread them. Ids follow the time of acceptance,
    # as those of a running city do; what is long over happened some weeks before its story, at a moment of its own
    """
    CREATE TEMP TABLE load_map AS
    SELECT CAST(%(first)s AS int) - 1 + CAST(row_number() OVER (ORDER BY s.created_at - x.ago, g) AS int) AS id,
        s.n AS story, s.status, s.profile, w.n AS words, w.unit, x.ago, s.created_at - x.ago AS created_at,
        s.dispatched_at - x.ago AS dispatched_at, s.closed_at - x.ago AS closed_at,
        CAST(g AS bigint) * 16807 %% 2147483647 AS luck
    FROM generate_series(CAST(%(first)s AS int), CAST(%(last)s AS int)) AS g
    JOIN load_words w ON w.n = (CAST(g AS bigint) * 7919) %% %(words)s
    JOIN load_states st ON st.n = (CAST(g AS bigint) * 48271) %% 2147483647 %% %(weights)s AND st.profile = w.profile
    JOIN load_stories s ON s.status = st.status AND s.profile = w.profile AND s.n = (g / 7) %% %(stories)s
    JOIN load_slots k ON k.n = (CAST(g AS bigint) * 69621) %% 2147483647 %% %(weights)s
    CROSS JOIN LATERAL (SELECT CASE WHEN s.status = 90 THEN k.weeks * interval '7 days'
        - (CAST(g AS bigint) * 39373) %% 3600 * interval '1 second' ELSE interval '0' END AS ago) x
    """,
    "CREATE INDEX ON load_map (id)",
    "ANALYZE load_map",
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
        lpad(CAST((CAST(m.id AS bigint) * 7919) %% 1000000 AS text), 6, '0'), m.status, w.type, k.channel, w.urgency,
        w.title,
        format('诉求人反映：%%s。地点：%%s%%s号。%%s，希望%%s。', w.content, w.address, m.luck %% 900 + 1,
            (ARRAY['已持续数日', '此前反映过一次未见答复', '周边居民意见较大', '家中有老人孩子', '物业称不归其管',
                '每天都是如此', '上周开始出现', '已影响正常生活'])[m.luck %% 8 + 1],
            (ARRAY['尽快处理并回复', '有关部门到现场核实', '给予明确答复', '告知办理结果',
                '协调解决'])[m.luck %% 5 + 1]),
        w.type = '04', false, false, '{}', CAST(m.dispatched_at IS NOT NULL AS int), '{}', '{}',
        m.created_at, s.ats[array_upper(s.ats, 1)] - m.ago, array_length(s.kinds, 1), false, false, 0, 0, 0, 0,
        CAST(m.status IN (70, 80, 90) AS int), 0, false, false, 0, false, true, c.id, c.phone, w.category, 0.95,
        w.district, w.district, format('%%s%%s号', w.address, m.luck %% 900 + 1), m.unit, w.tier, w.basis, w.rule,
        s.assessment, m.profile, s.due - m.ago, s.citizen_due - m.ago, m.closed_at,
        CASE WHEN m.closed_at IS NOT NULL THEN '02' END, m.dispatched_at,
        CASE WHEN 'sign' = ANY(s.kinds) THEN s.ats[array_position(s.kinds, 'sign')] - m.ago END, NULL,
        CASE WHEN 'contact' = ANY(s.kinds) THEN s.ats[array_position(s.kinds, 'contact')] - m.ago END,
        CASE WHEN m.closed_at IS NOT NULL THEN 5 END, CASE WHEN m.closed_at IS NOT NULL THEN 1 END,
        CASE WHEN m.status = 90 THEN s.ats[array_upper(s.ats, 1)] - m.ago END
    FROM load_map m
    JOIN load_words w ON w.n = m.words
    JOIN load_slots k ON k.n = m.luck %% %(weights)s
    JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    JOIN citizens c ON c.id = (SELECT max(id) FROM citizens) - m.luck %% greatest(1, (%(last)s - %(first)s + 1) / 3)
    ORDER BY m.id
    """,
    """
    INSERT INTO ticket_events (ticket_id, seq, kind, actor, at, payload, prev_hash, hash)
    SELECT m.id, e.seq, e.kind, e.actor, e.at, CAST(e.payload AS jsonb), e.prev_hash, e.hash
    FROM (SELECT * FROM load_map ORDER BY id) m
    JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    CROSS JOIN LATERAL pg_temp.chain(m.id, s.kinds, s.actors, s.ats, m.ago, s.payloads, m.unit) e
    """,
    """
    INSERT INTO clocks (ticket_id, kind, family, holder, "limit", started_at, due, paused, stopped_at, outcome, stage,
        next_at, history)
    SELECT m.id, c.kind, CASE WHEN c.kind = 'citizen' THEN 'citizen' ELSE 'unit' END,
        CASE WHEN c.of_unit THEN m.unit WHEN c.kind <> 'citizen' THEN %(hotline)s END, c.limit_text,
        c.started_at - m.ago, c.due - m.ago, c.paused, c.stopped_at - m.ago, c.outcome, 0, c.next_at - m.ago, '[]'
    FROM (SELECT * FROM load_map ORDER BY id) m
    JOIN load_clocks c ON c.status = m.status AND c.profile = m.profile AND c.n = m.story
    """,
    # one in fourteen was with another unit before
    """
    INSERT INTO holdings (ticket_id, unit, kind, started_at, ended_at, reason, passed_on)
    SELECT m.id, h.unit, h.kind, h.started_at, h.ended_at, h.reason, h.unit IS NOT DISTINCT FROM m.other
    FROM (SELECT m.*, m.dispatched_at + (m.closed_at - m.dispatched_at) / 4 AS passed_on, u.code AS other
        FROM load_map m LEFT JOIN load_units u ON m.closed_at IS NOT NULL AND u.code <> m.unit
        AND u.n = m.luck %% (14 * (SELECT count(*) FROM load_units)) ORDER BY m.id) m
    CROSS JOIN LATERAL (VALUES
        (%(hotline)s, 'intake', m.created_at, coalesce(m.dispatched_at, m.closed_at), '热线受理'),
        (m.other, 'dispatched', m.dispatched_at, m.passed_on, '自动派单'),
        (m.unit, 'dispatched', CASE WHEN m.other IS NULL THEN m.dispatched_at ELSE m.passed_on END, m.closed_at,
            CASE WHEN m.other IS NULL THEN '自动派单' ELSE '退单后改派' END)
        ) AS h (unit, kind, started_at, ended_at, reason)
    WHERE h.unit IS NOT NULL AND h.started_at IS NOT NULL
    """,
    # one in twelve had a helper
    """
    INSERT INTO co_handlings (ticket_id, unit, demand, started_at, due, ended_at, reply)
    SELECT m.id, u.code, '请协助核实', m.dispatched_at, m.closed_at, m.closed_at, '已核实并反馈主办单位'
    FROM load_map m JOIN load_units u ON u.code <> m.unit AND u.n = m.luck %% (12 * (SELECT count(*) FROM load_units))
    WHERE m.closed_at IS NOT NULL AND m.dispatched_at IS NOT NULL
    """,
    # of those whose unit has units below it, one in six was passed down
    """
    INSERT INTO sub_dispatches (ticket_id, from_unit, to_unit, state, demand, due, started_at, ended_at, result)
    SELECT m.id, m.unit, d.code, 'replied', '请到现场办理', m.closed_at, m.dispatched_at, m.closed_at, '已办理'
    FROM load_map m CROSS JOIN LATERAL (SELECT code FROM units WHERE parent = m.unit ORDER BY code LIMIT 1) d
    WHERE m.closed_at IS NOT NULL AND m.dispatched_at IS NOT NULL AND m.luck %% 6 = 0
    """,
    """
    INSERT INTO requests (ticket_id, kind, unit, code, reason, attachments, detail, asked_by, asked_at)
    SELECT m.id, 'return', m.unit, 'R01', '不属于我单位职责', '{}', '{}', 'user:2',
        s.ats[array_position(s.kinds, 'request_return')]
    FROM load_map m JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    WHERE m.status = 45
    """,
    """
    INSERT INTO contact_records (ticket_id, unit, by, at, result, note, noted_at)
    SELECT m.id, m.unit, 'user:3', x.at, 'reached', '已与诉求人联系', x.at
    FROM load_map m JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    CROSS JOIN LATERAL (SELECT s.ats[array_position(s.kinds, 'contact')] - m.ago AS at) x
    WHERE 'contact' = ANY(s.kinds) ORDER BY m.id
    """,
    """
    INSERT INTO replies (ticket_id, version, unit, result, public_reply, solved, is_true, over_duty, attachments,
        handler, submitted_at, signer, signed_at, reviewer, reviewed_at, accepted)
    SELECT m.id, 1, m.unit, '已到现场核实并处理', '您反映的问题已处理，感谢监督', 1, true, false, '{}', 'user:3',
        s.ats[array_position(s.kinds, 'submit_reply')] - m.ago,
        CASE WHEN 'sign_off' = ANY(s.kinds) THEN 'user:4' END,
        s.ats[array_position(s.kinds, 'sign_off')] - m.ago,
        CASE WHEN 'accept_reply' = ANY(s.kinds) THEN 'user:5' END,
        s.ats[array_position(s.kinds, 'accept_reply')] - m.ago,
        CASE WHEN 'accept_reply' = ANY(s.kinds) THEN true END
    FROM load_map m JOIN load_stories s ON s.status = m.status AND s.profile = m.profile AND s.n = m.story
    WHERE 'submit_reply' = ANY(s.kinds) ORDER BY m.id
    """,
    """
    INSERT INTO callbacks (ticket_id, round, try_no, mode, result, planned_at, at, by, satisfied, solved)
    SELECT m.id, 1, 1, 'human', 'answered', m.closed_at, m.closed_at, 'user:6', 5, 1
    FROM load_map m WHERE m.closed_at IS NOT NULL ORDER BY m.id
    """,
    """
    INSERT INTO messages (id, cause, ticket_id, template, fields, recipient, state, attempts, created_at, sent_at)
    SELECT gen_random_uuid(), t.no || '/受理', t.id, '受理', jsonb_build_object('ticket_no', t.no, 'query_code',
        t.query_code), t.caller_phone, 'sent', 1, t.created_at, t.created_at
    FROM tickets t WHERE t.id BETWEEN %(first)s AND %(last)s ORDER BY t.id
    """,
    """
    INSERT INTO ticket_search (ticket_id, words, host_unit)
    SELECT id, lower(concat_ws(E'\\n', title, address, subject, content)), host_unit FROM tickets
    WHERE id BETWEEN %(first)s AND %(last)s ORDER BY id
    """,
    "SELECT setval(pg_get_serial_sequence('tickets', 'id'), (SELECT max(id) FROM tickets))",
    "SELECT setval(pg_get_serial_sequence('citizens', 'id'), (SELECT max(id) FROM citizens))",
)
