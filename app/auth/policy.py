"""Who may do what: roles of domain.md §4 → permissions. The one place where this is decided."""

from __future__ import annotations

from enum import StrEnum

from models.codes import Role


class Permission(StrEnum):
    """What a route or a field asks for."""

    TICKETS_ALL = "tickets.all"  # every ticket of the city
    TICKETS_UNIT = "tickets.unit"  # those of the user's unit and its subtree
    CALLS_READ = "calls.read"
    RECORDINGS_LISTEN = "recordings.listen"
    PHONE_FULL = "phone.full"  # the caller's number unmasked
    AUDIT_READ = "audit.read"
    USERS_ADMIN = "users.admin"
    METRICS_READ = "metrics.read"


_P = Permission
_HOTLINE = frozenset({_P.TICKETS_ALL, _P.CALLS_READ})
_UNIT = frozenset({_P.TICKETS_UNIT})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _HOTLINE | {_P.PHONE_FULL, _P.RECORDINGS_LISTEN},
    Role.TEAM_LEADER: _HOTLINE | {_P.PHONE_FULL, _P.RECORDINGS_LISTEN},
    Role.QUALITY: _HOTLINE | {_P.RECORDINGS_LISTEN},
    Role.DISPATCHER: _HOTLINE | {_P.PHONE_FULL, _P.RECORDINGS_LISTEN},
    Role.DISPATCH_SUPERVISOR: _HOTLINE | {_P.PHONE_FULL, _P.RECORDINGS_LISTEN},
    Role.CALLBACK: _HOTLINE | {_P.PHONE_FULL, _P.RECORDINGS_LISTEN},
    Role.SUPERVISION: _HOTLINE,
    Role.KNOWLEDGE_EDITOR: frozenset(),
    Role.KNOWLEDGE_REVIEWER: frozenset(),
    Role.DIRECTOR: _HOTLINE | {_P.PHONE_FULL, _P.RECORDINGS_LISTEN, _P.AUDIT_READ},
    Role.UNIT_SIGNER: _UNIT,
    Role.UNIT_HANDLER: _UNIT | {_P.PHONE_FULL},  # must be able to call the citizen
    Role.UNIT_APPROVER: _UNIT,
    Role.UNIT_LIAISON: _UNIT,
    Role.DISTRICT_ADMIN: _UNIT,
    Role.LEADER: _HOTLINE,
    Role.OBSERVER: frozenset({_P.TICKETS_ALL}),
    Role.SYSTEM_ADMIN: frozenset({_P.USERS_ADMIN, _P.METRICS_READ}),  # no ticket content
    Role.AUDITOR: frozenset({_P.AUDIT_READ}),
}


def permissions(roles: frozenset[Role]) -> frozenset[Permission]:
    """All that a user with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
