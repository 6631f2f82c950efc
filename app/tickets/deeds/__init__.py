"""What each action does besides the workflow's table."""

from __future__ import annotations

from app.tickets.deeds import afterwards, asking, beside, dispatching, handling, intake
from app.tickets.step import Deed
from models.workflow_codes import TicketAction

DEEDS: dict[TicketAction, Deed] = {
    **intake.DEEDS,
    **dispatching.DEEDS,
    **handling.DEEDS,
    **asking.DEEDS,
    **afterwards.DEEDS,
    **beside.DEEDS,
}
"""An action without one changes no more than the table says."""
