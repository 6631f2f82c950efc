"""Changes of calls, tickets and the outbox are told on a channel, so that pages and workers need not ask."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CHANNELS = {"calls": "hotline_live", "tickets": "hotline_live", "outbox": "hotline_outbox"}


def upgrade() -> None:
    for table, channel in _CHANNELS.items():
        op.execute(
            f"CREATE FUNCTION notify_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN PERFORM pg_notify('{channel}', '{table}'); RETURN NULL; END $$"
        )
        events = "INSERT" if table == "outbox" else "INSERT OR UPDATE"
        op.execute(
            f"CREATE TRIGGER {table}_notify AFTER {events} ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION notify_{table}()"
        )


def downgrade() -> None:
    for table in _CHANNELS:
        op.execute(f"DROP TRIGGER {table}_notify ON {table}")
        op.execute(f"DROP FUNCTION notify_{table}()")
