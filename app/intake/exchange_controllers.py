"""The door to other platforms: 110, the platform above, portals and apps that keep their own tickets."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody, QueryParameter

from app.db import Db
from app.intake.exchange import TakenIn, UpperStates, changes, take_in
from app.intake.platforms import known_platform
from app.problems import AnyRequest
from app.tickets.body import Short
from app.tickets.errors import MissingFieldError
from app.tickets.rulebook import Book

_MOST = 100
_MOST_BYTES = 6 * 1024 * 1024
_Page = Annotated[int, QueryParameter(ge=1, le=500)]
_Cursor = Annotated[int, QueryParameter(ge=0)]


class Batch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Appeals of another platform; each is taken or refused by itself."""

    items: Annotated[list[Any], msgspec.Meta(min_length=1, max_length=_MOST)]
    upper_system: Short | None = None
    """Whose they are: only of whoever has the internal secret; a platform's key says it by itself."""


class TakenBatch(msgspec.Struct, kw_only=True):
    """One result for each, in their order."""

    results: list[TakenIn]
    created: int
    exists: int
    refused: int


class Exchange(Controller):
    """By ``Authorization: Bearer <key>`` (``hotline exchange-key``), or with the internal secret."""

    path = "/api/exchange/tickets"
    tags = ("exchange",)
    guards = (known_platform,)

    @post(operation_id="importTickets", status_code=200, request_max_body_size=_MOST_BYTES)
    async def take(self, request: AnyRequest, book: Book, state: State, data: JSONBody[Batch]) -> TakenBatch:
        """Take tickets in, each once: sent again it exists. The answer means that what it says is committed."""
        platform = request.state.platform or data.upper_system
        if platform is None:
            raise MissingFieldError("须填写上级平台", "upper_system")
        results = [await take_in(state.sessions, book, item, platform, state.now()) for item in data.items]
        counts = {kind: sum(one.result == kind for one in results) for kind in ("created", "exists", "refused")}
        return TakenBatch(results=results, **counts)

    @get(operation_id="listExchangeStates")
    async def states(
        self,
        request: AnyRequest,
        db: Db,
        book: Book,
        since: _Cursor = 0,
        limit: _Page = 100,
        upper_system: FromQuery[str | None] = None,
    ) -> UpperStates:
        """What became of them: every new state after the cursor ``since``, none left out, nothing of the citizen's."""
        return await changes(db, book, request.state.platform or upper_system, since, limit)
