"""Migrations from code: ``hotline migrate``, tests, and the doctor."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from models.session import sync_engine
from models.tables import metadata

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 12346
"""Advisory lock: several starting processes migrate one after the other."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))  # ConfigParser interpolates
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(url: str) -> str | None:
    """The revision a database is at; None: an empty one."""
    engine = sync_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to ``revision``."""
    _run(url, revision, up=True)


def downgrade(url: str, revision: str) -> None:
    """Bring a database down to ``revision`` ("base": empty). Data of what is dropped is lost."""
    _run(url, revision, up=False)


def _run(url: str, revision: str, *, up: bool) -> None:
    engine = sync_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            (command.upgrade if up else command.downgrade)(_config(connection), revision)
            connection.commit()
    finally:
        engine.dispose()


def differences(url: str) -> list[object]:
    """What autogenerate would still change: empty when the migrations make exactly our tables."""
    engine = sync_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, metadata))
    finally:
        engine.dispose()


def new_revision(url: str, message: str, revision_id: str) -> None:
    """Write a migration file for what differs (developers)."""
    engine = sync_engine(url)
    try:
        with engine.connect() as connection:
            command.revision(_config(connection), message, autogenerate=True, rev_id=revision_id)
    finally:
        engine.dispose()
