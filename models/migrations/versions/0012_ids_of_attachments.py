"""Ids of attachments are random: 53 bits, so that nobody can guess a file that belongs to no ticket yet."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("attachments", "id", type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    # what has a random id by now gets a small one; events and requests name it by the old one, which is history
    op.execute("UPDATE attachments SET id = nextval('attachments_id_seq') WHERE id > 2147483647")
    op.alter_column("attachments", "id", type_=sa.Integer(), existing_nullable=False)
