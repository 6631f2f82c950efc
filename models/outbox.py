"""What is to be done after a commit: written in the same transaction as its cause, claimed by workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field

from models.base import Json, Table, Timestamp, empty_dict, utc_now


class OutboxRow(Table, table=True):
    """A job: ``topic`` and ``key`` name it once for ever; ``payload`` carries ids, never personal data."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("topic", "key"),
        Index("ix_outbox_due", "available_at", postgresql_where=text("done_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    topic: str
    key: str
    payload: dict[str, Any] = Field(default_factory=empty_dict, sa_column=Column(Json, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    available_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    """Not before then; a claim moves it to the end of its lease."""
    attempts: int = 0
    done_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_error: str | None = None
