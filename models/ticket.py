"""Tickets (工单), their clocks, and their events: append-only and hash-chained."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, String

from models.base import Json, Table, Timestamp, code_check, empty_list, utc_now
from models.codes import (
    AppealType,
    Channel,
    ClockKind,
    CloseType,
    ExcludeReason,
    Satisfied,
    Solved,
    TicketEventKind,
    TicketStatus,
    Tier,
    Urgency,
)
from models.workflow_codes import TicketAction, WarnState

_TEXTS = ARRAY(String())
_HELD = "status IN (35, 40, 45, 50, 52, 58, 60, 62, 70, 75, 76)"
_KINDS = (*TicketEventKind, *TicketAction)
_DUE_LAST = text("coalesce(due, 'infinity'::timestamptz)")
"""Tickets without a due come last."""
_MANY = "('sub_sign', 'sub_finish', 'co')"
"""Kinds of which a ticket may have several at once: one for each ``ref``."""


class Ticket(Table, table=True):
    """The present state of an appeal; its history is in ``ticket_events`` (same transaction)."""

    __tablename__ = "tickets"
    __table_args__ = (
        code_check("status", TicketStatus),
        code_check("type", AppealType),
        code_check("channel", Channel),
        code_check("urgency", Urgency),
        code_check("tier", Tier),
        code_check("close_type", CloseType),
        code_check("exclude_reason", ExcludeReason),
        code_check("satisfied", Satisfied),
        code_check("solved", Solved),
        code_check("warn_state", WarnState),
        CheckConstraint("supervise_level BETWEEN 0 AND 3", name="supervise_level"),
        CheckConstraint("(status = 92) = (merged_into IS NOT NULL)", name="merged_into_its_master"),
        CheckConstraint("merged_into <> id", name="not_its_own_master"),
        CheckConstraint("rework_count BETWEEN 0 AND 1", name="rework_once"),
        CheckConstraint("in_scope OR exclude_reason IS NOT NULL", name="excluded_with_reason"),
        CheckConstraint(f"NOT ({_HELD}) OR host_unit IS NOT NULL", name="one_host_when_dispatched"),
        CheckConstraint("length(content) > 0", name="content_not_empty"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index(None, "created_at", "id"),  # newest first, page by page
        # lists: of a state or a unit, by due or newest; each range of them is read in its order and no further
        Index("ix_tickets_inbox", "host_unit", "status", _DUE_LAST, "id"),
        Index("ix_tickets_unit_newest", "host_unit", "status", "created_at", "id"),
        Index("ix_tickets_state_due", "status", _DUE_LAST, "id"),
        Index("ix_tickets_state_newest", "status", "created_at", "id"),
        Index(None, "category", "created_at", "id"),
        Index("ix_tickets_unit_category", "host_unit", "category", "created_at", "id"),
        Index("ix_tickets_place", "place_code", "created_at", postgresql_where=text("place_code IS NOT NULL")),
        Index(
            "ix_tickets_registrar", "registered_by", "created_at", postgresql_where=text("registered_by IS NOT NULL")
        ),
        Index("ix_tickets_children", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index(None, "query_code"),
        # the few among the many
        Index("ix_tickets_warned", _DUE_LAST, "id", postgresql_where=text("warn_state > 0")),
        Index("ix_tickets_supervised", "created_at", "id", postgresql_where=text("supervise_level > 0")),
        Index("ix_tickets_urgent", "created_at", "id", postgresql_where=text("urgency < 3 AND status < 80")),
        Index(None, "citizen_id"),
        Index(
            "uq_tickets_upper", "upper_system", "upper_no", unique=True, postgresql_where=text("upper_no IS NOT NULL")
        ),
        Index("ix_tickets_callback", "id", postgresql_where=text("status = 70")),
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
    co_units: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
    tier: int | None = None
    dispatch_basis: str | None = None
    dispatch_rule: str | None = None
    dispatch_count: int = 0
    confirm: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
    """Why a person must confirm; empty: nothing to confirm."""
    missing_clocks: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
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
    # ---- who and what
    upper_system: str | None = None
    caller_name: str | None = None
    contact_phone: str | None = None
    """回访电话; None: the caller's own number."""
    caller_kind: str | None = None
    special_group: str | None = None
    demand: str | None = None
    occurred_at: datetime | None = Field(default=None, sa_type=Timestamp)
    subject: str | None = None
    """被反映对象."""
    registered_by: str | None = None
    """受理员; None: the system."""
    # ---- ownership
    designated: bool = False
    """The host was designated after a dispute: it cannot return the ticket."""
    sub_unit: str | None = Field(default=None, foreign_key="units.code")
    """Who works on it now, where the host has passed the work down; the host still answers for it."""
    dispatched_at: datetime | None = Field(default=None, sa_type=Timestamp)
    signed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    late_sign: bool = False
    """超时未签收: the system signed."""
    return_until: datetime | None = Field(default=None, sa_type=Timestamp)
    """The host may return it until then; None: it may not."""
    # ---- handling
    first_contact_at: datetime | None = Field(default=None, sa_type=Timestamp)
    extension_count: int = 0
    rework_count: int = 0
    appeal_count: int = 0
    rejected_replies: int = 0
    callback_round: int = 0
    satisfied: int | None = None
    solved: int | None = None
    # ---- assessment and supervision
    warn_state: int = WarnState.NORMAL.value
    unit_overdue: bool = False
    citizen_overdue: bool = False
    supervise_level: int = 0
    """Of the supervision that is open; 0: none."""
    circulated: bool = False
    """通报 has been done."""
    in_scope: bool = True
    """是否计入考核."""
    exclude_reason: str | None = None
    merged_into: int | None = Field(default=None, foreign_key="tickets.id")
    before_pause: int | None = None
    """The state to go back to from 15, 58 or 92."""
    archived_at: datetime | None = Field(default=None, sa_type=Timestamp)


