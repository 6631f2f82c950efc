"""What happens to a running clock by itself, and when: warnings, then what the system does. Each rung once, in order.

Warnings: yellow at 80 % of the limit or one working day before, red when due (domain.md §1.5). The unit's finish: the
system urges when due (催办), then supervises (督办), then circulates a notice (通报); a supervision not answered
in time goes one level up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.codes import ClockKind
from routing.calendar.limit import Limit
from routing.calendar.progress import yellow_at
from routing.calendar.shifts import extended
from routing.errors import CalendarError
from routing.rulebook import Rulebook


class Deed(StrEnum):
    """One thing that happens when a rung is reached."""

    YELLOW = "yellow"
    RED = "red"
    ACT = "act"
    """The system's own action for the kind (routing.rulebook.event_of)."""
    SUPERVISE = "supervise"
    CIRCULATE = "circulate"
    RAISE = "raise"
    """The supervision's level, by one."""


@dataclass(frozen=True, slots=True)
class Rung:
    at: datetime
    deed: Deed


_SILENT = frozenset({ClockKind.ARCHIVE, ClockKind.SUSPENSION, ClockKind.APPRAISAL, ClockKind.WAIT_INFO})
"""Not somebody's duty: nobody is warned."""
_REVIEWS_THAT_ACT = frozenset({ClockKind.RETURN_REVIEW})


def ladder(
    kind: ClockKind, limit: str, started: datetime, due: datetime, book: Rulebook, *, urgent: bool
) -> tuple[Rung, ...]:
    """The rungs of a clock in the order of time. A rung that needs an unknown year is left out with those after it."""
    rungs: list[Rung] = []
    rules = book.city.rules
    if kind in _SILENT:
        return (Rung(due, Deed.ACT),)
    try:
        if due > started:
            yellow = yellow_at(Limit.parse(limit), started, due, book.calendar, share=rules.warn_share)
            rungs.append(Rung(yellow, Deed.YELLOW))
        rungs.append(Rung(due, Deed.RED))
        if kind is ClockKind.SIGN:
            grace = rules.sign_grace_urgent if urgent else rules.sign_grace
            rungs.append(Rung(extended(grace, due, book.calendar), Deed.ACT))
        elif kind in _REVIEWS_THAT_ACT:
            rungs.append(Rung(due, Deed.ACT))
        elif kind is ClockKind.SUPERVISION:
            rungs.append(Rung(due, Deed.RAISE))
        elif kind is ClockKind.FINISH:
            rungs.append(Rung(extended(rules.escalate_supervise, due, book.calendar), Deed.SUPERVISE))
            rungs.append(Rung(extended(rules.escalate_circulate, due, book.calendar), Deed.CIRCULATE))
    except CalendarError:
        return tuple(rungs) if any(rung.deed is Deed.RED for rung in rungs) else (*rungs, Rung(due, Deed.RED))
    return tuple(rungs)
