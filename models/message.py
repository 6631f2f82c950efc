"""Messages to citizens and units (短信): written with their cause, sent at least once, never twice for one id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field

from models.base import Json, Table, Timestamp, code_check, empty_dict
from models.workflow_codes import MessageState


class Message(Table, table=True):
    """One message. ``id`` (a UUID) is what the gateway knows it by: the same id is never delivered twice."""

    __tablename__ = "messages"
    __table_args__ = (
        code_check("state", MessageState),
        UniqueConstraint("cause"),
        Index(None, "ticket_id"),
        Index("ix_messages_dead", "created_at", postgresql_where=text("state = 'dead'")),
    )

    id: str = Field(primary_key=True)
    cause: str
    """What it was written for, once: ``<ticket no>/<event seq>/<template>``."""
    ticket_id: int | None = Field(default=None, foreign_key="tickets.id")
    template: str
    """Key of the city's template (受理, 派单 …)."""
    fields: dict[str, Any] = Field(default_factory=empty_dict, sa_column=Column(Json, nullable=False))
    recipient: str
    """Phone number; personal data."""
    state: str = MessageState.QUEUED.value
    attempts: int = 0
    created_at: datetime = Field(sa_type=Timestamp)
    sent_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_error: str | None = None
