"""Calls, their legs, what was said and recorded, and the raw events they were made from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import Json, Table, Timestamp, code_check, utc_now
from models.codes import CallDirection, CallOutcome


class CallEventRow(Table, table=True):
    """An event as it came from telephony; unknown kinds stay here too. (call_id, seq) makes delivery idempotent."""

    __tablename__ = "call_events"
    __table_args__ = (CheckConstraint("seq >= 1", name="seq"),)

    call_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str
    at: datetime = Field(sa_type=Timestamp)
    node: str
    payload: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    fault: str | None = None
    """Why the payload could not be applied; None: it was, or its kind is not known."""
    received_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)


class Call(Table, table=True):
    """A call as its events tell it."""

    __tablename__ = "calls"
    __table_args__ = (
        code_check("outcome", CallOutcome),
        code_check("direction", CallDirection),
        CheckConstraint("(direction = 'out') = (order_id IS NOT NULL)", name="ordered"),
        Index(None, "started_at"),
        # the sweeper's question: ended calls that may still need a ticket, or of which nobody was told
        Index("ix_calls_undrafted", "ended_at", postgresql_where=text("drafted_at IS NULL AND ended_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    node: str
    direction: str = CallDirection.IN.value
    order_id: str | None = Field(default=None, unique=True)
    """Of a call the hotline placed: the order for it."""
    ani: str | None = None
    """The calling number: the citizen's, or of a call we placed our own."""
    dialled: str | None = None
    """The called number: of a call we placed the citizen's."""
    sip_call_id: str | None = None
    citizen_id: int | None = Field(default=None, foreign_key="citizens.id")
    started_at: datetime = Field(sa_type=Timestamp)
    answered_at: datetime | None = Field(default=None, sa_type=Timestamp)
    answered_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_by: str | None = None
    sip_cause: int | None = None
    outcome: str = CallOutcome.IN_PROGRESS.value
    setup_ms: float | None = None
    talk_s: float | None = None
    digits: str = ""
    utterances: int | None = None
    """How many utterances the ended call had; None while it goes on."""
    reanchored: int = 0
    reserved_no: str | None = Field(default=None, unique=True)
    """Ticket number telephony reserved for this call."""
    number_read: bool = False
    """Whether that number was read to the caller."""
    survey: str | None = None
    """Which survey was to be asked."""
    answers: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    """Of the survey: question → {"digit", "answer"}, as far as it came."""
    drafted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When it was settled whether this call makes a ticket; of a call we placed, when its end was passed on."""


class CallLeg(Table, table=True):
    """One party of a call."""

    __tablename__ = "call_legs"
    __table_args__ = (ForeignKeyConstraint(["call_id"], ["calls.id"]),)

    call_id: str = Field(primary_key=True)
    leg: str = Field(primary_key=True)
    party: str
    joined_at: datetime | None = Field(default=None, sa_type=Timestamp)
    left_at: datetime | None = Field(default=None, sa_type=Timestamp)
    cause: int | None = None


class Caption(Table, table=True):
    """One utterance and, once recognised, its text (``text`` None: still awaited; empty: no words)."""

    __tablename__ = "captions"
    __table_args__ = (
        ForeignKeyConstraint(["call_id"], ["calls.id"]),
        code_check("side", ("citizen", "agent")),
        CheckConstraint("end_s >= start_s", name="span"),
    )

    call_id: str = Field(primary_key=True)
    index: int = Field(primary_key=True)
    side: str
    part: int
    start_s: float
    end_s: float
    text: str | None = None
    model: str | None = None
    avg_logprob: float | None = None
    said_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When the utterance was reported: orders the parts and sides of a call."""


class Recording(Table, table=True):
    """One part of one side's recording; ``path`` below the recordings folder."""

    __tablename__ = "recordings"
    __table_args__ = (ForeignKeyConstraint(["call_id"], ["calls.id"]), code_check("side", ("citizen", "agent")))

    call_id: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    part: int = Field(primary_key=True)
    path: str
    seconds: float
