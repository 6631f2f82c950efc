"""One step that was taken: the record before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.codes import TicketStatus
from models.workflow_codes import TicketAction
from routing.rulebook import Rulebook
from routing.workflow_terms import Step
from tests.workflow.record import Record

_OTHER_HOLDER = {
    TicketAction.DISPATCH, TicketAction.DESIGNATE, TicketAction.SET_INTERIM, TicketAction.CONFER,
    TicketAction.APPROVE_RETURN, TicketAction.LAPSE_RETURN,
}  # fmt: skip


@dataclass
class Done:
    """One step that was taken."""

    step: Step
    actor: str
    said: dict[str, Any]
    """The request's fields."""
    now: datetime
    before: Record
    after: Record
    book: Rulebook

    @property
    def target(self) -> TicketStatus:
        return self.step.target or TicketStatus.of(self.before.ticket["status"])

    @property
    def unhappy(self) -> bool:
        return self.step.action is TicketAction.RECORD_CALLBACK and self.said.get("satisfied") == 1

    @property
    def supervised(self) -> bool:
        """Before it."""
        return bool(self.before.live("supervisions"))

    @property
    def by_a_unit(self) -> bool:
        """What was noted now is of somebody who works for a unit."""
        old, new = self.before.of("contact_records"), self.after.of("contact_records")
        return any(row["unit"] is not None for key, row in new.items() if key not in old)

    @property
    def supervision_passed_on(self) -> bool:
        """Another unit answers for a supervised ticket."""
        units = {row["unit"] for record in (self.before, self.after) for row in record.live("supervisions")}
        return self.step.action in _OTHER_HOLDER and len(units) > 1

    @property
    def unhappy_again(self) -> bool:
        return self.unhappy and self.before.ticket["rework_count"] > 0
