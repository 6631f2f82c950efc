"""The contract between the ticket side and telephony: orders to call somebody.

``POST /orders`` to the front door, on its unix socket or its port, with the internal secret. An order is in the front
door's journal before it is acknowledged, and is carried out once: given again it only gets the same answer, also after
a crash of either side. What comes of it is told in call events (``telephony/events.py``: placed … ended).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

ORDERS_PATH = "/orders"
ORDERS_SOCKET = "orders.sock"
"""In the folder of the unix sockets."""

OrderId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Purpose = Literal["callback"]


class Order(msgspec.Struct, frozen=True):
    """Call this subscriber once and ask the survey. After ``expires_at`` it is not begun any more.

    ``number``: as dialled within China, digits only. How often a citizen is tried is the ticket side's affair: each
    try is an order.
    """

    order_id: OrderId
    number: Annotated[str, msgspec.Meta(max_length=32)]
    purpose: Purpose
    survey: Annotated[str, msgspec.Meta(max_length=32)]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]


class Accepted(msgspec.Struct, frozen=True):
    """200: the call is being placed, or (``repeated``) was."""

    order_id: str
    call_id: str
    repeated: bool


class Refusal(msgspec.Struct, frozen=True):
    """Any other status: a stable id, a reason in Chinese, and whether the same order may be accepted later."""

    id: str
    message: str
    retry: bool
