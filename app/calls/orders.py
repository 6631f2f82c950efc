"""The job that has a citizen called: topic ``place_call``.

The outbox carries ids only; the number is read from the database when the order is given. Given again after a crash it
is the same order: the front door calls once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.calls.numbers import normalise_number
from app.calls.placed import tell_done
from app.calls.telephony_door import OrderRefusedError, TelephonyUnreachableError
from app.jobs.outbox import PutOffError
from models.outbox import OutboxRow
from telephony.orders import Accepted, Order, OrderId

log = structlog.get_logger(__name__)

PLACE_CALL = "place_call"
NO_NUMBER = "order.no_number"
"""Refused by ourselves: there is nobody to call any more."""
_EXPIRED = "order.expired"
_AGAIN = timedelta(seconds=15)


class CallOrder(msgspec.Struct, frozen=True):
    """Payload of :data:`PLACE_CALL`."""

    order_id: OrderId
    callback_id: int
    survey: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    purpose: Literal["callback"] = "callback"


class NumberOf(Protocol):
    """The number to call for a call-back; None: it is not to be called (any more)."""

    async def __call__(self, session: AsyncSession, callback_id: int) -> str | None: ...


class OrderDoor(Protocol):
    """Where orders are given (:class:`app.calls.telephony_door.TelephonyDoor`)."""

    async def give(self, order: Order) -> Accepted:
        """See there."""


async def order_call(session: AsyncSession, order: CallOrder, not_before: datetime) -> None:
    """Write the order into the outbox, in the caller's transaction; the same order again changes nothing."""
    await session.execute(
        insert(OutboxRow)
        .values(
            topic=PLACE_CALL,
            key=order.order_id,
            payload=msgspec.to_builtins(order),
            available_at=not_before,
            attempts=0,
        )
        .on_conflict_do_nothing()
    )


def placing(
    number_of: NumberOf, door: OrderDoor, clock: Callable[[], datetime]
) -> Callable[[async_sessionmaker[AsyncSession], dict[str, Any]], Awaitable[None]]:
    """The outbox handler of :data:`PLACE_CALL`."""

    async def place_call(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
        """Give the order, or tell that it will never be carried out."""
        ordered = msgspec.convert(payload, CallOrder)
        async with sessions() as session:
            number = normalise_number(await number_of(session, ordered.callback_id))
        try:
            refused = await _give(ordered, number, door, clock())
        except TelephonyUnreachableError:
            if clock() < ordered.expires_at:
                raise
            refused = _EXPIRED
        if refused is None:
            return
        log.info("call_not_placed", order=ordered.order_id, refused=refused)
        async with sessions() as session:
            if not await _has_call(session, ordered.order_id):
                await tell_done(session, ordered.order_id, None, refused)
            await session.commit()

    return place_call


async def _give(ordered: CallOrder, number: str | None, door: OrderDoor, now: datetime) -> str | None:
    """None: the order is given; else why it never will be."""
    if number is None:
        return NO_NUMBER
    order = Order(ordered.order_id, number, ordered.purpose, ordered.survey, ordered.expires_at)
    try:
        await door.give(order)
    except OrderRefusedError as error:
        if not error.retry:
            return error.reason
        if now + _AGAIN >= ordered.expires_at:
            return _EXPIRED
        raise PutOffError(now + _AGAIN, error.reason) from error
    return None


async def _has_call(session: AsyncSession, order_id: str) -> bool:
    query = text("SELECT EXISTS (SELECT FROM calls WHERE order_id = :id)")
    return bool((await session.execute(query, {"id": order_id})).scalar_one())
