"""What the walk over all states has seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from models.codes import TicketStatus


@dataclass
class Tally:
    """What was walked, over all states."""

    states: set[TicketStatus] = field(default_factory=set)
    cells: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    guards: Counter[str] = field(default_factory=Counter)
    on_record: int = 0
    """Refusals that were asked for on the database itself."""
    taken: set[tuple[int, int, str, str]] = field(default_factory=set)
    """(state, row of the table, person, form) of steps that were taken."""
    steps: int = 0
    """Steps that were taken."""
    tried: set[tuple[str, int, str]] = field(default_factory=set)
    """(situation, row, form): each by one person at least."""

    def lines(self) -> list[str]:
        """For people."""
        guards = ", ".join(f"{name} {count}" for name, count in sorted(self.guards.items()))
        allowed, refused = self.cells["allowed"], self.cells["refused"]
        cells = f"cells {allowed + refused}: allowed {allowed}, {self.steps} of them taken"
        return [
            f"{cells}; refused {refused}, {self.on_record} of them asked for on the database",
            "refused by: " + ", ".join(f"{name} {count}" for name, count in sorted(self.refusals.items())),
            f"guards that failed ({len(self.guards)}): {guards}",
        ]
