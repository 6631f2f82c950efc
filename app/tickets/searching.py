"""Words in tickets: which tickets hold them, or that so many do that the list may just look (models/search.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets.errors import InputError

_RARE = 5000
"""Up to so many are found by the index; of more, one of every few hundred tickets is a hit, and walking is faster."""
_MOST_TERMS = 5
_NUMBER = re.compile(r"[A-Za-z]{0,4}[0-9]{6,24}")


@dataclass(frozen=True, slots=True)
class Hits:
    """Tickets with the words.

    ``ids``: all of the city, or all whose holder is one of the units asked of; None: so many that the list may look
    into each. ``numbered``: found by a number. ``words`` False: only those.
    """

    terms: tuple[str, ...]
    numbered: list[int]
    ids: list[int] | None
    words: bool = True


def terms_of(query: str) -> tuple[str, ...]:
    """What must all be in a ticket. InputError: a single character is in too many."""
    terms = tuple(dict.fromkeys(query.lower().split()))[:_MOST_TERMS]
    if not terms or any(len(term) < 2 for term in terms):
        raise InputError("每个检索词至少两个字", "q")
    return terms


async def find_words(db: AsyncSession, query: str, units: Sequence[str] | None, *, words: bool) -> Hits:
    """Tickets with all words in title, address, subject or content; a ticket's or query code's number finds its own.

    ``units``: of which a ticket's holder must be one; None: the whole city. ``words``: the reader may read the
    citizen's words; who may not finds by number only.
    """
    terms, number, numbered = terms_of(query), query.strip().upper(), []
    if _NUMBER.fullmatch(number):
        codes = "no = :number OR query_code = :number" if words else "no = :number"
        found = await db.execute(text(f"SELECT id FROM tickets WHERE {codes}"), {"number": number})
        numbered = list(found.scalars())
    if not words:
        return Hits(terms, numbered, numbered, words=False)
    values: dict[str, Any] = {f"w{n}": term for n, term in enumerate(terms)}
    indexed = [f"hotline_pairs(x.words) @> hotline_pairs(:w{n})" for n in range(len(terms))]
    if units is not None:
        indexed.append("ARRAY[x.host_unit::text] && CAST(:units AS text[])")
        values["units"] = list(units)
    if await _expected(db, indexed, values) > _RARE:
        return Hits(terms, numbered, None)
    conditions = [*indexed, *(f"strpos(x.words, :w{n}) > 0" for n in range(len(terms)))]
    probe = text(f"SELECT ticket_id FROM ticket_search x WHERE {' AND '.join(conditions)} LIMIT :most")
    hits = list((await db.execute(probe, {**values, "most": _RARE + 1})).scalars())
    return Hits(terms, numbered, None if len(hits) > _RARE else list({*numbered, *hits}))


async def _expected(db: AsyncSession, conditions: list[str], values: dict[str, Any]) -> int:
    """How many PostgreSQL expects, by what it knows of the most frequent pairs: nothing is read for it."""
    plan = text(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM ticket_search x WHERE {' AND '.join(conditions)}")
    return int((await db.execute(plan, values)).scalar_one()[0]["Plan"]["Plan Rows"])
