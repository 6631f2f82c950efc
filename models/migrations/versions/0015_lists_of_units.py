"""Units find words in their own tickets, and what they passed on; the few that are warned, supervised or urgent."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_WORDS = "lower(concat_ws(E'\\n', title, address, subject, content))"
_ADDED = (
    ("ix_holdings_passed_on", "holdings", "(unit, ticket_id) WHERE passed_on"),
    ("ix_tickets_warned", "tickets", "(coalesce(due, 'infinity'::timestamptz), id) WHERE warn_state > 0"),
    ("ix_tickets_supervised", "tickets", "(created_at, id) WHERE supervise_level > 0"),
    ("ix_tickets_urgent", "tickets", "(created_at, id) WHERE urgency < 3 AND status < 80"),
)
_DROPPED = (
    ("ix_holdings_of_unit", "holdings", "(unit, ticket_id) WHERE kind <> 'intake'"),
    ("ix_tickets_passed_on", "tickets", "(created_at, id) WHERE dispatch_count > 1 OR designated"),
)


def _functions(columns: str, values: str, kept: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION search_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"INSERT INTO ticket_search ({columns}) SELECT {values} FROM changed; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE OR REPLACE FUNCTION search_updated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"INSERT INTO ticket_search AS s ({columns}) SELECT {values} FROM (SELECT (NEW).*) changed "
        f"ON CONFLICT (ticket_id) DO UPDATE SET {kept}; RETURN NULL; END $$"
    )


def _trigger(columns: str) -> None:
    op.execute("DROP TRIGGER tickets_search_updated ON tickets")
    op.execute(
        f"CREATE TRIGGER tickets_search_updated AFTER UPDATE OF {columns} ON tickets "
        "FOR EACH ROW EXECUTE FUNCTION search_updated()"
    )


def upgrade() -> None:
    op.add_column("holdings", sa.Column("passed_on", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.execute(
        "UPDATE holdings h SET passed_on = true WHERE kind <> 'intake' AND EXISTS "
        "(SELECT 1 FROM holdings n WHERE n.ticket_id = h.ticket_id AND n.id > h.id)"
    )
    op.execute("DROP INDEX ix_ticket_search_pairs")
    op.add_column("ticket_search", sa.Column("host_unit", sa.String()))
    op.execute("UPDATE ticket_search s SET host_unit = t.host_unit FROM tickets t WHERE t.id = s.ticket_id")
    op.execute(
        "CREATE INDEX ix_ticket_search_pairs ON ticket_search "
        "USING gin (hotline_pairs(words), (ARRAY[host_unit::text]))"
    )
    _functions(
        "ticket_id, words, host_unit",
        f"id, {_WORDS}, host_unit",
        "words = excluded.words, host_unit = excluded.host_unit "
        "WHERE (s.words, s.host_unit) IS DISTINCT FROM (excluded.words, excluded.host_unit)",
    )
    _trigger("title, address, subject, content, host_unit")
    for name, table, columns in _ADDED:
        op.execute(f"CREATE INDEX {name} ON {table} {columns}")
    for name, _, _ in _DROPPED:
        op.execute(f"DROP INDEX {name}")


def downgrade() -> None:
    for name, table, columns in _DROPPED:
        op.execute(f"CREATE INDEX {name} ON {table} {columns}")
    for name, _, _ in _ADDED:
        op.execute(f"DROP INDEX {name}")
    _trigger("title, address, subject, content")
    _functions("ticket_id, words", f"id, {_WORDS}", "words = excluded.words WHERE s.words <> excluded.words")
    op.execute("DROP INDEX ix_ticket_search_pairs")
    op.drop_column("ticket_search", "host_unit")
    op.execute("CREATE INDEX ix_ticket_search_pairs ON ticket_search USING gin (hotline_pairs(words))")
    op.drop_column("holdings", "passed_on")
