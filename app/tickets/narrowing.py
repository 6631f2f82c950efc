"""A list's filters as conditions on the ticket ``t``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.api.cursor import Cursor
from app.tickets.filters import Filters
from app.tickets.scope import Scope
from app.tickets.searching import Hits
from models.codes import TicketStatus, Urgency
from models.workflow_codes import WarnState
from routing.rulebook import Rulebook

DUE = "coalesce(t.due, 'infinity'::timestamptz)"
"""As the indexes have it: tickets without a due come last."""
NEWEST = "t.created_at"
_LEAF = 6
_HANDLED = "SELECT e.ticket_id FROM ticket_events e WHERE e.actor = :me AND e.actor LIKE 'user:%'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page: whose sight (``scope``), seen from which units (``units``; None: the whole city), narrowed how."""

    filters: Filters
    scope: Scope
    units: tuple[str, ...] | None
    me: str
    limit: int
    cursor: Cursor | None = None
    hits: Hits | None = None


@dataclass(slots=True)
class Query:
    """Conditions on ``t`` and the values bound in them."""

    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    narrow: bool = False
    """They leave few rows, found by an index of their own."""
    few: bool = False
    """That index says more of them than their states do."""
    leaves: bool = False
    """They name leaves of categories, as ``:leaves``."""
    found: str = "true"
    """The words that are looked for: among those of the list's holders."""
    said: str = "true"
    """The same of any ticket."""

    def add(self, condition: str, **values: Any) -> None:
        self.conditions.append(condition)
        self.values |= values

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions) or "true"


def narrowed(wanted: Wanted, now: datetime, book: Rulebook) -> Query:
    filters, query = wanted.filters, Query()
    for condition, name, value in (
        ("t.created_at >= :since", "since", filters.since),
        ("t.created_at < :until", "until", filters.until),
        (f"{DUE} < :due_before", "due_before", filters.due_before),
        ("t.type = ANY(:types)", "types", filters.type),
        ("t.district_code = :district", "district", filters.district),
        ("t.urgency = ANY(:urgencies)", "urgencies", filters.urgency),
        ("t.channel = ANY(:channels)", "channels", filters.channel),
        ("t.warn_state = ANY(:warns)", "warns", filters.warn),
        ("t.call_id = :call_id", "call_id", filters.call_id),
    ):
        if value is not None:
            query.add(condition, **{name: list(value) if isinstance(value, tuple) else value})
    if filters.supervised is not None:
        query.add("t.supervise_level > 0" if filters.supervised else "t.supervise_level = 0")
    if filters.overdue is not None:
        query.add(f"{DUE} < :now" if filters.overdue else f"(t.status >= 80 OR {DUE} >= :now)", now=now)
    query.few = bool(filters.supervised) or _few(filters)
    query.narrow = filters.call_id is not None or query.few
    if query.narrow and filters.status is not None and max(filters.status, default=0) < TicketStatus.CLOSED:
        query.add("t.status < 80")  # as the indexes of the few say it
    _add_category(query, filters.category, book)
    _add_place(query, filters.place, book)
    _add_mine(query, wanted)
    _add_hits(query, wanted.hits)
    _add_cursor(query, wanted)
    return query


def _add_category(query: Query, category: str | None, book: Rulebook) -> None:
    if category is None:
        return
    query.add("t.category = ANY(:leaves)", leaves=[code for code in book.categories if code.startswith(category)])
    query.leaves = True
    query.narrow = query.narrow or len(category) == _LEAF


def _add_place(query: Query, place: str | None, book: Rulebook) -> None:
    if place is None:
        return
    below = {place}
    for row in book.city.places:  # a parent stands before its children
        if row.parent in below:
            below.add(row.code)
    query.add("(t.place_code = ANY(:places) OR t.district_code = :place)", places=sorted(below), place=place)
    query.narrow = query.narrow or len(below) == 1


def _add_mine(query: Query, wanted: Wanted) -> None:
    mine = wanted.filters.mine
    if mine is None:
        return
    query.add(
        {
            "registered": "t.registered_by = :me",
            "handled": f"t.id IN ({_HANDLED})",
            "any": f"(t.registered_by = :me OR t.id IN ({_HANDLED}))",
        }[mine],
        me=wanted.me,
    )
    query.narrow = True


def _few(filters: Filters) -> bool:
    """Warned or urgent ones: an index holds them alone."""
    open_ = filters.status is not None and max(filters.status, default=0) < TicketStatus.CLOSED
    urgent = open_ and filters.urgency is not None and max(filters.urgency, default=9) < Urgency.NORMAL
    warned = filters.warn is not None and min(filters.warn, default=0) > WarnState.NORMAL
    return urgent or warned


def _add_hits(query: Query, hits: Hits | None) -> None:
    if hits is None:
        return
    query.values["numbered"] = hits.numbered
    query.said = "t.id = ANY(:numbered)"
    if hits.said is not None:
        query.said = f"({query.said} OR (SELECT {hits.said} FROM ticket_search x WHERE x.ticket_id = t.id))"
        query.values |= {f"w{n}": term for n, term in enumerate(hits.terms)}
    query.found = query.said
    if hits.ids is not None:
        query.found, query.values["hits"], query.narrow = "t.id = ANY(:hits)", hits.ids, True


def _add_cursor(query: Query, wanted: Wanted) -> None:
    cursor = wanted.cursor
    if cursor is None:
        return
    query.values["after"] = cursor.id
    if wanted.filters.relation == "past":
        query.add("t.id < :after")
    elif wanted.filters.sort == "newest":
        query.add("(t.created_at, t.id) < (:after_at, :after)", after_at=cursor.at)
    elif cursor.at is None:
        query.add(f"({DUE}, t.id) > ('infinity'::timestamptz, :after)")
    else:
        query.add(f"({DUE}, t.id) > (:after_at, :after)", after_at=cursor.at)
