"""What all tables share: naming of constraints, aware timestamps, checked codes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Table(SQLModel):
    """Base of all tables."""


Timestamp: Any = DateTime(timezone=True)
"""``timestamptz``."""

Json: Any = JSONB(none_as_null=True)


def utc_now() -> datetime:
    """The default of columns that say when a row was made."""
    return datetime.now(UTC)


def empty_list() -> list[Any]:
    """A default; ``list`` itself has a signature that pydantic takes long to read, each time."""
    return []


def empty_dict() -> dict[str, Any]:
    """The same for ``dict``."""
    return {}


def code_check(column: str, codes: Iterable[object], name: str | None = None) -> CheckConstraint:
    """A column that holds one of a code list."""
    listed = ", ".join(f"'{code}'" if isinstance(code, str) else str(int(code)) for code in codes)  # type: ignore[call-overload]
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)
