"""Ratings over HTTP: taken from rating platforms, judged by the hotline, published to everybody."""

from __future__ import annotations

from datetime import datetime

from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import select
from sqlmodel import col

from app.auth.guards import may, same_origin
from app.auth.policy import Permission, Sight, sight
from app.clock import CITY_ZONE, in_city
from app.db import Db
from app.evaluations.publication import last_months, published
from app.evaluations.schemas import NewRating, PublishBody, Rating, UnitRatings, VerdictBody, rating_of
from app.evaluations.services import Verdict, judge, publish
from app.evaluations.taking import take_rating
from app.intake.platforms import known_platform
from app.problems import AnyRequest
from app.tickets.checks import code_of
from app.tickets.errors import TimeError
from app.tickets.party import party_of
from app.tickets.rulebook import Book
from models.evaluation import ServiceEvaluation
from models.ticket import Ticket
from models.workflow_codes import EvaluationClass, EvaluationState

_SMALL = 16 * 1024
_MOST = 200
_AS_SENT = Sight(content=True)
"""Whoever handed it over knows its words."""


class RatingIntake(Controller):
    """For rating platforms: by ``Authorization: Bearer <key>`` (``hotline exchange-key``), or the internal secret."""

    path = "/api/exchange/evaluations"
    tags = ("evaluations",)
    guards = (known_platform,)

    @post(operation_id="takeRating", request_max_body_size=_SMALL)
    async def take(self, request: AnyRequest, db: Db, book: Book, state: State, data: JSONBody[NewRating]) -> Rating:
        """Take one in, once for each of the platform's own numbers."""
        row, ticket_no = await take_rating(db, book, data, state.now(), request.state.platform)
        await db.commit()
        return rating_of(row, book, ticket_no, _AS_SENT)


class Ratings(Controller):
    """For the hotline."""

    path = "/api/evaluations"
    tags = ("evaluations",)
    guards = (same_origin, may(Permission.TICKETS_ALL))

    @get(operation_id="listRatings")
    async def list(
        self,
        request: AnyRequest,
        db: Db,
        book: Book,
        state_code: FromQuery[str | None] = None,
        before_id: FromQuery[int | None] = None,
    ) -> list[Rating]:
        """Newest first; `before_id` is the last one of the page before."""
        ticket_no = select(col(Ticket.no)).where(col(Ticket.id) == col(ServiceEvaluation.ticket_id)).scalar_subquery()
        query = select(ServiceEvaluation, ticket_no)
        if state_code is not None:
            wanted = code_of(EvaluationState, state_code, "state_code").value
            query = query.where(col(ServiceEvaluation.state) == wanted)
        if before_id is not None:
            query = query.where(col(ServiceEvaluation.id) < before_id)
        rows = await db.execute(query.order_by(col(ServiceEvaluation.id).desc()).limit(_MOST))
        seen = sight(request.user.permissions)
        return [rating_of(row, book, no, seen) for row, no in rows]

    @post("/{number:int}/verdict", operation_id="judgeRating", status_code=200, request_max_body_size=_SMALL)
    async def verdict(
        self, request: AnyRequest, db: Db, book: Book, state: State, number: FromPath[int], data: JSONBody[VerdictBody]
    ) -> Rating:
        """Settle what a bad rating is, after its rater was called back."""
        found = Verdict(code_of(EvaluationClass, data.verdict, "verdict"), data.reason, data.unit)
        row = await judge(db, book, number, found, party_of(request.user), state.now())
        await db.commit()
        return rating_of(row, book, None, sight(request.user.permissions))

    @post("/{number:int}/publication", operation_id="publishRating", status_code=200, request_max_body_size=_SMALL)
    async def publication(
        self, request: AnyRequest, db: Db, book: Book, state: State, number: FromPath[int], data: JSONBody[PublishBody]
    ) -> Rating:
        """Put the reply before the public's eyes, masked."""
        row = await publish(db, number, data.reply, party_of(request.user), state.now())
        await db.commit()
        return rating_of(row, book, None, sight(request.user.permissions))


class PublishedRatings(Controller):
    """For everybody."""

    path = "/api/public/evaluations"
    tags = ("public",)

    @get(operation_id="listPublishedRatings")
    async def list(
        self,
        db: Db,
        book: Book,
        state: State,
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
    ) -> list[UnitRatings]:
        """By unit: counts, rates, some replies; the last whole month when no time is given."""
        months = last_months(state.now().astimezone(CITY_ZONE), 2)
        begin, end = in_city(since) or months[-1][0], in_city(until) or months[-1][1]
        if begin >= end:
            raise TimeError("起始时间须早于截止时间", "since")
        return await published(db, book, begin, end, months)
