"""``/api/live``: server-sent events about tickets in sight."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from litestar import Controller, get
from litestar.datastructures import State
from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.auth.guards import may
from app.auth.policy import Permission
from app.auth.services import identity_of
from app.clock import utc_now
from app.problems import AnyRequest
from app.tickets.scope import Scope, scope_of


class Live(Controller):
    """News for consoles."""

    path = "/api/live"
    tags = ("tickets",)
    guards = (may(Permission.TICKETS_ALL, Permission.TICKETS_UNIT),)

    @get(operation_id="watchTickets")
    async def watch(self, request: AnyRequest, state: State) -> ServerSentEvent:
        """Events ``tickets`` with ``{"nos": [...], "reload": false}``, and ``still`` when nothing happens.

        ``reload``: look at everything again; the first event says so. The stream ends with the session.
        """
        token: str = request.auth
        async with state.sessions() as db:
            scope = await scope_of(db, state.units, request.user, state.now())

        async def again() -> Scope | None:
            now = utc_now()
            user = await identity_of(state.direct, token, now)
            if user is None or user.permissions.isdisjoint({Permission.TICKETS_ALL, Permission.TICKETS_UNIT}):
                return None
            async with state.sessions() as db:
                return await scope_of(db, state.units, user, now)

        async def messages() -> AsyncIterator[ServerSentEventMessage]:
            async for news in state.ticket_news.changes(scope, again):
                if news is None:
                    yield ServerSentEventMessage(event="still", data="still")
                else:
                    yield ServerSentEventMessage(event="tickets", data=msgspec.json.encode(news).decode())

        return ServerSentEvent(messages())
