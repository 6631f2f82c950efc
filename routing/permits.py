"""Asks the workflow's table: may this actor do this now, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models.codes import TicketStatus
from models.workflow_codes import TicketAction
from routing.errors import RoutingError
from routing.guards import holds
from routing.workflow import TABLE
from routing.workflow_terms import Actor, Facts, Step

_BY_ACTION: dict[TicketAction, tuple[Step, ...]] = {
    action: tuple(step for step in TABLE if step.action is action) for action in TicketAction
}


class RefusedError(RoutingError):
    """The table does not let this happen. ``guard``: id of the condition that does not hold.

    ``extra`` is told to whoever asked: the guard, and what those who know the ticket add of its present state.
    """

    id = "workflow.refused"

    def __init__(self, message: str, guard: str | None = None) -> None:
        super().__init__(message)
        self.guard = guard
        self.extra: dict[str, Any] = {} if guard is None else {"guard": guard}


class NotPermittedError(RefusedError):
    """Never for this role on this ticket."""

    id = "workflow.not_permitted"


class WrongStateError(RefusedError):
    """Not in the state the ticket is in."""

    id = "workflow.wrong_state"


class GuardError(RefusedError):
    """State and role are right, but something else is not."""

    id = "workflow.guard"


def find_step(action: TicketAction, actor: Actor, facts: Facts) -> Step:
    """The row by which this actor may do this now.

    Raises:
        NotPermittedError: no row of the action is for this actor.
        WrongStateError: none of those is for the ticket's state.
        GuardError: a condition does not hold; the first one that does not.
    """
    mine = [step for step in _BY_ACTION[action] if any(who.admits(actor) for who in step.who)]
    if not mine:
        raise NotPermittedError(f"您的角色不能{action.label}这张工单")
    here = [step for step in mine if facts.status in step.sources]
    if not here:
        raise WrongStateError(f"工单处于“{facts.status.label}”，不能{action.label}")
    branch = [step for step in here if holds(step.when, facts)]
    if not branch:
        raise GuardError(f"当前情况下不能{action.label}", here[0].when.id if here[0].when else None)
    for step in branch:
        if all(guard.holds(facts) for guard in step.guards):
            return step
    failed = next(guard for guard in branch[0].guards if not guard.holds(facts))
    raise GuardError(failed.message, failed.id)


@dataclass(frozen=True, slots=True)
class Permit:
    """What ``GET /tickets/{no}/actions`` says of one action."""

    action: TicketAction
    allowed: bool
    target: TicketStatus | None = None
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    why_not: str = ""
    error: str = ""
    guard: str | None = None


def permits(actor: Actor, facts: Facts) -> Iterator[Permit]:
    """Every action, with the step's form or the reason why not. A branch that hangs on the request counts as open."""
    for action in TicketAction:
        try:
            step = find_step(action, actor, facts)
        except RefusedError as error:
            branches = [
                step
                for step in _BY_ACTION[action]
                if error.id == GuardError.id and facts.status in step.sources
                and any(who.admits(actor) for who in step.who)
            ]  # fmt: skip
            if branches and all("callback_result" in step.needs for step in branches):
                yield Permit(action, True, None, branches[0].needs, branches[0].takes)
                continue
            yield Permit(action, False, why_not=error.message, error=error.id, guard=error.guard)
        else:
            yield Permit(action, True, step.target, step.needs, step.takes)
