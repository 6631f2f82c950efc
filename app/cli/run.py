"""What commands share: settings of a data folder, a session, JSON on stdout."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.instance import database_url
from app.settings import AppSettings
from models.session import engine, sessions

T = TypeVar("T")


def settings_of(data: Path | None) -> AppSettings:
    """The settings, looking into ``data`` when given: its instance's servers, not those of the environment."""
    if data is None:
        return AppSettings()
    return AppSettings().model_copy(update={"data_dir": data, "database_url": None, "valkey_url": None})


def with_session(settings: AppSettings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run ``work`` in a session of the instance's database."""

    async def run() -> T:
        db = engine(database_url(settings), pool_size=2)
        try:
            async with sessions(db)() as session:
                return await work(session)
        finally:
            await db.dispose()

    return asyncio.run(run())


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.encode(value).decode())


def os_user() -> str:
    """Who runs this command, for the audit log."""
    return f"cli:{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.geteuid()}"
