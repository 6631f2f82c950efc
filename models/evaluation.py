"""好差评 (domain.md §8): ratings of services, apart from the call-back about a ticket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from models.base import Table, Timestamp, code_check
from models.codes import Satisfied
from models.workflow_codes import EvaluationClass, EvaluationState


class ServiceEvaluation(Table, table=True):
    """One rating. A bad one (1 or 2) with a real name becomes a ticket of channel 24 and runs through the loop."""

    __tablename__ = "service_evaluations"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        code_check("state", EvaluationState),
        code_check("verdict", EvaluationClass),
        code_check("follow_up_satisfied", Satisfied),
        Index(None, "unit", "received_at"),
        Index("ix_service_evaluations_open", "state", postgresql_where=text("state <> 'done'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    """Where it was given: window, web, app, hotline …"""
    external_id: str | None = Field(default=None, unique=True)
    """The rating platform's own number: the same one is taken in once."""
    unit: str = Field(foreign_key="units.code")
    item: str
    """The service rated."""
    item_code: str | None = None
    rating: int
    words: str = ""
    real_name: bool = False
    rater_name: str | None = None
    rater_phone: str | None = None
    """Hidden from the rated."""
    ticket_id: int | None = Field(default=None, unique=True, foreign_key="tickets.id")
    state: str = EvaluationState.DONE.value
    verdict: str | None = None
    verdict_reason: str | None = None
    verified_at: datetime | None = Field(default=None, sa_type=Timestamp)
    verified_by: str | None = None
    rectified_at: datetime | None = Field(default=None, sa_type=Timestamp)
    rectification: str | None = None
    follow_up_at: datetime | None = Field(default=None, sa_type=Timestamp)
    follow_up_by: str | None = None
    follow_up_satisfied: int | None = None
    reply: str | None = None
    """What is published, masked."""
    published_at: datetime | None = Field(default=None, sa_type=Timestamp)
    received_at: datetime = Field(sa_type=Timestamp)
