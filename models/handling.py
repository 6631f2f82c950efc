"""What was done about an appeal: contacts, replies, call-backs, pauses, supervision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from models.base import Table, Timestamp, code_check, empty_list
from models.codes import Satisfied, Solved
from models.workflow_codes import CallbackMode, CallbackResult, ContactResult, PauseReason

_LIVE = text("ended_at IS NULL")


class ContactRecord(Table, table=True):
    """A unit (or the hotline) tried to reach the citizen: needed before a ticket may be closed."""

    __tablename__ = "contact_records"
    __table_args__ = (code_check("result", ContactResult), Index(None, "ticket_id"))

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    unit: str | None = Field(default=None, foreign_key="units.code")
    by: str
    at: datetime = Field(sa_type=Timestamp)
    """When the citizen was called, not when it was written down."""
    number: str | None = None
    """The number used, when there was one; personal data."""
    call_id: str | None = Field(default=None, foreign_key="calls.id")
    result: str
    note: str = ""
    noted_at: datetime = Field(sa_type=Timestamp)


class Reply(Table, table=True):
    """答复: one version of what the unit answers. The newest accepted one is the ticket's."""

    __tablename__ = "replies"
    __table_args__ = (code_check("solved", Solved), UniqueConstraint("ticket_id", "version"))

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    version: int
    unit: str = Field(foreign_key="units.code")
    result: str
    """办理情况: for the hotline."""
    public_reply: str
    """公开答复: for the citizen."""
    solved: int
    unsolved_reason: str | None = None
    is_true: bool | None = None
    """诉求属实."""
    over_duty: bool = False
    """超职责诉求."""
    attachments: list[int] = Field(default_factory=empty_list, sa_column=Column(ARRAY(BigInteger()), nullable=False))
    handler: str
    submitted_at: datetime = Field(sa_type=Timestamp)
    signer: str | None = None
    signed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    reviewer: str | None = None
    reviewed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    accepted: bool | None = None
    fault: str | None = None
    """Why it was sent back."""


class Callback(Table, table=True):
    """回访: one try to ask the citizen. ``round`` counts the replies asked about, ``try_no`` the tries for one."""

    __tablename__ = "callbacks"
    __table_args__ = (
        code_check("mode", CallbackMode),
        code_check("result", CallbackResult),
        code_check("satisfied", Satisfied),
        code_check("solved", Solved),
        UniqueConstraint("ticket_id", "round", "try_no"),
        Index("ix_callbacks_planned", "planned_at", postgresql_where=text("result = 'planned'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    round: int
    try_no: int
    mode: str
    result: str = CallbackResult.PLANNED.value
    planned_at: datetime = Field(sa_type=Timestamp)
    at: datetime | None = Field(default=None, sa_type=Timestamp)
    by: str | None = None
    call_id: str | None = Field(default=None, foreign_key="calls.id")
    token_hash: str | None = Field(default=None, unique=True)
    """Of the link in the SMS."""
    satisfied: int | None = None
    solved: int | None = None
    reason: str | None = None
    """Why the citizen is not satisfied, in his words."""


class Pause(Table, table=True):
    """A stretch of time in which a ticket's clocks stood still: only for the allowed reasons, with who approved it."""

    __tablename__ = "pauses"
    __table_args__ = (
        code_check("reason", PauseReason),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="end_after_start"),
        Index("uq_pauses_one_live", "ticket_id", unique=True, postgresql_where=_LIVE),
        Index(None, "ticket_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    reason: str
    approved_by: str
    request_id: int | None = Field(default=None, foreign_key="requests.id")
    until: datetime = Field(sa_type=Timestamp)
    """It ends then at the latest."""
    started_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)


class Supervision(Table, table=True):
    """督办: holds the closing of a ticket until it is answered and lifted."""

    __tablename__ = "supervisions"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        Index("uq_supervisions_one_live", "ticket_id", unique=True, postgresql_where=_LIVE),
        Index(None, "ticket_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    level: int
    unit: str = Field(foreign_key="units.code")
    reason: str
    opened_by: str
    started_at: datetime = Field(sa_type=Timestamp)
    due: datetime = Field(sa_type=Timestamp)
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_by: str | None = None
