"""Who acts on a ticket: a signed-in user, the citizen, or the system."""

from __future__ import annotations

from dataclasses import dataclass

from app.auth.services import Identity
from models.codes import Role
from models.ticket import Ticket
from routing.rulebook import Rulebook
from routing.workflow_terms import Actor, Side

HOTLINE_ROLES = frozenset(
    {
        Role.AGENT,
        Role.TEAM_LEADER,
        Role.QUALITY,
        Role.DISPATCHER,
        Role.DISPATCH_SUPERVISOR,
        Role.CALLBACK,
        Role.SUPERVISION,
        Role.DIRECTOR,
        Role.LEADER,
    }
)
UNIT_ROLES = frozenset(
    {Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER, Role.UNIT_LIAISON, Role.DISTRICT_ADMIN}
)


@dataclass(frozen=True, slots=True)
class Party:
    """``name`` is what events say: ``user:7``, ``citizen``, ``system``."""

    name: str
    roles: frozenset[Role] = frozenset()
    unit: str | None = None
    citizen: bool = False
    system: bool = False

    def actor_on(self, ticket: Ticket, co_units: frozenset[str], book: Rulebook) -> Actor:
        """On which sides of this ticket they stand. ``co_units``: the helpers that have not answered yet."""
        if self.system:
            return Actor(frozenset({Side.SYSTEM}))
        if self.citizen:
            return Actor(frozenset({Side.CITIZEN}))
        sides = set()
        if self.roles & HOTLINE_ROLES:
            sides.add(Side.HOTLINE)
        if self.unit is not None and self.roles & UNIT_ROLES:
            if book.is_below(ticket.host_unit, self.unit):
                sides.add(Side.HOST)
            if book.is_below(ticket.sub_unit, self.unit):
                sides.add(Side.SUB)
            if any(book.is_below(unit, self.unit) for unit in co_units):
                sides.add(Side.CO)
        return Actor(frozenset(sides), self.roles)


SYSTEM = Party("system", system=True)
CITIZEN = Party("citizen", citizen=True)


def party_of(user: Identity) -> Party:
    """A signed-in user."""
    return Party(user.actor, user.roles, user.unit)
