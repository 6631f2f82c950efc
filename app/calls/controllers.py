"""The narrow door between telephony and the ticket side."""

from __future__ import annotations

import hmac

import msgspec
from litestar import Controller, post
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotAuthorizedException

from app.calls.intake import KINDS, store
from app.db import Db
from app.metrics import CALL_EVENTS
from app.problems import AnyRequest
from telephony.events import CALL_EVENTS_PATH, SECRET_HEADER, Delivery, Receipt

_delivery: msgspec.json.Decoder[Delivery] = msgspec.json.Decoder(Delivery)


class CallEvents(Controller):
    """Only telephony speaks to this."""

    path = CALL_EVENTS_PATH
    tags = ("internal",)
    opt = {"internal": True}  # noqa: RUF012  (Litestar's form)

    @post(operation_id="deliverCallEvents", status_code=200, request_max_body_size=4_000_000)
    async def deliver(self, request: AnyRequest, state: State, db: Db) -> Receipt:
        """Store call events; the answer means they are committed."""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), state.internal_secret.encode()):
            raise NotAuthorizedException(detail="内部接口密钥错误")
        try:
            delivery = _delivery.decode(await request.body())
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ClientException(detail=f"通话事件格式错误：{error}") from error
        receipt = await store(db, delivery.events)
        await db.commit()
        for event in delivery.events:
            CALL_EVENTS.labels(event.kind if event.kind in KINDS else "other").inc()
        return receipt
