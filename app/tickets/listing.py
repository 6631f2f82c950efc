"""Lists of tickets: one page of what somebody may see, narrowed and in order, without sorting more than that page.

Every combination of a unit and a state (or of states alone) is one range of an index that is in the wanted order
already; from each range at most a page is read, and only those rows are sorted. Narrow filters (a leaf category, a
place, found words) are few rows by themselves: there the planner chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.cursor import Cursor
from app.tickets.lines import COLUMNS, JOINS
from app.tickets.narrowing import DUE, Query, Wanted, narrowed
from app.tickets.scope import HELPS, HOSTS, ONCE, SUBS, relation_of
from models.codes import TicketStatus
from routing.rulebook import Rulebook
from routing.workflow import ENDED, HELD

_UNDONE = frozenset({TicketStatus.WITHDRAWN, TicketStatus.MERGED, TicketStatus.NOT_ACCEPTED, TicketStatus.TRANSFERRED})
_SEEN_STATES = [status.value for status in sorted({*HELD, *ENDED, TicketStatus.WAIT_INFO})]
"""In which a unit may see a ticket as its holder."""
_BETWEEN = ", ".join(str(status.value) for status in TicketStatus if status < TicketStatus.SIGN or status in _UNDONE)
"""In which a ticket that a unit once held may be with nobody, or with an interim owner."""
_ALL_STATES = [status.value for status in TicketStatus]
_RELATIONS = {"host": HOSTS, "sub": SUBS, "co": HELPS, "past": f"({ONCE} AND NOT ({HOSTS} OR {SUBS} OR {HELPS}))"}


async def read_page(db: AsyncSession, wanted: Wanted, now: datetime, book: Rulebook) -> tuple[list[Any], Cursor | None]:
    """Rows (lines.COLUMNS, ``relation``) of one page, and where the next begins; None: there is no next."""
    query = narrowed(wanted, now, book)
    due = wanted.filters.sort == "due"
    order = "k ASC, id ASC" if due else "k DESC, id DESC"
    rows = " UNION ".join(f"({arm})" for arm in _arms(wanted, query))
    sql = f"""SELECT {COLUMNS}, {relation_of(wanted.scope)} AS relation
        FROM (SELECT * FROM ({rows}) a ORDER BY {order} LIMIT :n) p JOIN tickets t ON t.id = p.id {JOINS}
        ORDER BY {", ".join(f"p.{key}" for key in order.split(", "))}"""
    # these values tell how many rows there are; a plan made without them knows nothing
    await db.execute(text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"))
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
    key, order = (DUE, f"{DUE}, t.id") if due else ("t.created_at", "t.created_at DESC, t.id DESC")
    tail = f"ORDER BY {order} LIMIT :n"
    states = list(wanted.filters.status) if wanted.filters.status is not None else None
    if wanted.units is None:
        if states is None and (narrow or not due):
            return [f"SELECT t.id, {key} AS k FROM tickets t WHERE {query.where} {tail}"]
        query.values["states"] = states if states is not None else _ALL_STATES
        if narrow:
            return [f"SELECT t.id, {key} AS k FROM tickets t WHERE t.status = ANY(:states) AND {query.where} {tail}"]
        return [
            f"""SELECT r.id, r.k FROM unnest(CAST(:states AS int[])) AS z(status) CROSS JOIN LATERAL (
                SELECT t.id, {key} AS k FROM tickets t WHERE t.status = z.status AND {query.where} {tail}) r"""
        ]
    query.values["seen_from"] = list(wanted.units)
    of_state = "true" if states is None else "t.status = ANY(:states)"
    if states is not None:
        query.values["states"] = states
    relations = [relation] if relation is not None else ["host", "sub", "co"]
    if narrow:
        seen = " OR ".join(_from_there(_RELATIONS[name]) for name in relations)
        return [f"SELECT t.id, {key} AS k FROM tickets t WHERE ({seen}) AND {of_state} AND {query.where} {tail}"]
    arms = {
        "host": _held(query, states, key, tail),
        "sub": f"""SELECT t.id, {key} AS k FROM (SELECT DISTINCT s.ticket_id FROM sub_dispatches s
            WHERE s.to_unit = ANY(:seen_from) AND s.ended_at IS NULL) s JOIN tickets t ON t.id = s.ticket_id
            WHERE {of_state} AND {query.where} {tail}""",
        "co": f"""SELECT t.id, {key} AS k FROM (SELECT DISTINCT c.ticket_id FROM co_handlings c
            WHERE c.unit = ANY(:seen_from) AND c.ended_at IS NULL) c JOIN tickets t ON t.id = c.ticket_id
            WHERE {of_state} AND {query.where} {tail}""",
    }
    if relation == "past":
        return _past(f"{of_state} AND {query.where}", tail)
    return [arms[name] for name in relations]


def _from_there(condition: str) -> str:
    """A condition on ``:units`` as seen from the units that are asked for."""
    return condition.replace(":units", ":seen_from")


def _held(query: Query, states: Sequence[int] | None, key: str, tail: str) -> str:
    seen = [state for state in (states if states is not None else _SEEN_STATES) if state in _SEEN_STATES]
    query.values["host_states"] = seen
    ended = ", ".join(str(status.value) for status in sorted({*ENDED, TicketStatus.WAIT_INFO}))
    held = f"""(t.status NOT IN ({ended}) OR EXISTS (SELECT 1 FROM holdings h
        WHERE h.ticket_id = t.id AND h.unit = t.host_unit AND h.kind <> 'intake'))"""
    return f"""SELECT r.id, r.k FROM unnest(CAST(:seen_from AS text[])) AS y(unit)
        CROSS JOIN unnest(CAST(:host_states AS int[])) AS z(status) CROSS JOIN LATERAL (
        SELECT t.id, {key} AS k FROM tickets t WHERE t.host_unit = y.unit AND t.status = z.status AND {held}
        AND {query.where} {tail}) r"""


def _past(where: str, tail: str) -> list[str]:
    """What the units once had: what was passed on from them, and what they worked on or helped with."""
    gone = _from_there(f"NOT ({HOSTS} OR {SUBS} OR {HELPS})")
    passed_on = [
        f"""SELECT t.id, t.created_at AS k FROM tickets t WHERE {condition} AND EXISTS (SELECT 1 FROM holdings h
        WHERE h.ticket_id = t.id AND h.unit = ANY(:seen_from) AND h.kind <> 'intake') AND {gone} AND {where} {tail}"""
        for condition in ("(t.dispatch_count > 1 OR t.designated)", f"t.status IN ({_BETWEEN})")
    ]
    worked_on = [
        f"""SELECT r.id, r.k FROM unnest(CAST(:seen_from AS text[])) AS y(unit) CROSS JOIN LATERAL (
        SELECT t.id, t.created_at AS k FROM {table} w JOIN tickets t ON t.id = w.ticket_id
        WHERE w.{column} = y.unit AND {gone} AND {where} {tail}) r"""
        for table, column in (("sub_dispatches", "to_unit"), ("co_handlings", "unit"))
    ]
    return passed_on + worked_on
