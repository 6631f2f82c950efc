"""Reading tickets and calls."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from litestar import Controller, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import File
from sqlalchemy import text

from app.auth.guards import may
from app.auth.policy import Permission, sight, sight_of_lists
from app.auth.services import Identity
from app.calls.views import list_calls
from app.clock import in_city, utc_now
from app.db import Db
from app.problems import AnyRequest
from app.tickets.views import list_tickets, one_ticket
from models.ledger import append_audit

_Page = Annotated[int, QueryParameter(ge=1, le=500)]


def _bound(user: Identity) -> str | None:
    """The unit that bounds what a user sees; None: the whole city."""
    if Permission.TICKETS_ALL in user.permissions:
        return None
    return user.unit or "-"  # a unit user without a unit sees nothing


class Tickets(Controller):
    """Tickets, as far as the user may see them."""

    path = "/api/tickets"
    tags = ("tickets",)
    guards = (may(Permission.TICKETS_ALL, Permission.TICKETS_UNIT),)

    @get(operation_id="listTickets")
    async def list(
        self,
        request: AnyRequest,
        db: Db,
        since: FromQuery[datetime | None] = None,
        status: FromQuery[int | None] = None,
        call_id: FromQuery[str | None] = None,
        before_id: FromQuery[int | None] = None,
        limit: _Page = 50,
    ) -> list[dict[str, Any]]:
        """Newest first; `before_id` is the `id` of the last one of the page before."""
        user = request.user
        return await list_tickets(
            db,
            since=in_city(since),
            status=status,
            call_id=call_id,
            below_unit=_bound(user),
            before_id=before_id,
            limit=limit,
            sight=sight_of_lists(user.permissions),
        )

    @get("/{no:str}", operation_id="getTicket")
    async def one(self, request: AnyRequest, db: Db, no: FromPath[str]) -> dict[str, Any]:
        """One with events, clocks, transcript; reading the caller's number is recorded."""
        user: Identity = request.user
        ticket = await one_ticket(db, no, below_unit=_bound(user), sight=sight(user.permissions))
        if ticket is None:
            raise NotFoundException(detail="没有这张工单")
        await append_audit(
            db, user.actor, "ticket.read", f"ticket:{no}", utc_now(), {"phone": not ticket["phone_masked"]}
        )
        await db.commit()
        return ticket


class Calls(Controller):
    """Calls and their recordings."""

    path = "/api/calls"
    tags = ("calls",)

    @get(operation_id="listCalls", guards=[may(Permission.CALLS_READ)])
    async def list(
        self, request: AnyRequest, db: Db, since: FromQuery[datetime | None] = None, limit: _Page = 50
    ) -> list[dict[str, Any]]:
        """Newest first, numbers masked."""
        return await list_calls(db, since=in_city(since), limit=limit, sight=sight_of_lists(request.user.permissions))

    @get(
        "/{call_id:str}/recordings/{side:str}/{part:int}",
        operation_id="getRecording",
        guards=[may(Permission.RECORDINGS_LISTEN)],
    )
    async def recording(
        self,
        request: AnyRequest,
        db: Db,
        state: State,
        call_id: FromPath[str],
        side: FromPath[str],
        part: FromPath[int],
    ) -> File:
        """One part of one side, as WAV; listening is recorded."""
        query = text("SELECT path FROM recordings WHERE call_id = :call_id AND side = :side AND part = :part")
        path = (await db.execute(query, {"call_id": call_id, "side": side, "part": part})).scalar_one_or_none()
        if path is None:
            raise NotFoundException(detail="没有这段录音")
        folder: Path = state.settings.recordings_dir.resolve()
        file = (folder / path).resolve()
        if not file.is_relative_to(folder) or not file.is_file():
            raise NotFoundException(detail="录音文件不在本机")
        await append_audit(
            db, request.user.actor, "recording.heard", f"call:{call_id}", utc_now(), {"side": side, "part": part}
        )
        await db.commit()
        return File(
            file, filename=f"{call_id}-{side}-{part}.wav", media_type="audio/wav", content_disposition_type="inline"
        )
