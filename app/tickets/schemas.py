"""What the API tells of tickets: one record for each thing that is shown."""

from __future__ import annotations

import msgspec

from app.clock import local_iso
from app.tickets.fields import field_name
from models.codes import TicketStatus
from models.ticket import Ticket
from routing.permits import Permit
from routing.rulebook import Rulebook


class FormField(msgspec.Struct, kw_only=True):
    """A field of an action's form."""

    name: str
    label: str
    required: bool


class ActionOption(msgspec.Struct, kw_only=True):
    """One action for one user now. ``allowed`` false: ``why_not`` says why, ``error`` and ``guard`` are stable ids."""

    action: str
    label: str
    allowed: bool
    fields: list[FormField]
    target: int | None = None
    """The state it leads to; null: it stays, or that hangs on what is filled in."""
    target_name: str | None = None
    why_not: str | None = None
    error: str | None = None
    guard: str | None = None


class TicketState(msgspec.Struct, kw_only=True):
    """Where a ticket is now."""

    no: str
    version: int
    status: int
    status_name: str
    unit: str | None
    unit_code: str | None
    sub_unit: str | None
    due: str | None
    citizen_due: str | None
    warn_state: int
    supervise_level: int


class TicketTimeline(msgspec.Struct, kw_only=True):
    """The history of a ticket as people read it."""

    no: str
    lines: list[str]


def option_of(permit: Permit) -> ActionOption:
    """For people."""
    fields = [(name, True) for name in permit.needs] + [(name, False) for name in permit.takes]
    return ActionOption(
        action=permit.action.value,
        label=permit.action.label,
        allowed=permit.allowed,
        fields=[FormField(name=name, label=field_name(name), required=needed) for name, needed in fields],
        target=None if permit.target is None else permit.target.value,
        target_name=None if permit.target is None else permit.target.label,
        why_not=permit.why_not or None,
        error=permit.error or None,
        guard=permit.guard,
    )


def state_of(ticket: Ticket, book: Rulebook) -> TicketState:
    """For people and programs."""
    return TicketState(
        no=ticket.no,
        version=ticket.version,
        status=ticket.status,
        status_name=TicketStatus.of(ticket.status).label,
        unit=unit_name(book, ticket.host_unit),
        unit_code=ticket.host_unit,
        sub_unit=unit_name(book, ticket.sub_unit),
        due=local_iso(ticket.due),
        citizen_due=local_iso(ticket.citizen_due),
        warn_state=ticket.warn_state,
        supervise_level=ticket.supervise_level,
    )


def unit_name(book: Rulebook, code: str | None) -> str | None:
    """What a unit is called; one that left the city's files is called by its code."""
    known = book.units.get(code or "")
    return known.name if known is not None else code
