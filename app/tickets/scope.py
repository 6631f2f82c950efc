"""Which tickets somebody may see, and as what (domain.md §4: a unit sees its own subtree)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import Permission
from app.auth.services import Identity
from app.tickets.errors import NoTicketError
from app.tickets.units import UnitTree
from models.codes import TicketStatus
from routing.workflow import ENDED, HELD

_HELD = ", ".join(str(status.value) for status in sorted(HELD))
_KEPT = ", ".join(str(status.value) for status in sorted({*ENDED, TicketStatus.WAIT_INFO}))

# scalar subqueries, not EXISTS: PostgreSQL would at times make a hash of the whole table instead of a look for each


def _there(table: str, condition: str) -> str:
    return f"(SELECT 1 FROM {table} WHERE {condition} LIMIT 1) IS NOT NULL"


HELD_IT = _there("holdings h", "h.ticket_id = t.id AND h.unit = t.host_unit AND h.kind <> 'intake'")
"""The unit that is named as its holder did hold it: before that it is only proposed."""
HOSTS = f"(t.host_unit = ANY(:units) AND (t.status IN ({_HELD}) OR (t.status IN ({_KEPT}) AND {HELD_IT})))"
"""The unit that answers for it, or did when it ended."""
SUBS = _there("sub_dispatches s", "s.ticket_id = t.id AND s.to_unit = ANY(:units) AND s.ended_at IS NULL")
HELPS = _there("co_handlings c", "c.ticket_id = t.id AND c.unit = ANY(:units) AND c.ended_at IS NULL")
_HELD_ONCE = _there("holdings h", "h.ticket_id = t.id AND h.unit = ANY(:units) AND h.kind <> 'intake'")
_SUB_ONCE = _there("sub_dispatches s", "s.ticket_id = t.id AND s.to_unit = ANY(:units)")
_HELPED_ONCE = _there("co_handlings c", "c.ticket_id = t.id AND c.unit = ANY(:units)")
ONCE = f"({_HELD_ONCE} OR {_SUB_ONCE} OR {_HELPED_ONCE})"
"""It had to do with it at some time: it may read what came of it."""


class Relation(StrEnum):
    """As what somebody sees a ticket; the first that holds."""

    CITY = "city"
    """The whole city is in sight."""
    HOST = "host"
    SUB = "sub"
    CO = "co"
    PAST = "past"
    """Read-only: the unit held it, worked on it or helped before."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is in somebody's sight: the whole city, or what a subtree of units has to do with."""

    city: bool
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket in sight: its row, and as what it is seen."""

    row: Any
    relation: Relation


async def scope_of(db: AsyncSession, tree: UnitTree, user: Identity, now: datetime) -> Scope:
    """The sight of a user. A unit's user without a unit sees nothing."""
    if Permission.TICKETS_ALL in user.permissions:
        return Scope(city=True)
    if user.unit is None or Permission.TICKETS_UNIT not in user.permissions:
        return Scope(city=False)
    return Scope(city=False, units=await tree.below(db, user.unit, now))


_RELATION = f"CASE WHEN {HOSTS} THEN 'host' WHEN {SUBS} THEN 'sub' WHEN {HELPS} THEN 'co' WHEN {ONCE} THEN 'past' END"


def relation_of(scope: Scope) -> str:
    """An expression on the ticket ``t`` (with ``:units``): as what it is seen; NULL: not at all."""
    return "'city'" if scope.city else _RELATION


def in_scope(scope: Scope) -> str:
    """A condition on the ticket ``t`` (with ``:units``): it is in sight."""
    return "true" if scope.city else f"({HOSTS} OR {SUBS} OR {HELPS} OR {ONCE})"


async def find_visible(db: AsyncSession, scope: Scope, no: str, *, columns: str = "t.*", joins: str = "") -> Seen:
    """One ticket. NoTicketError: there is none, or it is not theirs to see; which is not said."""
    query = f"SELECT {columns}, {relation_of(scope)} AS relation FROM tickets t {joins} WHERE t.no = :no"
    values: dict[str, Any] = {"no": no} if scope.city else {"no": no, "units": list(scope.units)}
    row = (await db.execute(text(query), values)).one_or_none()
    if row is None or row.relation is None:
        raise NoTicketError("没有这张工单")
    return Seen(row, Relation(row.relation))
