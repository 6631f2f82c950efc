"""Errors of acting on tickets."""

from __future__ import annotations

from typing import Any

from app.errors import HotlineError


class NoTicketError(HotlineError):
    """There is no such ticket, or it is not this user's to see."""

    id = "ticket.missing"
    status = 404


class NoActionError(HotlineError):
    """No action of this name."""

    id = "ticket.no_such_action"
    status = 404


class TicketChangedError(HotlineError):
    """Somebody else was faster: the ticket is not the one that was looked at. ``extra`` tells what it is now."""

    id = "ticket.changed"
    status = 412

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.extra = extra


class InputError(HotlineError):
    """A field's value cannot be; ``extra`` names it."""

    id = "input.invalid"
    status = 422

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.extra = {"faults": [{"field": field, "message": message}]}


class MissingFieldError(InputError):
    """A field that this action needs is not given, or blank."""

    id = "input.missing"


class UnexpectedFieldError(InputError):
    """A field that is not this action's."""

    id = "input.unexpected"


class MarkupError(InputError):
    """Text with a web page's code in it."""

    id = "input.markup"


class UnknownCodeError(InputError):
    """A unit, category, ticket or other thing that does not exist."""

    id = "input.unknown"


class TimeError(InputError):
    """A time that lies where it cannot."""

    id = "input.time"


class CannotCountError(HotlineError):
    """A limit needs a year whose calendar is not known."""

    id = "calendar.year_missing"
    status = 422
