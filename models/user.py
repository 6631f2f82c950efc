"""Users, their roles, and signed-in sessions (only the token's hash is kept)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from models.base import Table, Timestamp, code_check, utc_now
from models.codes import Role


class User(Table, table=True):
    """Somebody who may sign in; ``unit`` bounds what unit roles see."""

    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True)
    name: str
    password_hash: str
    unit: str | None = Field(default=None, foreign_key="units.code")
    active: bool = True
    failures: int = 0
    """Wrong passwords in a row."""
    locked_until: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)


class UserRole(Table, table=True):
    """A role of a user."""

    __tablename__ = "user_roles"
    __table_args__ = (code_check("role", Role),)

    user_id: int = Field(primary_key=True, foreign_key="users.id")
    role: str = Field(primary_key=True)


class WebSession(Table, table=True):
    """A signed-in browser."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index(None, "user_id"),)

    token_hash: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="users.id")
    created_at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)
