"""Answers to requests that create something, kept so that the same request twice creates one thing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, Index
from sqlmodel import Field

from models.base import Json, Table, Timestamp, empty_dict

KEPT = timedelta(hours=24)
"""How long a key is remembered."""


class IdempotencyKey(Table, table=True):
    """A key that a client gave (``Idempotency-Key``), by who gave it; kept for :data:`KEPT`."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "at"),)

    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    """SHA-256 of method, path and body: the same key for something else is refused."""
    status: int
    body: bytes
    headers: dict[str, str] = Field(default_factory=empty_dict, sa_column=Column(Json, nullable=False))
    """Location, ETag."""
    at: datetime = Field(sa_type=Timestamp)
