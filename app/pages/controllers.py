"""The plain page at /: sign in, then calls and tickets as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from litestar import Controller, MediaType, Response, get
from litestar.datastructures import State
from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.auth.guards import signed_in

_PAGE = Path(__file__).parent / "static" / "index.html"


class Pages(Controller):
    """For people."""

    include_in_schema = False

    @get("/", media_type=MediaType.HTML)
    async def index(self) -> Response[str]:
        """The page."""
        return Response(_PAGE.read_text("utf-8"), media_type=MediaType.HTML, headers={"Cache-Control": "no-cache"})

    @get("/live", guards=[signed_in])
    async def live(self, state: State) -> ServerSentEvent:
        """Server-sent events: "changed" when calls or tickets have."""

        async def messages() -> AsyncIterator[ServerSentEventMessage]:
            async for change in state.live.changes():
                yield ServerSentEventMessage(event=change, data=change)

        return ServerSentEvent(messages())
