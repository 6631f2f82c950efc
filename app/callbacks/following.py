"""What a step of a ticket means for the call-backs that are planned for it."""

from __future__ import annotations

from app.callbacks.planning import cancel, settle_callbacks
from app.tickets.step import Stepping
from models.codes import TicketStatus
from models.workflow_codes import CallbackResult


async def follow_callbacks(s: Stepping, before: int) -> None:
    """After a step, in its transaction. ``before``: the state it was in."""
    if s.ticket.status == TicketStatus.CALLBACK:
        supervision = s.present.supervision
        supervised = supervision is not None and supervision.ended_at is None
        await settle_callbacks(s.db, s.book, s.ticket, s.present.callbacks, s.now, supervised=supervised)
    elif before == TicketStatus.CALLBACK:
        for row in s.present.callbacks:
            if row.result == CallbackResult.PLANNED:
                cancel(row, s.now)
