"""What all tables share: naming of constraints, aware timestamps, checked codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
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

    def __init__(self, **values: Any) -> None:
        """A new row: the values given, the others' defaults.

        SQLModel's own way round pydantic and SQLAlchemy's events for each field takes ten times as long and comes to
        the same: what is in ``__dict__`` is what is inserted.
        """
        kind = type(self)
        plain, made = _defaults(kind)
        unknown = values.keys() - kind.model_fields.keys()
        if unknown:
            raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
        row = self.__dict__
        row.update(plain)
        for name, factory in made:
            if name not in values:
                row[name] = factory()
        row.update(values)
        for name, value in (("fields_set", set(values)), ("extra", None), ("private", None)):
            object.__setattr__(self, f"__pydantic_{name}__", value)


@cache
def _defaults(kind: type[SQLModel]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Of a table's fields: those that are the same each time, and those that are made."""
    optional = {name: field for name, field in kind.model_fields.items() if not field.is_required()}
    made: list[Any] = [(name, field.default_factory) for name, field in optional.items() if field.default_factory]
    return {name: field.default for name, field in optional.items() if not field.default_factory}, made


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
