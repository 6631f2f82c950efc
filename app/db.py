"""The web app's way to the database: one engine a process, one session a request."""

from __future__ import annotations

from collections.abc import AsyncIterator

from litestar.datastructures import State
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

Db = NamedDependency[AsyncSession]
"""A route's parameter ``db``: the session of its request."""


async def provide_session(state: State) -> AsyncIterator[AsyncSession]:
    """A session for one request; what it has not committed is rolled back."""
    async with state.sessions() as session:
        yield session
