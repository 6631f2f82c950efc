"""Messages over HTTP: what became of them, and sending dead ones again."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter

from app.auth.guards import may, same_origin
from app.auth.policy import Permission, sight
from app.db import Db
from app.messages.schemas import MessagePage
from app.messages.services import list_messages, resend
from app.problems import AnyRequest
from models.workflow_codes import MessageState

_StateName = Literal["queued", "sent", "dead", "cancelled"]


class Messages(Controller):
    """For those who see to it that citizens are told."""

    path = "/api/messages"
    tags = ("messages",)
    guards = (same_origin, may(Permission.MESSAGES_MANAGE))

    @get(operation_id="listMessages")
    async def list(
        self,
        request: AnyRequest,
        db: Db,
        state_: Annotated[_StateName, QueryParameter(name="state")] = "dead",
        cursor: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> MessagePage:
        """Those in a state, newest first; numbers masked, texts not shown."""
        seen = sight(request.user.permissions)
        return await list_messages(db, MessageState.of(state_), seen, limit=limit, cursor=cursor)

    @post("/{message_id:str}/resend", operation_id="resendMessage", status_code=204)
    async def resend(self, request: AnyRequest, db: Db, state: State, message_id: FromPath[str]) -> None:
        """Try a dead one anew; who did is recorded."""
        await resend(db, message_id, request.user.actor, state.now())
        await db.commit()
