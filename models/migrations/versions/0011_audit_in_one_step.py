"""The audit log's next entry in one round trip: its end is locked, read and written inside PostgreSQL."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # head and tail: the entry's canonical form (models/ledger.py) before and behind its number. Each statement of the
    # function sees what was committed before it, so that who waited for the lock reads the end as it is then
    op.execute(
        """
        CREATE FUNCTION append_audit(
            new_at timestamptz, new_actor text, new_action text, new_subject text, new_detail jsonb, head text, tail text
        ) RETURNS integer LANGUAGE plpgsql AS $$
        DECLARE
            new_seq integer;
            last_hash text;
        BEGIN
            PERFORM pg_advisory_xact_lock(12345);
            SELECT seq + 1, hash INTO new_seq, last_hash FROM audit_log ORDER BY seq DESC LIMIT 1;
            new_seq := coalesce(new_seq, 1);
            last_hash := coalesce(last_hash, repeat('0', 64));
            INSERT INTO audit_log (seq, at, actor, action, subject, detail, prev_hash, hash)
            VALUES (new_seq, new_at, new_actor, new_action, new_subject, new_detail, last_hash,
                encode(sha256(convert_to(last_hash || head || new_seq || tail, 'UTF8')), 'hex'));
            RETURN new_seq;
        END $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION append_audit(timestamptz, text, text, text, jsonb, text, text)")
