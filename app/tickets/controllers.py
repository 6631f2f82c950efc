"""Reading tickets and calls."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.datastructures import ResponseHeader, State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import File
from sqlalchemy import text

from app.api.cursor import next_page
from app.api.etag import etag
from app.auth.guards import may, same_origin
from app.auth.policy import Permission, sight
from app.auth.services import Identity
from app.calls.views import list_calls
from app.clock import in_city, utc_now
from app.db import Db
from app.problems import AnyRequest
from app.tickets.batch import BatchSignBody, SignResult, sign_all
from app.tickets.detail import TicketDetail, read_detail, read_timeline
from app.tickets.filters import Filters, provide_filters
from app.tickets.inbox import list_page
from app.tickets.lines import TicketLine
from app.tickets.party import party_of
from app.tickets.revealing import RevealBody, RevealedCitizen, reveal
from app.tickets.rulebook import Book
from app.tickets.schemas import TicketTimeline
from app.tickets.scope import scope_of
from models.ledger import append_audit

_Page = Annotated[int, QueryParameter(ge=1, le=200)]
_SMALL = 16 * 1024


class Tickets(Controller):
    """Tickets, as far as the user may see them."""

    path = "/api/tickets"
    tags = ("tickets",)
    guards = (same_origin, may(Permission.TICKETS_ALL, Permission.TICKETS_UNIT))

    @get(
        operation_id="listTickets",
        dependencies={"filters": Provide(provide_filters)},
        response_headers=[ResponseHeader(name="Link", description="下一页", documentation_only=True)],
    )
    async def inbox(
        self,
        request: AnyRequest,
        db: Db,
        book: Book,
        state: State,
        filters: NamedDependency[Filters],
        cursor: FromQuery[str | None] = None,
        limit: _Page = 50,
    ) -> Response[list[TicketLine]]:
        """Those in sight, narrowed; the address of the next page is in ``Link``, its cursor in ``X-Next-Cursor``."""
        now = state.now()
        page, following = await list_page(db, state.units, request.user, filters, cursor, limit, now, book)
        headers = {} if following is None else next_page(request, following)
        return Response(page, headers=headers)

    @post("/batch-sign", operation_id="signTickets", status_code=200, request_max_body_size=_SMALL)
    async def batch_sign(
        self, request: AnyRequest, db: Db, book: Book, state: State, data: JSONBody[BatchSignBody]
    ) -> list[SignResult]:
        """Sign for many at once; each has its own answer."""
        now = state.now()
        scope = await scope_of(db, state.units, request.user, now)
        return await sign_all(db, book, scope, data.tickets, party_of(request.user), now)

    @get("/{no:str}", operation_id="getTicket")
    async def one(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str]
    ) -> Response[TicketDetail]:
        """One with all that belongs to it, numbers masked; that it was read is recorded."""
        user: Identity = request.user
        now = state.now()
        scope = await scope_of(db, state.units, user, now)
        ticket = await read_detail(db, scope, no, sight(user.permissions), now, book)
        await append_audit(db, user.actor, "ticket.read", f"ticket:{no}", now, {"as": ticket.relation})
        await db.commit()
        return Response(ticket, headers={"ETag": etag(ticket.version)})

    @get("/{no:str}/timeline", operation_id="getTicketTimeline")
    async def timeline(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str]
    ) -> TicketTimeline:
        """Its history, a line for each event, oldest first."""
        user: Identity = request.user
        now = state.now()
        scope = await scope_of(db, state.units, user, now)
        told, relation = await read_timeline(db, scope, no, sight(user.permissions), book)
        await append_audit(db, user.actor, "ticket.read", f"ticket:{no}", now, {"as": relation.value})
        await db.commit()
        return TicketTimeline(no=no, lines=told)

    @post("/{no:str}/reveal", operation_id="revealCitizen", status_code=200, request_max_body_size=_SMALL)
    async def reveal(
        self, request: AnyRequest, db: Db, state: State, no: FromPath[str], data: JSONBody[RevealBody]
    ) -> Response[RevealedCitizen]:
        """The caller's whole number, for a reason that is recorded."""
        now = state.now()
        scope = await scope_of(db, state.units, request.user, now)
        found = await reveal(db, request.user, scope, no, data.reason, now)
        return Response(found, headers={"Cache-Control": "no-store"})


class Calls(Controller):
    """Calls and their recordings."""

    path = "/api/calls"
    tags = ("calls",)

    @get(operation_id="listCalls", guards=[may(Permission.CALLS_READ)])
    async def list(
        self, request: AnyRequest, db: Db, since: FromQuery[datetime | None] = None, limit: _Page = 50
    ) -> list[dict[str, Any]]:
        """Newest first, numbers masked."""
        return await list_calls(db, since=in_city(since), limit=limit, sight=sight(request.user.permissions))

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
