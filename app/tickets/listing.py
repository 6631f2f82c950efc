"""Lists of tickets: one page of what somebody may see, narrowed and in order, without sorting more than that page.

Every combination of a unit and a state (or of states alone, or of a unit and a leaf of the categories) is one range of
an index that is in the wanted order already; from each range at most a page is read, and only those rows are sorted.
Narrow filters (a place, found words) are few rows by themselves: there the planner chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.cursor import Cursor
from app.tickets.lines import COLUMNS, JOINS
from app.tickets.narrowing import DUE, NEWEST, Query, Wanted, narrowed
from app.tickets.scope import HELD_IT, HOSTS, relation_of
from models.codes import TicketStatus
from routing.rulebook import Rulebook
from routing.workflow import ENDED, HELD

_SEEN_STATES = [status.value for status in sorted({*HELD, *ENDED, TicketStatus.WAIT_INFO})]
"""In which a unit may see a ticket as its holder."""
_ALL_STATES = [status.value for status in TicketStatus]
_ENDED = ", ".join(str(status.value) for status in sorted({*ENDED, TicketStatus.WAIT_INFO}))
"""In which it was the unit's only if the unit has held it."""

_PLANNING = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true), "
    "set_config('jit', 'off', true)"
)
"""The values tell how many rows there are: a plan made without them knows nothing. Where it cannot know (a range of
the index for each unit and state) it must not take to reading the whole table."""


async def read_page(db: AsyncSession, wanted: Wanted, now: datetime, book: Rulebook) -> tuple[list[Any], Cursor | None]:
    """Rows (lines.COLUMNS, ``relation``) of one page, and where the next begins; None: there is no next."""
    query = narrowed(wanted, now, book)
    due = wanted.filters.sort == "due"
    order = "k ASC, id ASC" if due else "k DESC, id DESC"
    rows = " UNION ".join(f"({arm})" for arm in _arms(wanted, query))
    sql = f"""SELECT {COLUMNS}, {relation_of(wanted.scope)} AS relation
        FROM (SELECT * FROM ({rows}) a ORDER BY {order} LIMIT :n) p JOIN tickets t ON t.id = p.id {JOINS}
        ORDER BY {", ".join(f"p.{key}" for key in order.split(", "))}"""
    await db.execute(_PLANNING)
    values = {"n": wanted.limit + 1, "units": list(wanted.scope.units), **query.values}
    found = list((await db.execute(text(sql), values)).mappings())
    if len(found) <= wanted.limit:
        return found, None
    last = found[wanted.limit - 1]
    mark = wanted.filters.mark(wanted.me)
    return found[: wanted.limit], Cursor(mark, last["due" if due else "created_at"], last["id"])


def _arms(wanted: Wanted, query: Query) -> list[str]:
    """Where rows come from: one for each relation, or one for the whole city."""
    due, relation, narrow = wanted.filters.sort == "due", wanted.filters.relation, query.narrow
    key, order = (DUE, f"{DUE}, t.id") if due else (NEWEST, f"{NEWEST} DESC, t.id DESC")
    tail = f"ORDER BY {order} LIMIT :n"
    states = list(wanted.filters.status) if wanted.filters.status is not None else None
    if wanted.units is None:
        where = f"{query.found} AND {query.where}"
        if states is None and (narrow or not due):
            return [f"SELECT t.id, {key} AS k FROM tickets t WHERE {where} {tail}"]
        query.values["states"] = states if states is not None else _ALL_STATES
        if narrow:
            # not for an index of states: how many open ones there are changes faster than the planner hears of it
            status = "t.status + 0" if query.few else "t.status"
            return [f"SELECT t.id, {key} AS k FROM tickets t WHERE {status} = ANY(:states) AND {where} {tail}"]
        return [
            f"""SELECT r.id, r.k FROM unnest(CAST(:states AS int[])) AS z(status) CROSS JOIN LATERAL (
                SELECT t.id, {key} AS k FROM tickets t WHERE t.status = z.status AND {where} {tail}) r"""
        ]
    query.values["seen_from"] = list(wanted.units)
    of_state = "true" if states is None else "t.status = ANY(:states)"
    if states is not None:
        query.values["states"] = states
    where = f"{of_state} AND {query.said} AND {query.where}"
    if relation == "past":
        return _past(where, wanted.cursor is not None)
    arms = {
        "host": _held(query, states, key, tail),
        "sub": f"""SELECT t.id, {key} AS k FROM (SELECT DISTINCT s.ticket_id FROM sub_dispatches s
            WHERE s.to_unit = ANY(:seen_from) AND s.ended_at IS NULL) s JOIN tickets t ON t.id = s.ticket_id
            WHERE {where} {tail}""",
        "co": f"""SELECT t.id, {key} AS k FROM (SELECT DISTINCT c.ticket_id FROM co_handlings c
            WHERE c.unit = ANY(:seen_from) AND c.ended_at IS NULL) c JOIN tickets t ON t.id = c.ticket_id
            WHERE {where} {tail}""",
    }
    return [arms[relation]] if relation is not None else list(arms.values())


