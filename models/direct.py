"""Single statements without a session around them: each its own transaction, one round trip.

A session asks for a connection, begins, executes and rolls back or commits, through layers that cost more than the
statement itself. What every request needs (who asks?) and what comes in by hundreds a second goes this way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy.exc import DBAPIError

from models.liveness import TRUSTED_S, has_word
from models.session import CONNECT

Connection = psycopg.AsyncConnection[NamedTuple]


class Direct:
    """A few connections of a process; a statement waits while all are busy. Errors are SQLAlchemy's, as elsewhere."""

    def __init__(self, url: str, size: int = 8) -> None:
        self._url = url
        self._turns = asyncio.Semaphore(size)
        self._idle: list[tuple[Connection, float]] = []
        """With the moment since when; the last one used is the first to be used again."""

    async def rows(self, query: str, values: Mapping[str, Any]) -> list[Any]:
        """Execute; the rows, as named tuples. ``query``: with ``%(name)s``; a constant of ours."""
        try:
            async with self._turns, self._connection() as connection:
                return await (await connection.execute(query, values)).fetchall()
        except psycopg.Error as error:
            raise DBAPIError.instance("", None, error, psycopg.Error, hide_parameters=True) from error

    async def row(self, query: str, values: Mapping[str, Any]) -> Any:
        """The same; the first row, None: there is none."""
        found = await self.rows(query, values)
        return found[0] if found else None

    async def close(self) -> None:
        """End the connections; one that is busy ends with its statement's failure."""
        while self._idle:
            await self._idle.pop()[0].close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        connection = await self._live() or await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, row_factory=namedtuple_row, **CONNECT
        )
        try:
            yield connection
        except psycopg.Error:
            if not connection.closed:
                self._idle.append((connection, time.monotonic()))
            raise
        except BaseException:  # in the middle of a statement: nobody knows what comes next on it
            await connection.close()
            raise
        self._idle.append((connection, time.monotonic()))

    async def _live(self) -> Connection | None:
        """One that was used before and lives; None: there is none."""
        while self._idle:
            connection, since = self._idle.pop()
            if not has_word(connection) and time.monotonic() - since < TRUSTED_S:
                return connection
            try:
                await connection.execute("SELECT 1")
            except psycopg.Error:
                await connection.close()
            else:
                return connection
        return None
