"""One step while it is taken: everything an action's deed may look at and change, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets.body import ActionBody
from app.tickets.clockwork import Clockwork
from app.tickets.facts import Present
from app.tickets.party import Party
from models.codes import TicketStatus
from models.ticket import Ticket
from routing.rulebook import Rulebook
from routing.workflow_terms import Facts, Step


@dataclass(slots=True)
class Stepping:
    """``target``: the state after it (the table's; 15, 58 and 92 go back to where they came from)."""

    db: AsyncSession
    ticket: Ticket
    step: Step
    body: ActionBody
    party: Party
    now: datetime
    book: Rulebook
    facts: Facts
    present: Present
    clockwork: Clockwork
    target: TicketStatus
    note: dict[str, Any] = field(default_factory=dict)
    """What the event says besides the request's own fields; ids and codes, never personal data."""
    letters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Messages to the citizen: template and its fields."""
    ref: int | None = None
    """The sub-dispatch or helper this step is about; None: all of them."""
    until: datetime | None = None
    """When a pause ends at the latest."""
    request_id: int | None = None
    """The request by which a pause was approved."""

    def tell(self, template: str, **fields: Any) -> None:
        """Write to the citizen once the step is done."""
        self.letters.append((template, fields))

    @property
    def ticket_id(self) -> int:
        assert self.ticket.id is not None
        return self.ticket.id


Deed = Callable[[Stepping], Awaitable[None]]
"""What an action does besides the table: writes its records, checks its fields' values. Raises HotlineError."""
