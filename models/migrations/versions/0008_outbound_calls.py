"""Calls that the hotline places: whose order they carry out, what was asked, and what the citizen answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OLD = (
    "outcome IN ('in_progress', 'appeal', 'partial', 'silent', 'digits_only', 'abandoned_greeting', 'failed', "
    "'no_words'"
)
_PLACED = (
    ", 'surveyed', 'partly_surveyed', 'not_surveyed', 'unanswered', 'busy', 'declined', 'unreachable'"
)


def _outcomes(listed: str) -> None:
    op.execute("ALTER TABLE calls DROP CONSTRAINT ck_calls_outcome")
    op.execute(f"ALTER TABLE calls ADD CONSTRAINT ck_calls_outcome CHECK ({listed})")


def upgrade() -> None:
    op.add_column("calls", sa.Column("direction", sa.String(), nullable=False, server_default="in"))
    op.alter_column("calls", "direction", server_default=None)
    op.add_column("calls", sa.Column("order_id", sa.String()))
    op.add_column("calls", sa.Column("survey", sa.String()))
    op.add_column("calls", sa.Column("answers", postgresql.JSONB(none_as_null=True)))
    op.create_unique_constraint("uq_calls_order_id", "calls", ["order_id"])
    op.create_check_constraint(op.f("ck_calls_direction"), "calls", "direction IN ('in', 'out')")
    op.create_check_constraint(op.f("ck_calls_ordered"), "calls", "(direction = 'out') = (order_id IS NOT NULL)")
    _outcomes(_OLD + _PLACED + ")")


def downgrade() -> None:
    op.execute("UPDATE calls SET outcome = 'failed' WHERE direction = 'out' AND outcome <> 'in_progress'")
    _outcomes(_OLD + ")")
    op.drop_constraint("ck_calls_ordered", "calls")
    op.drop_constraint("ck_calls_direction", "calls")
    op.drop_constraint("uq_calls_order_id", "calls")
    for column in ("answers", "survey", "order_id", "direction"):
        op.drop_column("calls", column)