class TicketEvent(Table, table=True):
    """One step of a ticket's life. ``hash`` = SHA-256 over the previous hash and the canonical event."""

    __tablename__ = "ticket_events"
    __table_args__ = (
        code_check("kind", _KINDS),
        UniqueConstraint("ticket_id", "seq"),
        CheckConstraint("seq >= 1", name="seq"),
        Index("ix_ticket_events_of_user", "actor", "ticket_id", postgresql_where=text("actor LIKE 'user:%'")),
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
        Index(
            "uq_clocks_one_live",
            "ticket_id",
            "kind",
            unique=True,
            postgresql_where=text(f"stopped_at IS NULL AND kind NOT IN {_MANY}"),
        ),
        Index(
            "uq_clocks_one_live_of_each",
            "kind",
            "ref",
            unique=True,
            postgresql_where=text(f"stopped_at IS NULL AND kind IN {_MANY}"),
        ),
        CheckConstraint(f"(kind IN {_MANY}) = (ref IS NOT NULL)", name="ref_of_kind"),
        Index(None, "ticket_id"),
        Index("uq_clocks_one_citizen", "ticket_id", unique=True, postgresql_where=text("family = 'citizen'")),
        Index("ix_clocks_due", "due", postgresql_where=text("stopped_at IS NULL")),
        Index("ix_clocks_next", "next_at", postgresql_where=text("stopped_at IS NULL AND next_at IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    kind: str
    family: str
    holder: str | None = Field(default=None, foreign_key="units.code")
    limit: str
    started_at: datetime = Field(sa_type=Timestamp)
    due: datetime = Field(sa_type=Timestamp)
    paused: list[dict[str, Any]] = Field(default_factory=empty_list, sa_column=Column(Json, nullable=False))
    """Intervals: ``from``, ``to`` (missing: it stands still now), ``reason``."""
    stopped_at: datetime | None = Field(default=None, sa_type=Timestamp)
    outcome: str | None = None
    ref: int | None = None
    """The sub-dispatch or co-handling it belongs to."""
    stage: int = 0
    """How many steps of its ladder (routing/ladder.py) have been taken."""
    next_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """When the next one is due; None: there is none, or it stands still."""
    history: list[dict[str, Any]] = Field(default_factory=empty_list, sa_column=Column(Json, nullable=False))
    """Earlier due times: ``due``, ``at``, ``why``."""


class Citizen(Table, table=True):
    """诉求人, known by the number he calls from."""

    __tablename__ = "citizens"

    id: int | None = Field(default=None, primary_key=True)
    phone: str = Field(unique=True)
    name: str | None = None
    special_group: str | None = None
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
