"""The whole life of a ticket: holders, requests, contacts, replies, call-backs, supervision, messages, attachments."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NO_DELETE = (
    "holdings", "requests", "sub_dispatches", "co_handlings", "contact_records", "replies", "callbacks", "pauses",
    "supervisions", "messages", "service_evaluations",
)
"""Nothing that proves who did what is ever deleted."""

_CHECKS = (
    ("tickets", "ck_tickets_close_type", "close_type IN ('01', '02', '03', '04', '05', '06', '07', '08', '09', '10')"),
    ("tickets", "ck_tickets_exclude_reason", "exclude_reason IN ('X01', 'X02', 'X03', 'X04', 'X05', 'X06', 'X07', 'X08', 'X09', 'X10')"),
    ("tickets", "ck_tickets_satisfied", 'satisfied IN (5, 4, 3, 2, 1, 0, 9)'),
    ("tickets", "ck_tickets_solved", 'solved IN (1, 2, 3, 4, 9)'),
    ("tickets", "ck_tickets_warn_state", 'warn_state IN (0, 1, 2)'),
    ("tickets", "ck_tickets_supervise_level", 'supervise_level BETWEEN 0 AND 3'),
    ("tickets", "ck_tickets_merged_into_its_master", '(status = 92) = (merged_into IS NOT NULL)'),
    ("tickets", "ck_tickets_not_its_own_master", 'merged_into <> id'),
    ("tickets", "ck_tickets_rework_once", 'rework_count BETWEEN 0 AND 1'),
    ("tickets", "ck_tickets_excluded_with_reason", 'in_scope OR exclude_reason IS NOT NULL'),
    ("clocks", "ck_clocks_ref_of_kind", "(kind IN ('sub_sign', 'sub_finish', 'co')) = (ref IS NOT NULL)"),
)
_WIDENED = (
    # table, constraint, before, after
    ("tickets", "ck_tickets_one_host_when_dispatched", 'NOT (status IN (40, 45, 50, 52, 58, 60, 62, 70, 75, 76)) OR host_unit IS NOT NULL', 'NOT (status IN (35, 40, 45, 50, 52, 58, 60, 62, 70, 75, 76)) OR host_unit IS NOT NULL'),
    ("clocks", "ck_clocks_kind", (
            "kind IN ('dispatch', 'sign', 'contact', 'feedback', 'finish', 'citizen', 'review', 'callback', "
            "'return_review')"
        ), (
            "kind IN ('dispatch', 'sign', 'contact', 'feedback', 'finish', 'citizen', 'review', 'callback', "
            "'return_review', 'arbitrate', 'wait_info', 'extension_review', 'suspension_review', "
            "'pause_review', 'exclusion_review', 'withdrawal_review', 'suspension', 'appraisal', 'progress', "
            "'sub_sign', 'sub_finish', 'co', 'supervision', 'appeal_review', 'archive', 'evaluation_verify', "
            "'evaluation_rectify')"
        )),
    ("ticket_events", "ck_ticket_events_kind", (
            "kind IN ('created', 'classified', 'dispatched', 'text_arrived', 'clocks_adjusted', "
            "'clocks_started')"
        ), (
            "kind IN ('created', 'classified', 'dispatched', 'text_arrived', 'clocks_adjusted', "
            "'clocks_started', 'child_merged', 'child_unmerged', 'recalculated', 'amend', 'append', 'submit', "
            "'answer', 'not_accept', 'transfer', 'ask_info', 'give_info', 'close_unreachable', 'approve', "
            "'send_back', 'dispatch', 'confer', 'set_interim', 'designate', 'declare_difficult', 'sign', "
            "'auto_sign', 'request_return', 'approve_return', 'reject_return', 'lapse_return', 'contact', "
            "'feedback', 'progress', 'sub_dispatch', 'sub_sign', 'sub_reply', 'sub_return', 'recall_sub', "
            "'add_co', 'drop_co', 'co_reply', 'request_extension', 'approve_extension', 'reject_extension', "
            "'request_suspension', 'approve_suspension', 'reject_suspension', 'resume', 'request_pause', "
            "'approve_pause', 'reject_pause', 'end_pause', 'submit_reply', 'sign_off', 'revise_reply', "
            "'accept_reply', 'reject_reply', 'record_callback', 'close', 'appeal', 'uphold_appeal', "
            "'dismiss_appeal', 'archive', 'reopen', 'request_withdrawal', 'withdraw', 'refuse_withdrawal', "
            "'merge', 'unmerge', 'link', 'unlink', 'urge', 'supervise', 'answer_supervision', "
            "'lift_supervision', 'note', 'request_exclusion', 'approve_exclusion', 'reject_exclusion', "
            "'mark_confidential', 'unmark_confidential', 'mark_stability', 'unmark_stability', 'warn', "
            "'overdue', 'escalate', 'circulate')"
        )),
)


def upgrade() -> None:
    op.create_table('idempotency_keys',
    sa.Column('actor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fingerprint', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('actor', 'key', name=op.f('pk_idempotency_keys'))
    )
    op.create_index(op.f('ix_idempotency_keys_at'), 'idempotency_keys', ['at'], unique=False)
    op.create_table('stored_files',
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('media_type', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('scan', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('stored_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("scan IN ('clean', 'not_scanned', 'infected')", name=op.f('ck_stored_files_scan')),
    sa.CheckConstraint('size > 0', name=op.f('ck_stored_files_size')),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_stored_files'))
    )
    op.create_table('attachments',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=True),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['sha256'], ['stored_files.sha256'], name=op.f('fk_attachments_sha256_stored_files')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_attachments_ticket_id_tickets')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachments'))
    )
    op.create_index(op.f('ix_attachments_ticket_id'), 'attachments', ['ticket_id'], unique=False)
    op.create_table('callbacks',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('try_no', sa.Integer(), nullable=False),
    sa.Column('mode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('result', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('call_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('token_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('satisfied', sa.Integer(), nullable=True),
    sa.Column('solved', sa.Integer(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint("mode IN ('sms', 'auto_call', 'human')", name=op.f('ck_callbacks_mode')),
    sa.CheckConstraint("result IN ('planned', 'answered', 'not_reached', 'refused', 'cancelled')", name=op.f('ck_callbacks_result')),
    sa.CheckConstraint('satisfied IN (5, 4, 3, 2, 1, 0, 9)', name=op.f('ck_callbacks_satisfied')),
    sa.CheckConstraint('solved IN (1, 2, 3, 4, 9)', name=op.f('ck_callbacks_solved')),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_callbacks_call_id_calls')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_callbacks_ticket_id_tickets')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_callbacks')),
    sa.UniqueConstraint('ticket_id', 'round', 'try_no', name=op.f('uq_callbacks_ticket_id_round_try_no')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_callbacks_token_hash'))
    )
    op.create_index('ix_callbacks_planned', 'callbacks', ['planned_at'], unique=False, postgresql_where=sa.text("result = 'planned'"))
    op.create_table('co_handlings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('demand', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reply', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_co_handlings_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_co_handlings_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_co_handlings'))
    )
    op.create_index('ix_co_handlings_inbox', 'co_handlings', ['unit'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('uq_co_handlings_one_live', 'co_handlings', ['ticket_id', 'unit'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('contact_records',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('call_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('result', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("result IN ('reached', 'not_reached')", name=op.f('ck_contact_records_result')),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_contact_records_call_id_calls')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_contact_records_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_contact_records_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_records'))
    )
    op.create_index(op.f('ix_contact_records_ticket_id'), 'contact_records', ['ticket_id'], unique=False)
    op.create_table('holdings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint("kind IN ('intake', 'dispatched', 'interim', 'designated')", name=op.f('ck_holdings_kind')),
    sa.CheckConstraint('ended_at IS NULL OR ended_at >= started_at', name=op.f('ck_holdings_end_after_start')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_holdings_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_holdings_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holdings'))
    )
    op.create_index(op.f('ix_holdings_ticket_id_started_at'), 'holdings', ['ticket_id', 'started_at'], unique=False)
    op.create_index('uq_holdings_one_live', 'holdings', ['ticket_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('links',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('low', sa.Integer(), nullable=False),
    sa.Column('high', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('same_person', 'same_place', 'same_matter')", name=op.f('ck_links_kind')),
    sa.CheckConstraint('low < high', name=op.f('ck_links_ordered')),
    sa.ForeignKeyConstraint(['high'], ['tickets.id'], name=op.f('fk_links_high_tickets')),
    sa.ForeignKeyConstraint(['low'], ['tickets.id'], name=op.f('fk_links_low_tickets')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_links')),
    sa.UniqueConstraint('low', 'high', name=op.f('uq_links_low_high'))
    )
    op.create_index(op.f('ix_links_high'), 'links', ['high'], unique=False)
    op.create_table('messages',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cause', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=True),
    sa.Column('template', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('fields', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('recipient', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'sent', 'dead', 'cancelled')", name=op.f('ck_messages_state')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_messages_ticket_id_tickets')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_messages')),
    sa.UniqueConstraint('cause', name=op.f('uq_messages_cause'))
    )
    op.create_index('ix_messages_dead', 'messages', ['created_at'], unique=False, postgresql_where=sa.text("state = 'dead'"))
    op.create_index(op.f('ix_messages_ticket_id'), 'messages', ['ticket_id'], unique=False)
    op.create_table('replies',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('result', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('public_reply', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('solved', sa.Integer(), nullable=False),
    sa.Column('unsolved_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('is_true', sa.Boolean(), nullable=True),
    sa.Column('over_duty', sa.Boolean(), nullable=False),
    sa.Column('attachments', postgresql.ARRAY(sa.BigInteger()), nullable=False),
    sa.Column('handler', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signer', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reviewer', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted', sa.Boolean(), nullable=True),
    sa.Column('fault', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint('solved IN (1, 2, 3, 4, 9)', name=op.f('ck_replies_solved')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_replies_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_replies_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replies')),
    sa.UniqueConstraint('ticket_id', 'version', name=op.f('uq_replies_ticket_id_version'))
    )
    op.create_table('requests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('code', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('basis', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('attachments', postgresql.ARRAY(sa.BigInteger()), nullable=False),
    sa.Column('detail', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
    sa.Column('asked_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decision', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint("decision IN ('approved', 'rejected', 'silence', 'lapsed')", name=op.f('ck_requests_decision')),
    sa.CheckConstraint("kind IN ('return', 'extension', 'suspension', 'pause', 'exclusion', 'withdrawal')", name=op.f('ck_requests_kind')),
    sa.CheckConstraint('(decision IS NULL) = (decided_at IS NULL)', name=op.f('ck_requests_decided_when')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_requests_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_requests_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_requests'))
    )
    op.create_index(op.f('ix_requests_ticket_id'), 'requests', ['ticket_id'], unique=False)
    op.create_index('uq_requests_one_pending', 'requests', ['ticket_id', 'kind'], unique=True, postgresql_where=sa.text('decided_at IS NULL'))
    op.create_table('service_evaluations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('item', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('item_code', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('rating', sa.Integer(), nullable=False),
    sa.Column('words', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('real_name', sa.Boolean(), nullable=False),
    sa.Column('rater_name', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('rater_phone', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('ticket_id', sa.Integer(), nullable=True),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('verdict', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('verdict_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('rectified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rectification', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('follow_up_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('follow_up_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('follow_up_satisfied', sa.Integer(), nullable=True),
    sa.Column('reply', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('verify', 'rectify', 'follow_up', 'done')", name=op.f('ck_service_evaluations_state')),
    sa.CheckConstraint("verdict IN ('a', 'b', 'c', 'd')", name=op.f('ck_service_evaluations_verdict')),
    sa.CheckConstraint('follow_up_satisfied IN (5, 4, 3, 2, 1, 0, 9)', name=op.f('ck_service_evaluations_follow_up_satisfied')),
    sa.CheckConstraint('rating BETWEEN 1 AND 5', name=op.f('ck_service_evaluations_rating')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_service_evaluations_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_service_evaluations_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_evaluations')),
    sa.UniqueConstraint('external_id', name=op.f('uq_service_evaluations_external_id')),
    sa.UniqueConstraint('ticket_id', name=op.f('uq_service_evaluations_ticket_id'))
    )
    op.create_index('ix_service_evaluations_open', 'service_evaluations', ['state'], unique=False, postgresql_where=sa.text("state <> 'done'"))
    op.create_index(op.f('ix_service_evaluations_unit_received_at'), 'service_evaluations', ['unit', 'received_at'], unique=False)
    op.create_table('sub_dispatches',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('above', sa.Integer(), nullable=True),
    sa.Column('from_unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('to_unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('demand', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('result', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint("state IN ('sign', 'handling', 'replied', 'returned', 'recalled')", name=op.f('ck_sub_dispatches_state')),
    sa.CheckConstraint('from_unit <> to_unit', name=op.f('ck_sub_dispatches_to_another')),
    sa.ForeignKeyConstraint(['above'], ['sub_dispatches.id'], name=op.f('fk_sub_dispatches_above_sub_dispatches')),
    sa.ForeignKeyConstraint(['from_unit'], ['units.code'], name=op.f('fk_sub_dispatches_from_unit_units')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_sub_dispatches_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['to_unit'], ['units.code'], name=op.f('fk_sub_dispatches_to_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sub_dispatches'))
    )
    op.create_index('ix_sub_dispatches_inbox', 'sub_dispatches', ['to_unit'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index(op.f('ix_sub_dispatches_ticket_id'), 'sub_dispatches', ['ticket_id'], unique=False)
    op.create_table('supervisions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('unit', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('opened_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('answered_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.CheckConstraint('level BETWEEN 1 AND 3', name=op.f('ck_supervisions_level')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_supervisions_ticket_id_tickets')),
    sa.ForeignKeyConstraint(['unit'], ['units.code'], name=op.f('fk_supervisions_unit_units')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_supervisions'))
    )
    op.create_index(op.f('ix_supervisions_ticket_id'), 'supervisions', ['ticket_id'], unique=False)
    op.create_index('uq_supervisions_one_live', 'supervisions', ['ticket_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('pauses',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('approved_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('request_id', sa.Integer(), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("reason IN ('wait_info', 'suspended', 'appraisal')", name=op.f('ck_pauses_reason')),
    sa.CheckConstraint('ended_at IS NULL OR ended_at >= started_at', name=op.f('ck_pauses_end_after_start')),
    sa.ForeignKeyConstraint(['request_id'], ['requests.id'], name=op.f('fk_pauses_request_id_requests')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_pauses_ticket_id_tickets')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pauses'))
    )
    op.create_index(op.f('ix_pauses_ticket_id'), 'pauses', ['ticket_id'], unique=False)
    op.create_index('uq_pauses_one_live', 'pauses', ['ticket_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.add_column('catalogue', sa.Column('origin', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=sa.text("'city'")))
    op.add_column('catalogue', sa.Column('ruled_in', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('clocks', sa.Column('ref', sa.Integer(), nullable=True))
    op.add_column('clocks', sa.Column('stage', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('clocks', sa.Column('next_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('clocks', sa.Column('history', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False, server_default=sa.text("'[]'")))
    op.create_index('ix_clocks_next', 'clocks', ['next_at'], unique=False, postgresql_where=sa.text('stopped_at IS NULL AND next_at IS NOT NULL'))
    op.create_index(op.f('ix_clocks_ticket_id'), 'clocks', ['ticket_id'], unique=False)
    op.create_index('uq_clocks_one_live_of_each', 'clocks', ['kind', 'ref'], unique=True, postgresql_where=sa.text("stopped_at IS NULL AND kind IN ('sub_sign', 'sub_finish', 'co')"))
    op.add_column('tickets', sa.Column('upper_system', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('caller_name', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('contact_phone', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('caller_kind', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('special_group', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('demand', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('tickets', sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('registered_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('designated', sa.Boolean(), nullable=False, server_default=sa.text('false')))
    op.add_column('tickets', sa.Column('sub_unit', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('dispatched_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('tickets', sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('tickets', sa.Column('late_sign', sa.Boolean(), nullable=False, server_default=sa.text('false')))
    op.add_column('tickets', sa.Column('return_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('tickets', sa.Column('first_contact_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('tickets', sa.Column('extension_count', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('rework_count', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('appeal_count', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('rejected_replies', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('callback_round', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('satisfied', sa.Integer(), nullable=True))
    op.add_column('tickets', sa.Column('solved', sa.Integer(), nullable=True))
    op.add_column('tickets', sa.Column('warn_state', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('unit_overdue', sa.Boolean(), nullable=False, server_default=sa.text('false')))
    op.add_column('tickets', sa.Column('citizen_overdue', sa.Boolean(), nullable=False, server_default=sa.text('false')))
    op.add_column('tickets', sa.Column('supervise_level', sa.Integer(), nullable=False, server_default=sa.text('0')))
    op.add_column('tickets', sa.Column('circulated', sa.Boolean(), nullable=False, server_default=sa.text('false')))
    op.add_column('tickets', sa.Column('in_scope', sa.Boolean(), nullable=False, server_default=sa.text('true')))
    op.add_column('tickets', sa.Column('exclude_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column('tickets', sa.Column('merged_into', sa.Integer(), nullable=True))
    op.add_column('tickets', sa.Column('before_pause', sa.Integer(), nullable=True))
    op.add_column('tickets', sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f('fk_tickets_merged_into_tickets'), 'tickets', 'tickets', ['merged_into'], ['id'])
    op.create_foreign_key(op.f('fk_tickets_sub_unit_units'), 'tickets', 'units', ['sub_unit'], ['code'])
    op.drop_index("uq_clocks_one_live", table_name="clocks")
    op.create_index("uq_clocks_one_live", "clocks", ["ticket_id", "kind"], unique=True, postgresql_where=sa.text(
        "stopped_at IS NULL AND kind NOT IN ('sub_sign', 'sub_finish', 'co')"
    ))
    for table, name, check in _CHECKS:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check})")
    for table, name, _, after in _WIDENED:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({after})")
    for table in _NO_DELETE:
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _fill()


def _fill() -> None:
    """Tickets that are there already get their holder and the time of their dispatch."""
    op.execute(
        "UPDATE tickets t SET dispatched_at = (SELECT max(e.at) FROM ticket_events e "
        "WHERE e.ticket_id = t.id AND e.kind = 'dispatched') WHERE t.status >= 40"
    )
    op.execute(
        "INSERT INTO holdings (ticket_id, unit, kind, started_at, ended_at, reason) "
        "SELECT t.id, CASE WHEN t.status BETWEEN 40 AND 79 THEN t.host_unit ELSE h.code END, "
        "CASE WHEN t.status BETWEEN 40 AND 79 THEN 'dispatched' ELSE 'intake' END, "
        "t.created_at, t.closed_at, '系统升级前的责任单位' "
        "FROM tickets t CROSS JOIN (SELECT code FROM units WHERE kind = 'hotline' ORDER BY code LIMIT 1) h"
    )
    op.execute("UPDATE clocks SET next_at = due WHERE stopped_at IS NULL")


def downgrade() -> None:
    for table in _NO_DELETE:
        op.execute(f"DROP TRIGGER {table}_no_delete ON {table}")
    for table, name, before, _ in _WIDENED:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        # history is never rewritten: rows of the newer kinds stay, new ones are refused
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({before}) NOT VALID")
    for table, name, _ in _CHECKS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.drop_index("uq_clocks_one_live", table_name="clocks")
    op.create_index("uq_clocks_one_live", "clocks", ["ticket_id", "kind"], unique=True,
                    postgresql_where=sa.text("stopped_at IS NULL"))
    op.drop_constraint(op.f('fk_tickets_sub_unit_units'), 'tickets', type_='foreignkey')
    op.drop_constraint(op.f('fk_tickets_merged_into_tickets'), 'tickets', type_='foreignkey')
    op.drop_column('tickets', 'archived_at')
    op.drop_column('tickets', 'before_pause')
    op.drop_column('tickets', 'merged_into')
    op.drop_column('tickets', 'exclude_reason')
    op.drop_column('tickets', 'in_scope')
    op.drop_column('tickets', 'circulated')
    op.drop_column('tickets', 'supervise_level')
    op.drop_column('tickets', 'citizen_overdue')
    op.drop_column('tickets', 'unit_overdue')
    op.drop_column('tickets', 'warn_state')
    op.drop_column('tickets', 'solved')
    op.drop_column('tickets', 'satisfied')
    op.drop_column('tickets', 'callback_round')
    op.drop_column('tickets', 'rejected_replies')
    op.drop_column('tickets', 'appeal_count')
    op.drop_column('tickets', 'rework_count')
    op.drop_column('tickets', 'extension_count')
    op.drop_column('tickets', 'first_contact_at')
    op.drop_column('tickets', 'return_until')
    op.drop_column('tickets', 'late_sign')
    op.drop_column('tickets', 'signed_at')
    op.drop_column('tickets', 'dispatched_at')
    op.drop_column('tickets', 'sub_unit')
    op.drop_column('tickets', 'designated')
    op.drop_column('tickets', 'registered_by')
    op.drop_column('tickets', 'subject')
    op.drop_column('tickets', 'occurred_at')
    op.drop_column('tickets', 'demand')
    op.drop_column('tickets', 'special_group')
    op.drop_column('tickets', 'caller_kind')
    op.drop_column('tickets', 'contact_phone')
    op.drop_column('tickets', 'caller_name')
    op.drop_column('tickets', 'upper_system')
    op.drop_index('uq_clocks_one_live_of_each', table_name='clocks', postgresql_where=sa.text("stopped_at IS NULL AND kind IN ('sub_sign', 'sub_finish', 'co')"))
    op.drop_index(op.f('ix_clocks_ticket_id'), table_name='clocks')
    op.drop_index('ix_clocks_next', table_name='clocks', postgresql_where=sa.text('stopped_at IS NULL AND next_at IS NOT NULL'))
    op.drop_column('clocks', 'history')
    op.drop_column('clocks', 'next_at')
    op.drop_column('clocks', 'stage')
    op.drop_column('clocks', 'ref')
    op.drop_column('catalogue', 'ruled_in')
    op.drop_column('catalogue', 'origin')
    op.drop_index('uq_pauses_one_live', table_name='pauses', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index(op.f('ix_pauses_ticket_id'), table_name='pauses')
    op.drop_table('pauses')
    op.drop_index('uq_supervisions_one_live', table_name='supervisions', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index(op.f('ix_supervisions_ticket_id'), table_name='supervisions')
    op.drop_table('supervisions')
    op.drop_index(op.f('ix_sub_dispatches_ticket_id'), table_name='sub_dispatches')
    op.drop_index('ix_sub_dispatches_inbox', table_name='sub_dispatches', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_table('sub_dispatches')
    op.drop_index(op.f('ix_service_evaluations_unit_received_at'), table_name='service_evaluations')
    op.drop_index('ix_service_evaluations_open', table_name='service_evaluations', postgresql_where=sa.text("state <> 'done'"))
    op.drop_table('service_evaluations')
    op.drop_index('uq_requests_one_pending', table_name='requests', postgresql_where=sa.text('decided_at IS NULL'))
    op.drop_index(op.f('ix_requests_ticket_id'), table_name='requests')
    op.drop_table('requests')
    op.drop_table('replies')
    op.drop_index(op.f('ix_messages_ticket_id'), table_name='messages')
    op.drop_index('ix_messages_dead', table_name='messages', postgresql_where=sa.text("state = 'dead'"))
    op.drop_table('messages')
    op.drop_index(op.f('ix_links_high'), table_name='links')
    op.drop_table('links')
    op.drop_index('uq_holdings_one_live', table_name='holdings', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index(op.f('ix_holdings_ticket_id_started_at'), table_name='holdings')
    op.drop_table('holdings')
    op.drop_index(op.f('ix_contact_records_ticket_id'), table_name='contact_records')
    op.drop_table('contact_records')
    op.drop_index('uq_co_handlings_one_live', table_name='co_handlings', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_co_handlings_inbox', table_name='co_handlings', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_table('co_handlings')
    op.drop_index('ix_callbacks_planned', table_name='callbacks', postgresql_where=sa.text("result = 'planned'"))
    op.drop_table('callbacks')
    op.drop_index(op.f('ix_attachments_ticket_id'), table_name='attachments')
    op.drop_table('attachments')
    op.drop_table('stored_files')
    op.drop_index(op.f('ix_idempotency_keys_at'), table_name='idempotency_keys')
    op.drop_table('idempotency_keys')
