"""The citizen's own routes: nobody signs in, whoever knows number and code is the citizen."""

from __future__ import annotations

from litestar import Controller, Response, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from app.citizens import services
from app.citizens.access import Access, Claim, admit
from app.citizens.schemas import AppealBody, AppendBody, Progress, RateBody, ShowBody, UrgeBody, WithdrawBody
from app.db import Db
from app.intake.allowance import network_of
from app.problems import AnyRequest
from app.tickets.rulebook import Book
from routing.rulebook import Rulebook

_SMALL = 64 * 1024


class CitizenTickets(Controller):
    """One ticket, by its number and its query code."""

    path = "/api/public/tickets/{no:str}"
    tags = ("public",)

    @post("/progress", operation_id="getProgress", status_code=200, request_max_body_size=_SMALL)
    async def progress(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str], data: JSONBody[ShowBody]
    ) -> Response[Progress]:
        """How it stands, in plain words; by the code, or by the token of the link in the message.

        Neither is ever in an address (nor in a header): servers on the way write those into their logs.
        """
        access = await _admitted(request, db, book, state, no, data.code, data.token)
        return await _answer(db, book, state, access)

    @post("/rate", operation_id="rateTicket", status_code=200, request_max_body_size=_SMALL)
    async def rate(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str], data: JSONBody[RateBody]
    ) -> Response[Progress]:
        """Rate the answer: who is not content has it done once more."""
        access = await _admitted(request, db, book, state, no, data.code, data.token)
        await services.rate(db, book, access, data, state.now())
        return await _answer(db, book, state, access)

    @post("/append", operation_id="appendToTicket", status_code=200, request_max_body_size=_SMALL)
    async def append(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str], data: JSONBody[AppendBody]
    ) -> Response[Progress]:
        """Add words below the first ones, or what the hotline has asked for."""
        access = await _admitted(request, db, book, state, no, data.code, None)
        await services.append(db, book, access, data.text, data.attachments, state.now())
        return await _answer(db, book, state, access)

    @post("/urge", operation_id="urgeTicket", status_code=200, request_max_body_size=_SMALL)
    async def urge(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str], data: JSONBody[UrgeBody]
    ) -> Response[Progress]:
        """Urge the unit; once a day."""
        access = await _admitted(request, db, book, state, no, data.code, None)
        await services.urge(db, book, access, data.text, state.now())
        return await _answer(db, book, state, access)

    @post("/withdraw", operation_id="withdrawTicket", status_code=200, request_max_body_size=_SMALL)
    async def withdraw(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str], data: JSONBody[WithdrawBody]
    ) -> Response[Progress]:
        """Ask to have it withdrawn; the hotline looks at that."""
        access = await _admitted(request, db, book, state, no, data.code, None)
        await services.withdraw(db, book, access, data.reason, state.now())
        return await _answer(db, book, state, access)

    @post("/appeal", operation_id="appealTicket", status_code=200, request_max_body_size=_SMALL)
    async def appeal(
        self, request: AnyRequest, db: Db, book: Book, state: State, no: FromPath[str], data: JSONBody[AppealBody]
    ) -> Response[Progress]:
        """Object to the closing, within the days the city allows."""
        access = await _admitted(request, db, book, state, no, data.code, None)
        await services.appeal(db, book, access, data.reason, data.attachments, state.now())
        return await _answer(db, book, state, access)


async def _admitted(
    request: AnyRequest, db: AsyncSession, book: Rulebook, state: State, no: str, code: str | None, token: str | None
) -> Access:
    address = network_of(request.client.host if request.client else None)
    now = state.now()
    state.citizen_allowance.take(address, now)
    return await admit(db, book, state.internal_secret, Claim(no, address, code, token), now)


async def _answer(db: AsyncSession, book: Rulebook, state: State, access: Access) -> Response[Progress]:
    """What was done is committed before it is shown."""
    await db.commit()
    shown = await services.progress(db, book, access, state.now())
    return Response(shown, headers={"Cache-Control": "no-store"})
