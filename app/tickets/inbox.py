"""A page of tickets for somebody: what is asked for, within what he may see."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.cursor import Cursor, read_cursor
from app.auth.policy import search, sight
from app.auth.services import Identity
from app.tickets.errors import InputError
from app.tickets.filters import Filters
from app.tickets.lines import TicketLine, line_of
from app.tickets.listing import read_page
from app.tickets.narrowing import Wanted
from app.tickets.scope import Scope, scope_of
from app.tickets.searching import find_words
from app.tickets.units import UnitTree
from routing.rulebook import Rulebook


async def list_page(
    db: AsyncSession,
    tree: UnitTree,
    user: Identity,
    filters: Filters,
    cursor: str | None,
    limit: int,
    now: datetime,
    book: Rulebook,
) -> tuple[list[TicketLine], Cursor | None]:
    """At most ``limit`` tickets, and where the next page begins.

    Raises:
        CursorInvalidError: a cursor of another list.
        InputError: filters that make no sense together.
    """
    scope = await scope_of(db, tree, user, now)
    units = await _seen_from(db, tree, scope, filters, now)
    behind = read_cursor(cursor, filters.mark(user.actor))
    read = sight(user.permissions)
    hits = None if filters.q is None else await find_words(db, filters.q, units, search(user.permissions))
    wanted = Wanted(filters, scope, units, user.actor, limit, behind, hits)
    rows, following = await read_page(db, wanted, now, book)
    return [line_of(row, read, now, book) for row in rows], following


async def _seen_from(
    db: AsyncSession, tree: UnitTree, scope: Scope, filters: Filters, now: datetime
) -> tuple[str, ...] | None:
    """From which units the list is looked at; None: from the city. A unit never looks from outside its own subtree."""
    if filters.unit is None:
        if scope.city and filters.relation is not None:
            raise InputError("按承办关系查询须同时指定单位", "unit")
        return None if scope.city else scope.units
    units = (filters.unit,) if filters.exact else await tree.below(db, filters.unit, now)
    return units if scope.city else tuple(code for code in units if code in scope.units)
