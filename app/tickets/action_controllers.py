"""Acting on tickets over HTTP: what may be done, and doing it."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from app.api.etag import IfMatch, etag, expected_version
from app.auth.guards import may, same_origin
from app.auth.policy import Permission
from app.db import Db
from app.problems import AnyRequest
from app.tickets.actions import act, open_actions
from app.tickets.body import ActionBody
from app.tickets.errors import NoActionError
from app.tickets.party import party_of
from app.tickets.rulebook import Book
from app.tickets.schemas import ActionOption, TicketState, option_of, state_of
from app.tickets.scope import find_visible, scope_of
from models.ticket import Ticket
from models.workflow_codes import TicketAction

_MOST_BYTES = 256 * 1024


class TicketActions(Controller):
    """The one way in which a ticket changes, for whoever may see it."""

    path = "/api/tickets/{no:str}/actions"
    tags = ("tickets",)
    guards = (same_origin, may(Permission.TICKETS_ALL, Permission.TICKETS_UNIT))

    @get(operation_id="listTicketActions")
    async def options(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str]
    ) -> Response[list[ActionOption]]:
        """Every action: open to this user now, with its form, or why not."""
        now = state.now()
        seen = await find_visible(db, await scope_of(db, state.units, request.user, now), no, columns="t.id")
        ticket = await db.get_one(Ticket, seen.row.id)
        permits = await open_actions(db, book, ticket, party_of(request.user), now)
        return Response([option_of(permit) for permit in permits], headers={"ETag": etag(ticket.version)})

    @post("/{action:str}", operation_id="actOnTicket", status_code=200, request_max_body_size=_MOST_BYTES)
    async def act(
        self,
        request: AnyRequest,
        db: Db,
        book: Book,
        state: State,
        no: FromPath[str],
        action: FromPath[str],
        data: JSONBody[ActionBody],
        if_match: IfMatch = None,
    ) -> Response[TicketState]:
        """Do it to the version named in ``If-Match``; the ticket as it is then."""
        now = state.now()
        await find_visible(db, await scope_of(db, state.units, request.user, now), no, columns="t.id")
        known = action_of(action)
        version = expected_version(if_match)
        ticket = await act(db, book, no, known, data, party_of(request.user), now, expected_version=version)
        await db.commit()
        return Response(state_of(ticket, book), headers={"ETag": etag(ticket.version)})


def action_of(name: str) -> TicketAction:
    """By its code. NoActionError: there is none of that name."""
    try:
        return TicketAction.of(name)
    except ValueError:
        raise NoActionError("没有这项操作") from None
