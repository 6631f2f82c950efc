"""Call-backs over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from app.auth.guards import may
from app.auth.policy import Permission, sight
from app.callbacks.schemas import CallbackPage
from app.callbacks.views import list_tasks
from app.clock import in_city
from app.db import Db
from app.problems import AnyRequest
from app.tickets.rulebook import Book


class Callbacks(Controller):
    """For those who call citizens back."""

    path = "/api/callbacks"
    tags = ("callbacks",)
    guards = (may(Permission.CALLBACKS_MAKE),)

    @get(operation_id="listCallbacks")
    async def list(
        self,
        request: AnyRequest,
        db: Db,
        book: Book,
        until: FromQuery[datetime | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> CallbackPage:
        """Citizens whom a person has to call, the earliest first; numbers masked."""
        seen = sight(request.user.permissions)
        return await list_tasks(db, book, seen, until=in_city(until), limit=limit, cursor=cursor)
