"""What must come of an action, told from the table's rows by a reading of them that is not the product's."""

from __future__ import annotations

from dataclasses import dataclass

from models.codes import TicketStatus
from models.workflow_codes import TicketAction
from routing.permits import GuardError, NotPermittedError, RefusedError, WrongStateError
from routing.workflow import TABLE
from routing.workflow_terms import Facts, Side, Step
from tests.workflow.people import Person

_ROWS = {action: [row for row in TABLE if row.action is action] for action in TicketAction}


@dataclass(frozen=True)
class Refusal:
    """``guard``: whose id the error must carry; None: none."""

    error: type[RefusedError]
    guard: str | None = None


def answer(action: TicketAction, state: TicketStatus, person: Person, facts: Facts) -> Step | Refusal:
    """The row that must be taken, or the refusal that must come."""
    rows = [row for row in _ROWS[action] if person.is_meant(row.who)]
    if not rows:
        return Refusal(NotPermittedError)
    rows = [row for row in rows if state in row.sources]
    if not rows:
        return Refusal(WrongStateError)
    fitting = [row for row in rows if row.when is None or row.when.holds(facts)]
    if not fitting:
        assert rows[0].when is not None
        return Refusal(GuardError, rows[0].when.id)
    broken = {id(row): [guard.id for guard in row.guards if not guard.holds(facts)] for row in fitting}
    open_ = [row for row in fitting if not broken[id(row)]]
    return open_[0] if open_ else Refusal(GuardError, broken[id(fitting[0])][0])


def required(state: TicketStatus, people: list[Person]) -> set[tuple[int, str]]:
    """(row, person's key) of all that the table allows somebody in this state under some condition."""
    return {
        (number, person.key)
        for number, row in enumerate(TABLE)
        if state in row.sources
        for person in people
        if person.is_meant(row.who) and not _never_there(state, row, person)
    }


def _never_there(state: TicketStatus, row: Step, person: Person) -> bool:
    """Lower units work on a ticket in one state only; in others nobody stands on that side."""
    return state is not TicketStatus.SUB_DISPATCHED and all(
        who.side is Side.SUB for who in row.who if person.is_meant((who,))
    )
