"""A profile whose holder only fills the result in afterwards: no citizen's clock runs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("limit_profiles", sa.Column("backfill", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("limit_profiles", "backfill")
