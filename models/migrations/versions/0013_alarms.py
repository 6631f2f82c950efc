"""An alarm when a 特急 ticket waits for the hotline; room in the tickets' pages for what changes all the time."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KINDS = (
    "'created', 'classified', 'dispatched', 'text_arrived', 'clocks_adjusted', 'clocks_started', "
    "'child_merged', 'child_unmerged', 'recalculated', 'amend', 'append', 'submit', 'answer', "
    "'not_accept', 'transfer', 'ask_info', 'give_info', 'close_unreachable', 'approve', 'send_back', "
    "'dispatch', 'confer', 'set_interim', 'designate', 'declare_difficult', 'sign', 'auto_sign', "
    "'request_return', 'approve_return', 'reject_return', 'lapse_return', 'contact', 'feedback', "
    "'progress', 'sub_dispatch', 'sub_sign', 'sub_reply', 'sub_return', 'recall_sub', 'add_co', "
    "'drop_co', 'co_reply', 'request_extension', 'approve_extension', 'reject_extension', "
    "'request_suspension', 'approve_suspension', 'reject_suspension', 'resume', 'request_pause', "
    "'approve_pause', 'reject_pause', 'end_pause', 'submit_reply', 'sign_off', 'revise_reply', "
    "'accept_reply', 'reject_reply', 'record_callback', 'close', 'appeal', 'uphold_appeal', "
    "'dismiss_appeal', 'archive', 'reopen', 'request_withdrawal', 'withdraw', 'refuse_withdrawal', "
    "'merge', 'unmerge', 'link', 'unlink', 'urge', 'supervise', 'answer_supervision', 'lift_supervision', "
    "'note', 'request_exclusion', 'approve_exclusion', 'reject_exclusion', 'mark_confidential', "
    "'unmark_confidential', 'mark_stability', 'unmark_stability', 'warn', 'overdue', 'escalate', "
    "'circulate'"
)


def _allow(kinds: str, valid: str = "") -> None:
    op.execute("ALTER TABLE ticket_events DROP CONSTRAINT ck_ticket_events_kind")
    op.execute(f"ALTER TABLE ticket_events ADD CONSTRAINT ck_ticket_events_kind CHECK (kind IN ({kinds})){valid}")


def upgrade() -> None:
    _allow(f"{_KINDS}, 'alarmed'")
    # most changes of a ticket touch no index: with room in its page a row's new version needs no index entries
    op.execute("ALTER TABLE tickets SET (fillfactor = 85)")


def downgrade() -> None:
    op.execute("ALTER TABLE tickets RESET (fillfactor)")
    _allow(_KINDS, " NOT VALID")  # history is never rewritten: alarms stay, new ones are refused
