"""What comes in: an appeal as people and other platforms hand it over. Rules of its values: app/intake/checks.py."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from app.tickets.body import Line, Reason, Short, Text
from app.tickets.checks import MOST_ATTACHMENTS

CallerKind = Literal["person", "enterprise", "organisation"]
Files = Annotated[list[int], msgspec.Meta(max_length=MOST_ATTACHMENTS)]


class NewAppeal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One appeal. What is not given is found out by the router; what is given stands."""

    channel: Short
    """A code of models.codes.Channel."""
    content: Text
    """The citizen's words."""
    title: Line | None = None
    demand: Reason | None = None
    occurred_at: datetime | None = None
    subject: Line | None = None
    # what a person has decided
    type: Short | None = None
    category: Short | None = None
    urgency: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    unit: Short | None = None
    co_units: Annotated[list[Short], msgspec.Meta(max_length=10)] | None = None
    district: Short | None = None
    street: Line | None = None
    address: Line | None = None
    # who
    phone: Short | None = None
    contact_phone: Short | None = None
    caller_name: Short | None = None
    caller_kind: CallerKind | None = None
    special_group: Short | None = None
    anonymous: bool = False
    confidential: bool = False
    # of another platform
    upper_system: Short | None = None
    upper_no: Short | None = None
    attachments: Files = msgspec.field(default_factory=list)


CHOICES = ("type", "category", "urgency", "unit", "co_units", "district", "address")
"""Fields by which a person decides what the router otherwise would."""
