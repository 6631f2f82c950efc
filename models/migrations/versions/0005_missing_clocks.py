"""Clocks that could not be started yet are on their ticket, and events tell when they are started or adjusted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OLD = "kind IN ('created', 'classified', 'dispatched', 'text_arrived')"
_NEW = "kind IN ('created', 'classified', 'dispatched', 'text_arrived', 'clocks_adjusted', 'clocks_started')"


def upgrade() -> None:
    op.execute("ALTER TABLE ticket_events DROP CONSTRAINT ck_ticket_events_kind")
    op.execute(f"ALTER TABLE ticket_events ADD CONSTRAINT ck_ticket_events_kind CHECK ({_NEW})")
    op.add_column(
        "tickets", sa.Column("missing_clocks", sa.ARRAY(sa.String()), nullable=False, server_default="{}")
    )
    op.alter_column("tickets", "missing_clocks", server_default=None)
    op.create_index(
        "ix_tickets_missing_clocks",
        "tickets",
        ["id"],
        postgresql_where=sa.text("missing_clocks <> '{}'::character varying[]"),
    )


def downgrade() -> None:
    op.drop_index("ix_tickets_missing_clocks", "tickets")
    op.drop_column("tickets", "missing_clocks")
    op.execute("ALTER TABLE ticket_events DROP CONSTRAINT ck_ticket_events_kind")
    # history is never rewritten: events of the newer kinds stay, new ones are refused
    op.execute(f"ALTER TABLE ticket_events ADD CONSTRAINT ck_ticket_events_kind CHECK ({_OLD}) NOT VALID")
