"""Numbers of tickets without waiting; tickets of other platforms come once, and their states are told back in order."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ticket_numbers")
    op.create_table(
        "ticket_days",
        sa.Column("stem", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stem", name=op.f("pk_ticket_days")),
    )
    op.create_index(
        "uq_tickets_upper", "tickets", ["upper_system", "upper_no"], unique=True,
        postgresql_where=sa.text("upper_no IS NOT NULL"),
    )
    op.create_table(
        "upper_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("upper_system", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_upper_changes_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upper_changes")),
    )
    op.create_index(op.f("ix_upper_changes_upper_system_id"), "upper_changes", ["upper_system", "id"])
    # deferred: at the commit nobody waits for anything else any more, so the lock orders commits and cannot deadlock
    op.execute(
        """
        CREATE FUNCTION tell_upper() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status OR NEW.host_unit IS DISTINCT FROM OLD.host_unit
            THEN
                PERFORM pg_advisory_xact_lock(1234502);
                INSERT INTO upper_changes (upper_system, ticket_id, status, unit)
                VALUES (NEW.upper_system, NEW.id, NEW.status, NEW.host_unit);
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER tickets_tell_upper AFTER INSERT OR UPDATE ON tickets DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.upper_no IS NOT NULL AND NEW.upper_system IS NOT NULL) EXECUTE FUNCTION tell_upper()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER tickets_tell_upper ON tickets")
    op.execute("DROP FUNCTION tell_upper()")
    op.drop_index(op.f("ix_upper_changes_upper_system_id"), table_name="upper_changes")
    op.drop_table("upper_changes")
    op.drop_index(
        "uq_tickets_upper", table_name="tickets", postgresql_where=sa.text("upper_no IS NOT NULL")
    )
    op.drop_table("ticket_days")
    op.execute("DROP SEQUENCE ticket_numbers")
