"""Who looked at or changed what: append-only, hash-chained over the whole table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field

from models.base import Json, Table, Timestamp


class AuditEntry(Table, table=True):
    """One access. ``seq`` counts without holes; ``hash`` chains it to the one before."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "at"), Index(None, "subject"))

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Timestamp)
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    prev_hash: str
    hash: str
