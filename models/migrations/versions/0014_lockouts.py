"""Wrong query codes are counted; tickets that wait for a call-back are found without looking at all."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lockouts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lockouts")),
    )
    op.create_index("ix_tickets_callback", "tickets", ["id"], postgresql_where=sa.text("status = 70"))


def downgrade() -> None:
    op.drop_index("ix_tickets_callback", "tickets")
    op.drop_table("lockouts")
