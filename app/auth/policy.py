"""Who may do what: roles of domain.md §4 → permissions. The one place where this is decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.codes import AppealType, Role


class Permission(StrEnum):
    """What a route or a field asks for."""

    TICKETS_ALL = "tickets.all"  # every ticket of the city
    TICKETS_UNIT = "tickets.unit"  # those of the user's unit and its subtree
    TICKETS_REGISTER = "tickets.register"  # take an appeal in that came otherwise than by telephone
    CALLS_READ = "calls.read"
    RECORDINGS_LISTEN = "recordings.listen"
    CONTENT_READ = "content.read"  # the citizen's words: content, title, address, transcript, list of recordings
    PHONE_FULL = "phone.full"  # have the caller's number shown, with a reason that is recorded
    PHONE_HANDLED = "phone.handled"  # the same, of what one handles now
    PHONE_PROTECTED = "phone.protected"  # also of a report (举报) or a confidential ticket
    CALLBACKS_MAKE = "callbacks.make"  # the list of citizens whom a person has to call
    MESSAGES_MANAGE = "messages.manage"  # see what became of messages to citizens, send dead ones again
    AUDIT_READ = "audit.read"
    USERS_ADMIN = "users.admin"
    METRICS_READ = "metrics.read"


_P = Permission
_HOTLINE = frozenset({_P.TICKETS_ALL, _P.CALLS_READ, _P.CONTENT_READ})
_UNIT = frozenset({_P.TICKETS_UNIT, _P.CONTENT_READ})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _HOTLINE | {_P.TICKETS_REGISTER, _P.PHONE_HANDLED, _P.RECORDINGS_LISTEN},
    Role.TEAM_LEADER: _HOTLINE
    | {_P.TICKETS_REGISTER, _P.PHONE_HANDLED, _P.RECORDINGS_LISTEN, _P.MESSAGES_MANAGE, _P.CALLBACKS_MAKE},
    Role.QUALITY: _HOTLINE | {_P.RECORDINGS_LISTEN},
    Role.DISPATCHER: _HOTLINE | {_P.TICKETS_REGISTER, _P.PHONE_HANDLED, _P.RECORDINGS_LISTEN},
    Role.DISPATCH_SUPERVISOR: _HOTLINE | {_P.TICKETS_REGISTER, _P.PHONE_FULL, _P.RECORDINGS_LISTEN, _P.MESSAGES_MANAGE},
    Role.CALLBACK: _HOTLINE | {_P.PHONE_FULL, _P.PHONE_PROTECTED, _P.RECORDINGS_LISTEN, _P.CALLBACKS_MAKE},
    Role.SUPERVISION: _HOTLINE,
    Role.KNOWLEDGE_EDITOR: frozenset(),
    Role.KNOWLEDGE_REVIEWER: frozenset(),
    Role.DIRECTOR: _HOTLINE
    | {_P.PHONE_FULL, _P.PHONE_PROTECTED, _P.RECORDINGS_LISTEN, _P.AUDIT_READ}
    | {_P.MESSAGES_MANAGE, _P.CALLBACKS_MAKE},
    Role.UNIT_SIGNER: _UNIT,
    Role.UNIT_HANDLER: _UNIT | {_P.PHONE_HANDLED, _P.PHONE_PROTECTED},  # must be able to call the citizen
    Role.UNIT_APPROVER: _UNIT,
    Role.UNIT_LIAISON: _UNIT,
    Role.DISTRICT_ADMIN: _UNIT,
    Role.LEADER: _HOTLINE,
    Role.OBSERVER: frozenset({_P.TICKETS_ALL}),  # 只读脱敏: figures and states, nobody's words
    Role.SYSTEM_ADMIN: frozenset({_P.USERS_ADMIN, _P.METRICS_READ}),  # no ticket content
    Role.AUDITOR: frozenset({_P.AUDIT_READ}),
}


def permissions(roles: frozenset[Role]) -> frozenset[Permission]:
    """All that a user with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a ticket somebody sees by reading it. A whole number is never among it: that is asked for."""

    content: bool = False
    protected: bool = False
    """Some digits of a protected ticket's number; who has not this sees none there."""
    phone: bool = False
    """Whole numbers: at the machine itself."""

    def hides(self, type_: str | None, confidential: bool | None) -> bool:
        """Whether the caller of such a ticket is not to be known at all."""
        return is_protected(type_, confidential) and not self.protected


NOTHING = Sight()
EVERYTHING = Sight(content=True, phone=True, protected=True)
"""Whoever sits at the machine itself."""


def is_protected(type_: str | None, confidential: bool | None) -> bool:
    """Reports and confidential tickets: who called is known to those only who must call back (domain.md §1.5)."""
    return bool(confidential) or type_ == AppealType.REPORT


def sight(granted: frozenset[Permission]) -> Sight:
    """What these permissions let somebody read."""
    return Sight(content=_P.CONTENT_READ in granted, protected=_P.PHONE_PROTECTED in granted)


def may_reveal(granted: frozenset[Permission], *, handles: bool, protected: bool) -> bool:
    """Whether somebody may have the caller's whole number shown (domain.md §4: the handler, 回访, 主管).

    ``handles``: the ticket is with him now. ``protected``: see :func:`is_protected`.
    """
    whole = _P.PHONE_FULL in granted or (handles and _P.PHONE_HANDLED in granted)
    return whole and (not protected or _P.PHONE_PROTECTED in granted)


def knows_codes(granted: frozenset[Permission]) -> bool:
    """Whether somebody may be told query codes, and find a ticket by one: staff of the hotline who speak with citizens.

    Number and code are all that proves somebody to be the citizen: who had a unit's code could rate that unit.
    """
    hotline = _P.TICKETS_ALL in granted and _P.TICKETS_UNIT not in granted
    return hotline and not granted.isdisjoint({_P.PHONE_FULL, _P.PHONE_HANDLED})


@dataclass(frozen=True, slots=True)
class Search:
    """By what somebody finds tickets."""

    words: bool = False
    """The citizen's words."""
    citizens: bool = False
    """Query codes, and citizens' own numbers inside words."""
    protected: bool = False
    """Those of a protected ticket too."""


def search(granted: frozenset[Permission]) -> Search:
    """What these permissions let somebody search for: no more than he may be shown, or it could be guessed."""
    known = knows_codes(granted)
    return Search(_P.CONTENT_READ in granted, known, known and _P.PHONE_PROTECTED in granted)
