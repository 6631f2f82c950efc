"""Sessions on PostgreSQL (psycopg 3)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

import models.tables  # noqa: F401  (every table is known before the first query)
from models.liveness import watch

CONNECT: dict[str, Any] = {"connect_timeout": 5, "application_name": "hotline"}
"""Of every connection."""


def driver_url(url: str) -> str:
    """``postgresql://…`` (also ``postgres://``) with the psycopg driver named."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return f"postgresql+psycopg://{url.removeprefix(scheme)}"
    return url


def engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine that notices dead connections before it uses them."""
    made = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # errors are logged; what citizens said must not be
        connect_args=CONNECT,
    )
    watch(made.sync_engine)
    return made


def sync_engine(url: str) -> Engine:
    """For migrations and one-off checks."""
    return create_engine(driver_url(url), pool_pre_ping=True, connect_args=CONNECT)


def fault_of(error: BaseException) -> str:
    """What may be logged and stored of an error: the database's own messages quote rows, so only its codes."""
    if not isinstance(error, DBAPIError):
        return f"{type(error).__name__}: {error}"
    state = getattr(error.orig, "sqlstate", None)
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return " ".join(str(part) for part in (type(error).__name__, state, constraint) if part)


_OUTAGES = ("08", "53", "57")
"""SQLSTATE classes: no connection, no resources, shut down by an operator."""


def is_outage(error: BaseException) -> bool:
    """Whether it is the database that is away, and not what was asked of it that is at fault."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or (state is None and isinstance(error, OperationalError)):
        return True
    return state is not None and state[:2] in _OUTAGES


def place_of(error: BaseException) -> str:
    """File and line where it was raised: tells what a message may not, which can quote what citizens said."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""


def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
