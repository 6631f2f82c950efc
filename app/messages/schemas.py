"""Messages as people see them: never the number, never the text."""

from __future__ import annotations

import msgspec


class MessageLine(msgspec.Struct, frozen=True):
    """One message. ``last_error``: the gateway's code, such as http.503."""

    id: str
    ticket_no: str | None
    template: str
    """The occasion: 受理, 派单 …"""
    recipient: str
    """Masked."""
    state: str
    state_name: str
    attempts: int
    created_at: str
    sent_at: str | None
    last_error: str | None


class MessagePage(msgspec.Struct, frozen=True):
    """Newest first; ``next``: the cursor of the following page."""

    items: list[MessageLine]
    next: str | None
