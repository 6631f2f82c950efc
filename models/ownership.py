"""Who answers for a ticket and who works on it: holders, requests that another decides, helpers, links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from models.base import Json, Table, Timestamp, code_check, empty_dict, empty_list
from models.workflow_codes import Decision, HoldingKind, LinkKind, RequestKind, SubState

_LIVE = text("ended_at IS NULL")


class Holding(Table, table=True):
    """A stretch of time in which one unit answered for a ticket; they follow each other without a gap.

    The first begins with acceptance, the last ends when the ticket is closed.
    """

    __tablename__ = "holdings"
    __table_args__ = (
        code_check("kind", HoldingKind),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="end_after_start"),
        Index("uq_holdings_one_live", "ticket_id", unique=True, postgresql_where=_LIVE),
        Index(None, "ticket_id", "started_at"),
        Index("ix_holdings_passed_on", "unit", "ticket_id", postgresql_where=text("passed_on")),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    unit: str = Field(foreign_key="units.code")
    kind: str
    started_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    reason: str
    """Why it came to this unit, in Chinese."""
    passed_on: bool = False
    """Another one answered for it afterwards: given back, taken away, or decided otherwise."""


class Request(Table, table=True):
    """Something that is asked for and decided by somebody else: return, extension, suspension, pause and the like."""

    __tablename__ = "requests"
    __table_args__ = (
        code_check("kind", RequestKind),
        code_check("decision", Decision),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_when"),
        Index("uq_requests_one_pending", "ticket_id", "kind", unique=True, postgresql_where=text("decided_at IS NULL")),
        Index(None, "ticket_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    kind: str
    unit: str | None = Field(default=None, foreign_key="units.code")
    """The unit that asks; None: the citizen or the hotline."""
    code: str | None = None
    """R01 … of a return, X01 … of an exclusion."""
    reason: str
    basis: str | None = None
    """The legal or other ground, as text."""
    attachments: list[int] = Field(default_factory=empty_list, sa_column=Column(ARRAY(BigInteger()), nullable=False))
    detail: dict[str, Any] = Field(default_factory=empty_dict, sa_column=Column(Json, nullable=False))
    """By kind: the unit a return suggests, the date a suspension runs to, the limit an extension adds …"""
    asked_by: str
    asked_at: datetime = Field(sa_type=Timestamp)
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=Timestamp)
    decision_reason: str | None = None


class SubDispatch(Table, table=True):
    """下派: the holder has a unit below it do the work; the holder still answers for it."""

    __tablename__ = "sub_dispatches"
    __table_args__ = (
        code_check("state", SubState),
        CheckConstraint("from_unit <> to_unit", name="to_another"),
        Index(None, "ticket_id"),
        Index("ix_sub_dispatches_inbox", "to_unit", postgresql_where=_LIVE),
        Index(None, "to_unit", "ticket_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    above: int | None = Field(default=None, foreign_key="sub_dispatches.id")
    """The sub-dispatch this one was made from; None: by the holder itself."""
    from_unit: str = Field(foreign_key="units.code")
    to_unit: str = Field(foreign_key="units.code")
    state: str = SubState.SIGN.value
    demand: str
    """What is to be done."""
    due: datetime = Field(sa_type=Timestamp)
    started_at: datetime = Field(sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    result: str | None = None


class CoHandling(Table, table=True):
    """协办: a unit that helps; the lead collects its sub-reply and answers to the citizen."""

    __tablename__ = "co_handlings"
    __table_args__ = (
        Index("uq_co_handlings_one_live", "ticket_id", "unit", unique=True, postgresql_where=_LIVE),
        Index("ix_co_handlings_inbox", "unit", postgresql_where=_LIVE),
        Index(None, "unit", "ticket_id"),
        Index(None, "ticket_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    unit: str = Field(foreign_key="units.code")
    demand: str = ""
    started_at: datetime = Field(sa_type=Timestamp)
    due: datetime | None = Field(default=None, sa_type=Timestamp)
    ended_at: datetime | None = Field(default=None, sa_type=Timestamp)
    reply: str | None = None
    """None when it was dropped."""


class Link(Table, table=True):
    """关联: two tickets of the same person, place or matter, both live. ``low`` < ``high``: once for each pair."""

    __tablename__ = "links"
    __table_args__ = (
        code_check("kind", LinkKind),
        CheckConstraint("low < high", name="ordered"),
        UniqueConstraint("low", "high"),
        Index(None, "high"),
    )

    id: int | None = Field(default=None, primary_key=True)
    low: int = Field(foreign_key="tickets.id")
    high: int = Field(foreign_key="tickets.id")
    kind: str
    by: str
    at: datetime = Field(sa_type=Timestamp)
