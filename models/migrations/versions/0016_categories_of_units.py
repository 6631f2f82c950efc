"""What a unit has of a category: of a district with all its streets it was sought among the whole city's."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_tickets_unit_category ON tickets (host_unit, category, created_at, id)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_tickets_unit_category")
