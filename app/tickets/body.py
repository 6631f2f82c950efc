"""What a request to act on a ticket may carry. Which fields an action needs is in the workflow's table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

Short = Annotated[str, msgspec.Meta(max_length=64)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Reason = Annotated[str, msgspec.Meta(max_length=1000)]
Text = Annotated[str, msgspec.Meta(max_length=4000)]


class ActionBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """All fields of all actions; an action refuses those that are not its own."""

    reason: Reason | None = None
    text: Text | None = None
    code: Short | None = None
    """R01 … of a return, X01 … of an exclusion, N1 … of what is not accepted."""
    basis: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    attachments: Annotated[list[int], msgspec.Meta(max_length=20)] | None = None
    unit: Short | None = None
    co_units: Annotated[list[Short], msgspec.Meta(max_length=10)] | None = None
    co_demand: Reason | None = None
    until: datetime | None = None
    limit: Short | None = None
    learn: bool | None = None
    """A designation becomes a row of the catalogue (default) or not."""
    level: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    target_no: Short | None = None
    duplicate_no: Short | None = None
    link_kind: Short | None = None
    target: Line | None = None
    route: Reason | None = None
    call_id: Short | None = None
    knowledge_id: Short | None = None
    # contact
    result: Literal["reached", "not_reached"] | None = None
    at: datetime | None = None
    number: Short | None = None
    # reply
    public_reply: Text | None = None
    solved: int | None = None
    unsolved_reason: Reason | None = None
    is_true: bool | None = None
    over_duty: bool | None = None
    # call-back
    callback_result: Literal["answered", "not_reached", "refused"] | None = None
    callback_id: int | None = None
    mode: Literal["sms", "auto_call", "human"] | None = None
    satisfied: int | None = None
    # elements of the appeal
    category: Short | None = None
    type: Short | None = None
    urgency: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    title: Line | None = None
    district: Short | None = None
    street: Line | None = None
    address: Line | None = None
    demand: Reason | None = None
    occurred_at: datetime | None = None
    subject: Line | None = None
    caller_name: Short | None = None
    contact_phone: Short | None = None
    special_group: Short | None = None
    anonymous: bool | None = None

    def given(self) -> dict[str, Any]:
        """The fields that were given."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


PERSONAL = frozenset({"number", "caller_name", "contact_phone"})
"""Fields that no event repeats: they are in their own tables."""
