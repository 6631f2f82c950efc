"""The web app's way to the database: one engine a process, one session a request."""

from __future__ import annotations

from collections.abc import AsyncIterator

from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncSession


async def provide_session(state: State) -> AsyncIterator[AsyncSession]:
    """A session for one request; what it has not committed is rolled back."""
    async with state.sessions() as session:
        yield session