def _held(query: Query, states: Sequence[int] | None, key: str, tail: str) -> str:
    seen = [state for state in (states if states is not None else _SEEN_STATES) if state in _SEEN_STATES]
    query.values["host_states"] = seen
    where = f"(t.status NOT IN ({_ENDED}) OR {HELD_IT}) AND {query.found} AND {query.where}"
    if query.leaves and key == NEWEST and "hits" not in query.values:
        return f"""SELECT r.id, r.k FROM unnest(CAST(:seen_from AS text[])) AS y(unit)
            CROSS JOIN unnest(CAST(:leaves AS text[])) AS z(leaf) CROSS JOIN LATERAL (
            SELECT t.id, {key} AS k FROM tickets t WHERE t.host_unit = y.unit AND t.category = z.leaf
            AND t.status = ANY(:host_states) AND {where} {tail}) r"""
    if query.narrow:
        return f"""SELECT t.id, {key} AS k FROM tickets t WHERE t.host_unit = ANY(:seen_from)
            AND t.status = ANY(:host_states) AND {where} {tail}"""
    return f"""SELECT r.id, r.k FROM unnest(CAST(:seen_from AS text[])) AS y(unit)
        CROSS JOIN unnest(CAST(:host_states AS int[])) AS z(status) CROSS JOIN LATERAL (
        SELECT t.id, {key} AS k FROM tickets t WHERE t.host_unit = y.unit AND t.status = z.status
        AND {where} {tail}) r"""


_GONE = f"""NOT {HOSTS.replace(":units", ":seen_from")}
AND t.id NOT IN (SELECT s.ticket_id FROM sub_dispatches s WHERE s.to_unit = ANY(:seen_from) AND s.ended_at IS NULL)
AND t.id NOT IN (SELECT c.ticket_id FROM co_handlings c WHERE c.unit = ANY(:seen_from) AND c.ended_at IS NULL)"""
_ONCE = (
    ("holdings", "unit", "w.passed_on"),
    ("sub_dispatches", "to_unit", "w.ended_at IS NOT NULL"),
    ("co_handlings", "unit", "w.ended_at IS NOT NULL"),
)


def _past(where: str, further: bool) -> list[str]:
    """What the units once had: what was passed on from them, and what they worked on or helped with; by number."""
    behind = "AND w.ticket_id < :after" if further else ""
    return [
        f"""SELECT r.id, r.k FROM unnest(CAST(:seen_from AS text[])) AS y(unit) CROSS JOIN LATERAL (
        SELECT t.id, t.id AS k FROM {table} w JOIN tickets t ON t.id = w.ticket_id
        WHERE w.{column} = y.unit AND {ended} {behind} AND {_GONE} AND {where}
        ORDER BY w.ticket_id DESC LIMIT :n) r"""
        for table, column, ended in _ONCE
    ]
