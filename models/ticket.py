"""Tickets (工单), their clocks, and their events: append-only and hash-chained."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, String

from models.base import Json, Table, Timestamp, code_check, utc_now
from models.codes import AppealType, Channel, ClockKind, TicketEventKind, TicketStatus, Tier, Urgency

_TEXTS = ARRAY(String())
_HELD = "status IN (40, 45, 50, 52, 58, 60, 62, 70, 75, 76)"


class Ticket(Table, table=True):
    """The present state of an appeal; its history is in ``ticket_events`` (same transaction)."""

    __tablename__ = "tickets"
    __table_args__ = (
        code_check("status", TicketStatus),
        code_check("type", AppealType),
        code_check("channel", Channel),
        code_check("urgency", Urgency),
        code_check("tier", Tier),
        CheckConstraint(f"NOT ({_HELD}) OR host_unit IS NOT NULL", name="one_host_when_dispatched"),
        CheckConstraint("length(content) > 0", name="content_not_empty"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index(None, "created_at", "id"),  # newest first, page by page
        Index("ix_tickets_inbox", "host_unit", "status", "due"),  # a unit's inbox
        Index(None, "citizen_id"),
        Index("ix_tickets_missing_clocks", "id", postgresql_where=text("missing_clocks <> '{}'::character varying[]")),
    )

    id: int | None = Field(default=None, primary_key=True)
    no: str = Field(unique=True)
    upper_no: str | None = None
    query_code: str
    status: int
    type: str
    channel: str
    urgency: int
    title: str
    content: str
    """The citizen's words; no department may edit them."""
    call_id: str | None = Field(default=None, unique=True, foreign_key="calls.id")
    citizen_id: int | None = Field(default=None, foreign_key="citizens.id")
    caller_phone: str | None = None
    confidential: bool = False
    anonymous: bool = False
    stability_risk: bool = False
    category: str | None = Field(default=None, foreign_key="categories.code")
    confidence: float | None = None
    district_code: str | None = Field(default=None, foreign_key="places.code")
    place_code: str | None = Field(default=None, foreign_key="places.code")
    street: str | None = None
    poi: str | None = None
    address: str | None = None
    lng: float | None = None
    lat: float | None = None
    host_unit: str | None = Field(default=None, foreign_key="units.code")
    """主办: the one holder; proposed while the ticket is in review."""
    co_units: list[str] = Field(default_factory=list, sa_column=Column(_TEXTS, nullable=False))
    tier: int | None = None
    dispatch_basis: str | None = None
    dispatch_rule: str | None = None
    dispatch_count: int = 0
    confirm: list[str] = Field(default_factory=list, sa_column=Column(_TEXTS, nullable=False))
    """Why a person must confirm; empty: nothing to confirm."""
    missing_clocks: list[str] = Field(default_factory=list, sa_column=Column(_TEXTS, nullable=False))
    """Clocks that could not be computed (``confirm`` says why): started once the calendar knows the year."""
    assessment: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    """What routing said, whole: alternatives, reasons, model."""
    profile: str | None = Field(default=None, foreign_key="limit_profiles.name")
    due: datetime | None = Field(default=None, sa_type=Timestamp)
    citizen_due: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)
    closed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    close_type: str | None = None
    version: int = 1


class TicketEvent(Table, table=True):
    """One step of a ticket's life. ``hash`` = SHA-256 over the previous hash and the canonical event."""

    __tablename__ = "ticket_events"
    __table_args__ = (
        code_check("kind", TicketEventKind),
        UniqueConstraint("ticket_id", "seq"),
        CheckConstraint("seq >= 1", name="seq"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    seq: int
    kind: str
    actor: str
    at: datetime = Field(sa_type=Timestamp)
    payload: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    prev_hash: str
    hash: str


class Clock(Table, table=True):
    """A running or stopped limit. Two families: the unit's, and the citizen's, which never restarts."""

    __tablename__ = "clocks"
    __table_args__ = (
        code_check("kind", ClockKind),
        code_check("family", ("unit", "citizen")),
        CheckConstraint("(kind = 'citizen') = (family = 'citizen')", name="family_of_kind"),
        CheckConstraint("due >= started_at", name="due_after_start"),
        CheckConstraint("stopped_at IS NULL OR stopped_at >= started_at", name="stop_after_start"),
        Index("uq_clocks_one_live", "ticket_id", "kind", unique=True, postgresql_where=text("stopped_at IS NULL")),
        Index("uq_clocks_one_citizen", "ticket_id", unique=True, postgresql_where=text("family = 'citizen'")),
        Index("ix_clocks_due", "due", postgresql_where=text("stopped_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    kind: str
    family: str
    holder: str | None = Field(default=None, foreign_key="units.code")
    limit: str
    started_at: datetime = Field(sa_type=Timestamp)
    due: datetime = Field(sa_type=Timestamp)
    paused: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    stopped_at: datetime | None = Field(default=None, sa_type=Timestamp)
    outcome: str | None = None


class Citizen(Table, table=True):
    """诉求人, known by the number he calls from."""

    __tablename__ = "citizens"

    id: int | None = Field(default=None, primary_key=True)
    phone: str = Field(unique=True)
    name: str | None = None
    special_group: str | None = None
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
