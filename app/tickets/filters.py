"""What a list of tickets may be narrowed by."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar.params import FromQuery, QueryParameter

from app.api.cursor import fingerprint
from app.clock import in_city
from app.tickets.errors import InputError
from models.codes import TicketStatus

Sort = Literal["newest", "due"]
Mine = Literal["registered", "handled", "any"]
Relations = Literal["host", "sub", "co", "past"]
_Code = Annotated[str | None, QueryParameter(max_length=32)]
_Codes = Annotated[list[str] | None, QueryParameter(max_items=20)]
_Numbers = Annotated[list[int] | None, QueryParameter(max_items=25)]
_Text = Annotated[str | None, QueryParameter(min_length=2, max_length=64)]
_OPEN = tuple(status.value for status in TicketStatus if status < TicketStatus.CLOSED)
_ENDED = tuple(status.value for status in TicketStatus if status >= TicketStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class Filters:
    """All of them must hold. None: not narrowed by it."""

    sort: Sort = "newest"
    """``due``: the first that is up first, those without a due last."""
    relation: Relations | None = None
    """Only what the unit holds, works on for another, helps with, or once had."""
    unit: str | None = None
    exact: bool = False
    """Not the units below ``unit``."""
    mine: Mine | None = None
    status: tuple[int, ...] | None = None
    due_before: datetime | None = None
    overdue: bool | None = None
    """Its due has passed, and it has not ended."""
    category: str | None = None
    type: tuple[str, ...] | None = None
    district: str | None = None
    place: str | None = None
    urgency: tuple[int, ...] | None = None
    channel: tuple[str, ...] | None = None
    warn: tuple[int, ...] | None = None
    supervised: bool | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    call_id: str | None = None

    def mark(self, *more: Any) -> str:
        """Of the list: the same filters of the same reader give the same."""
        return fingerprint([getattr(self, field.name) for field in fields(self)], *more)


async def provide_filters(
    sort: FromQuery[Sort] = "newest",
    relation: FromQuery[Relations | None] = None,
    unit: _Code = None,
    exact: FromQuery[bool] = False,
    mine: FromQuery[Mine | None] = None,
    status: _Numbers = None,
    open: FromQuery[bool | None] = None,  # noqa: A002  (the query's own name, which faults repeat)
    due_before: FromQuery[datetime | None] = None,
    overdue: FromQuery[bool | None] = None,
    category: Annotated[str | None, QueryParameter(pattern=r"^\d{2}(\d{2}){0,2}$")] = None,
    type: _Codes = None,  # noqa: A002
    district: _Code = None,
    place: _Code = None,
    urgency: _Numbers = None,
    channel: _Codes = None,
    warn: _Numbers = None,
    supervised: FromQuery[bool | None] = None,
    q: _Text = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    call_id: Annotated[str | None, QueryParameter(max_length=64)] = None,
) -> Filters:
    """From the query of a request. InputError: two that exclude each other."""
    if sort == "due" and relation == "past":
        raise InputError("曾经办的工单只能按受理时间排列", "sort")
    wanted = tuple(status) if status is not None else None
    if open is not None or overdue:
        kept = _ENDED if open is False else _OPEN  # what has ended is overdue no more
        wanted = tuple(code for code in wanted or kept if code in kept)
    return Filters(
        sort=sort,
        relation=relation,
        unit=unit,
        exact=exact,
        mine=mine,
        status=wanted,
        due_before=in_city(due_before),
        overdue=overdue,
        category=category,
        type=_tuple(type),
        district=district,
        place=place,
        urgency=_tuple(urgency),
        channel=_tuple(channel),
        warn=_tuple(warn),
        supervised=supervised,
        q=q,
        since=in_city(since),
        until=in_city(until),
        call_id=call_id,
    )


def _tuple(given: list[Any] | None) -> tuple[Any, ...] | None:
    return tuple(given) if given is not None else None
