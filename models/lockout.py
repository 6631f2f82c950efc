"""Wrong query codes: how many of late, and until when nobody is heard."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from models.base import Table, Timestamp


class Lockout(Table, table=True):
    """One ticket number that was asked for, whether it exists or not, or one address; its key tells neither."""

    __tablename__ = "lockouts"

    key: str = Field(primary_key=True)
    failures: int
    since: datetime = Field(sa_type=Timestamp)
    locked_until: datetime | None = Field(default=None, sa_type=Timestamp)
