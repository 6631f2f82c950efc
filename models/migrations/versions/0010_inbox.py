"""Lists and searches of a million tickets in the time of one page; changes are told ticket by ticket."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DUE_LAST = "coalesce(due, 'infinity'::timestamptz)"
_INDEXES = (
    ("ix_tickets_inbox", "tickets", f"(host_unit, status, {_DUE_LAST}, id)"),
    ("ix_tickets_unit_newest", "tickets", "(host_unit, status, created_at, id)"),
    ("ix_tickets_state_due", "tickets", f"(status, {_DUE_LAST}, id)"),
    ("ix_tickets_state_newest", "tickets", "(status, created_at, id)"),
    ("ix_tickets_category_created_at_id", "tickets", "(category, created_at, id)"),
    ("ix_tickets_place", "tickets", "(place_code, created_at) WHERE place_code IS NOT NULL"),
    ("ix_tickets_registrar", "tickets", "(registered_by, created_at) WHERE registered_by IS NOT NULL"),
    ("ix_tickets_children", "tickets", "(merged_into) WHERE merged_into IS NOT NULL"),
    ("ix_tickets_query_code", "tickets", "(query_code)"),
    ("ix_tickets_passed_on", "tickets", "(created_at, id) WHERE dispatch_count > 1 OR designated"),
    ("ix_ticket_events_of_user", "ticket_events", "(actor, ticket_id) WHERE actor LIKE 'user:%'"),
    ("ix_holdings_of_unit", "holdings", "(unit, ticket_id) WHERE kind <> 'intake'"),
    ("ix_sub_dispatches_to_unit_ticket_id", "sub_dispatches", "(to_unit, ticket_id)"),
    ("ix_co_handlings_unit_ticket_id", "co_handlings", "(unit, ticket_id)"),
    ("ix_co_handlings_ticket_id", "co_handlings", "(ticket_id)"),
)
# any two characters that follow each other (no blanks), as one number: two code points side by side
_PAIRS = """
CREATE FUNCTION hotline_pairs(words text) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT coalesce(array_agg(DISTINCT (ascii(a)::bigint << 21) | ascii(b)), '{}')
    FROM (SELECT string_to_array(words, NULL) AS c) x, unnest(c[1:cardinality(c) - 1], c[2:]) AS pair(a, b)
    WHERE ascii(a) > 32 AND ascii(b) > 32
$$
"""
_WORDS = "lower(concat_ws(E'\\n', title, address, subject, content))"
_KEEP_INSERTED = f"""
CREATE FUNCTION search_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_search (ticket_id, words) SELECT id, {_WORDS} FROM changed;
    RETURN NULL;
END $$
"""
_KEEP_UPDATED = f"""
CREATE FUNCTION search_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_search AS s (ticket_id, words)
    SELECT id, {_WORDS} FROM (SELECT (NEW).*) changed
    ON CONFLICT (ticket_id) DO UPDATE SET words = excluded.words WHERE s.words <> excluded.words;
    RETURN NULL;
END $$
"""
# ids only: who may know of them is found out by whoever listens; 500 stay below PostgreSQL's 8,000 bytes
_NOTIFY = """
CREATE FUNCTION notify_changed_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotline_tickets', string_agg(id::text, ','))
    FROM (SELECT id, (row_number() OVER () - 1) / 500 AS page FROM changed) x GROUP BY page;
    RETURN NULL;
END $$
"""
_OLD_NOTIFY = """
CREATE FUNCTION notify_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('hotline_live', 'tickets'); RETURN NULL; END $$
"""
_EVENTS = ("insert", "update")


def upgrade() -> None:
    op.execute("DROP INDEX ix_tickets_inbox")
    for name, table, columns in _INDEXES:
        op.execute(f"CREATE INDEX {name} ON {table} {columns}")
    op.execute(_PAIRS)
    op.execute(
        "CREATE TABLE ticket_search (ticket_id integer NOT NULL CONSTRAINT pk_ticket_search PRIMARY KEY "
        "CONSTRAINT fk_ticket_search_ticket_id_tickets REFERENCES tickets (id), words varchar NOT NULL)"
    )
    op.execute(f"INSERT INTO ticket_search (ticket_id, words) SELECT id, {_WORDS} FROM tickets")
    op.execute("CREATE INDEX ix_ticket_search_pairs ON ticket_search USING gin (hotline_pairs(words))")
    op.execute(_KEEP_INSERTED)
    op.execute(_KEEP_UPDATED)
    op.execute(
        "CREATE TRIGGER tickets_search_inserted AFTER INSERT ON tickets REFERENCING NEW TABLE AS changed "
        "FOR EACH STATEMENT EXECUTE FUNCTION search_inserted()"
    )
    op.execute(
        "CREATE TRIGGER tickets_search_updated AFTER UPDATE OF title, address, subject, content ON tickets "
        "FOR EACH ROW EXECUTE FUNCTION search_updated()"
    )
    op.execute("DROP TRIGGER tickets_notify ON tickets")
    op.execute("DROP FUNCTION notify_tickets()")
    op.execute(_NOTIFY)
    for event in _EVENTS:
        op.execute(
            f"CREATE TRIGGER tickets_notify_{event} AFTER {event.upper()} ON tickets REFERENCING NEW TABLE AS changed "
            "FOR EACH STATEMENT EXECUTE FUNCTION notify_changed_tickets()"
        )


def downgrade() -> None:
    for event in _EVENTS:
        op.execute(f"DROP TRIGGER tickets_notify_{event} ON tickets")
    op.execute("DROP FUNCTION notify_changed_tickets()")
    op.execute(_OLD_NOTIFY)
    op.execute(
        "CREATE TRIGGER tickets_notify AFTER INSERT OR UPDATE ON tickets "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_tickets()"
    )
    op.execute("DROP TRIGGER tickets_search_updated ON tickets")
    op.execute("DROP TRIGGER tickets_search_inserted ON tickets")
    op.execute("DROP FUNCTION search_updated()")
    op.execute("DROP FUNCTION search_inserted()")
    op.execute("DROP TABLE ticket_search")
    op.execute("DROP FUNCTION hotline_pairs(text)")
    for name, _, _ in reversed(_INDEXES):
        op.execute(f"DROP INDEX {name}")
    op.execute("CREATE INDEX ix_tickets_inbox ON tickets (host_unit, status, due)")
