"""Dead connections are noticed before they are used, without asking the server each time."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

TRUSTED_S = 1.0
"""A connection that was used so shortly ago, and on which the server has said nothing since, is alive.

Asking each time (``pool_pre_ping``) costs a request two round trips more: one for its session, one for its user.
"""
_RESTS = "rests_since"


def watch(engine: Engine) -> None:
    """Let an engine's pool ask its server only after a rest, or when there is word from it: that it goes."""

    @event.listens_for(engine, "checkin")
    def rest(connection: Any, record: Any) -> None:  # noqa: ARG001  (SQLAlchemy's signature)
        record.info[_RESTS] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def wake(connection: Any, record: Any, proxy: Any) -> None:  # noqa: ARG001
        rests_since = record.info.pop(_RESTS, None)
        if rests_since is None:
            return  # it was just made
        if time.monotonic() - rests_since < TRUSTED_S and not has_word(record.driver_connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def has_word(driver: Any) -> bool:
    """Whether something has come that nobody asked for: the server's farewell, or the end of the connection."""
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
