"""What is handed in over HTTP by the public, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from app.clock import local_iso
from app.intake.appeal import Files, NewAppeal
from app.tickets.body import Line, Short, Text
from models.codes import Channel, TicketStatus
from models.ticket import Ticket


class Registered(msgspec.Struct, kw_only=True):
    """A ticket that was taken in; its number and code are the citizen's way to ask for it."""

    no: str
    query_code: str
    version: int
    status: int
    status_name: str
    citizen_due: str | None


class PublicAppeal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The form of the web page, the app or the mini-programme."""

    content: Text
    consent: bool
    """The citizen agrees that what he writes is used to handle his appeal."""
    channel: Short = Channel.PORTAL.value
    title: Line | None = None
    type: Short | None = None
    district: Short | None = None
    address: Line | None = None
    occurred_at: datetime | None = None
    subject: Line | None = None
    caller_name: Short | None = None
    phone: Short | None = None
    """Without it nobody can be told what became of it."""
    confidential: bool = False
    attachments: Files = msgspec.field(default_factory=list)

    def appeal(self) -> NewAppeal:
        """The same for the one service."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "consent"}
        return NewAppeal(**given)


class PublicReceipt(msgspec.Struct, kw_only=True):
    """What the citizen keeps. ``feedback`` false: he left no number, so he must ask himself."""

    no: str
    query_code: str
    accepted_at: str | None
    citizen_due: str | None
    feedback: bool


Cursor = Annotated[int, msgspec.Meta(ge=0)]


def registered(ticket: Ticket) -> Registered:
    """For the agent who took it in."""
    return Registered(
        no=ticket.no,
        query_code=ticket.query_code,
        version=ticket.version,
        status=ticket.status,
        status_name=TicketStatus.of(ticket.status).label,
        citizen_due=local_iso(ticket.citizen_due),
    )


def receipt(ticket: Ticket) -> PublicReceipt:
    """For the citizen."""
    return PublicReceipt(
        no=ticket.no,
        query_code=ticket.query_code,
        accepted_at=local_iso(ticket.created_at),
        citizen_due=local_iso(ticket.citizen_due),
        feedback=(ticket.contact_phone or ticket.caller_phone) is not None,
    )
