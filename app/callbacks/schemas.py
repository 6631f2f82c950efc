"""Call-backs that people have to make."""

from __future__ import annotations

import msgspec


class CallbackTask(msgspec.Struct, frozen=True):
    """One citizen to be called. Recorded by the ticket's action ``record_callback`` with ``callback_id`` = ``id``."""

    id: int
    ticket_no: str
    title: str
    unit: str | None
    """Name of who answered."""
    number: str
    """Masked; the whole one is revealed with the ticket, for a reason."""
    planned_at: str
    """Not before; in the hours in which citizens may be called."""
    due: str | None
    """When the call-back of this ticket is late."""
    round: int
    tries: int
    """In vain so far in this round."""
    why: list[str]
    """Why a person is to call: 紧急, 督办 …"""
    version: int
    """The ticket's, for ``If-Match``."""


class CallbackPage(msgspec.Struct, frozen=True):
    """The earliest first; ``next``: the cursor of the following page."""

    items: list[CallbackTask]
    next: str | None
