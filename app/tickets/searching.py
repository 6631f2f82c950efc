"""Words in tickets: which tickets hold them, or that so many do that the list may just look (models/search.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import Search
from app.tickets.errors import InputError
from app.tickets.veil import SHORTEST
from models.codes import AppealType, Channel

_RARE = 5000
"""Up to so many are found by the index; of more, one of every few hundred tickets is a hit, and walking is faster."""
_MOST_TERMS = 5
_NUMBER = re.compile(r"[A-Za-z]{0,4}[0-9]{6,24}")
_DIGIT = re.compile("[0-9]")
_CALLER, _CONTACT = (
    f"CASE WHEN length({name}) >= {SHORTEST} THEN lower({name}) ELSE '' END"
    for name in ("t.caller_phone", "t.contact_phone")
)
_COVERED = (
    "CASE WHEN length(t.contact_phone) > length(t.caller_phone) "
    f"THEN replace(replace(x.words, {_CONTACT}, '*'), {_CALLER}, '*') "
    f"ELSE replace(replace(x.words, {_CALLER}, '*'), {_CONTACT}, '*') END"
)
"""The words without the citizen's numbers, the longer one first, as app.tickets.veil covers them in what is shown."""
_PROTECTED = f"(t.confidential OR t.type = '{AppealType.REPORT.value}' OR t.channel = '{Channel.BAD_REVIEW.value}')"
"""Whose citizen is not everybody's to know: see app.auth.policy.is_protected; who gave a bad rating is neither."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Tickets with the words.

    ``ids``: all of the city, or all whose holder is one of the units asked of; None: so many that the list may look
    into each. ``numbered``: found by a number. ``said``: whether the words ``x`` of a ticket ``t`` hold the terms, as
    far as the reader sees them (with ``:w0`` …); None: only those found by a number count.
    """

    terms: tuple[str, ...]
    numbered: list[int]
    ids: list[int] | None
    said: str | None = None


def terms_of(query: str) -> tuple[str, ...]:
    """What must all be in a ticket. InputError: a single character is in too many."""
    terms = tuple(dict.fromkeys(query.lower().split()))[:_MOST_TERMS]
    if not terms or any(len(term) < 2 for term in terms):
        raise InputError("每个检索词至少两个字", "q")
    return terms


def _seen(terms: Sequence[str], allowed: Search) -> list[str]:
    """Conditions: terms with digits stand elsewhere than in a number that is covered from this reader.

    Not even a short one may be found there: whether the ticket is found would give the number away bit by bit.
    """
    if allowed.protected:
        return []
    outside = [f"strpos({_COVERED}, :w{n}) > 0" for n, term in enumerate(terms) if _DIGIT.search(term)]
    return [f"(NOT {_PROTECTED} OR {seen})" if allowed.citizens else seen for seen in outside]


async def find_words(db: AsyncSession, query: str, units: Sequence[str] | None, allowed: Search) -> Hits:
    """Tickets with all words in title, address, subject or content; a ticket's or query code's number finds its own.

    ``units``: of which a ticket's holder must be one; None: the whole city. ``allowed``: what this reader may find by.
    """
    terms, number, numbered = terms_of(query), query.strip().upper(), []
    if _NUMBER.fullmatch(number):
        codes = "t.query_code = :number" if allowed.protected else f"t.query_code = :number AND NOT {_PROTECTED}"
        either = f"t.no = :number OR ({codes})" if allowed.citizens else "t.no = :number"
        found = await db.execute(text(f"SELECT t.id FROM tickets t WHERE {either}"), {"number": number})
        numbered = list(found.scalars())
    if not allowed.words:
        return Hits(terms, numbered, numbered)
    held, seen = [f"strpos(x.words, :w{n}) > 0" for n in range(len(terms))], _seen(terms, allowed)
    said = " AND ".join([*held, *seen])
    values: dict[str, Any] = {f"w{n}": term for n, term in enumerate(terms)}
    indexed = [f"hotline_pairs(x.words) @> hotline_pairs(:w{n})" for n in range(len(terms))]
    if units is not None:
        indexed.append("ARRAY[x.host_unit::text] && CAST(:units AS text[])")
        values["units"] = list(units)
    if await _expected(db, indexed, values) > _RARE:
        return Hits(terms, numbered, None, said)
    looked = [f"(SELECT {' AND '.join(seen)} FROM tickets t WHERE t.id = x.ticket_id)"] if seen else []
    conditions = [*indexed, *held, *looked]
    probe = text(f"SELECT ticket_id FROM ticket_search x WHERE {' AND '.join(conditions)} LIMIT :most")
    hits = list((await db.execute(probe, {**values, "most": _RARE + 1})).scalars())
    return Hits(terms, numbered, None if len(hits) > _RARE else list({*numbered, *hits}), said)


async def _expected(db: AsyncSession, conditions: list[str], values: dict[str, Any]) -> int:
    """How many PostgreSQL expects, by what it knows of the most frequent pairs: nothing is read for it."""
    plan = text(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM ticket_search x WHERE {' AND '.join(conditions)}")
    return int((await db.execute(plan, values)).scalar_one()[0]["Plan"]["Plan Rows"])
