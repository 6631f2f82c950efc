"""Everybody who might act on a ticket: each role, people of units in every relation to it, the citizen, the system."""

from __future__ import annotations

from dataclasses import dataclass

from app.tickets.party import CITIZEN, SYSTEM, UNIT_ROLES, Party
from models.codes import Role
from routing.workflow_terms import Side, Who

DISTRICT, STREET, COMMUNITY = "640106", "640106001", "640106001-01"
"""金凤区, a street of it, a community of that: each below the one before."""
HELPER, STRANGER = "640105-ZJ", "640104"
"""A unit that helps, in another district; one that has nothing to do with it."""


@dataclass(frozen=True)
class Units:
    """Who stands where to a ticket. ``subs`` and ``helpers``: whether such work is open."""

    host: str
    above: str
    sub: str
    lower: str | None
    """A unit to which whoever works on it now may pass the work down; None: there is none below."""
    co: str = HELPER
    unrelated: str = STRANGER
    sub_open: bool = False
    co_open: bool = False
    above_helps: bool = False
    """The unit above the host is above the helper too."""


@dataclass(frozen=True)
class Person:
    """``key`` names somebody whatever the ticket: ``dispatcher``, ``unit_signer@host``, ``citizen``."""

    key: str
    party: Party
    sides: frozenset[Side]

    def is_meant(self, whos: tuple[Who, ...]) -> bool:
        """Whether one of these stands for this person, by side and role."""
        return any(who.side in self.sides and (not who.roles or bool(who.roles & self.party.roles)) for who in whos)


_NONE: frozenset[Side] = frozenset()
_AT_HOTLINE = frozenset(
    {
        Role.AGENT, Role.TEAM_LEADER, Role.QUALITY, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR, Role.CALLBACK,
        Role.SUPERVISION, Role.DIRECTOR, Role.LEADER,
    }
)  # fmt: skip


def sides_of(relation: str, units: Units) -> frozenset[Side]:
    """On which sides a unit's people stand (domain.md §4: a unit's people act for what lies below it)."""
    sub = {Side.SUB} if units.sub_open else set()
    co = {Side.CO} if units.co_open else set()
    sides: dict[str, set[Side]] = {
        "host": {Side.HOST} | sub,
        "above": {Side.HOST} | sub | (co if units.above_helps else set()),
        "sub": sub,
        "co": co,
        "unrelated": set(),
    }
    return frozenset(sides[relation])


RELATIONS = ("host", "above", "sub", "co", "unrelated")


def everybody(units: Units) -> list[Person]:
    """19 roles, those of units in five relations; the citizen, the system."""
    people = []
    for number, role in enumerate(Role):
        if role in UNIT_ROLES:
            for relation in RELATIONS:
                party = Party(f"user:{number}", frozenset({role}), getattr(units, relation))
                people.append(Person(f"{role.value}@{relation}", party, sides_of(relation, units)))
        else:
            sides = frozenset({Side.HOTLINE}) if role in _AT_HOTLINE else _NONE
            people.append(Person(role.value, Party(f"user:{number}", frozenset({role})), sides))
    people.append(Person("citizen", CITIZEN, frozenset({Side.CITIZEN})))
    people.append(Person("system", SYSTEM, frozenset({Side.SYSTEM})))
    return people
