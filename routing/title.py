"""A ticket's title from the caller's words."""

from __future__ import annotations

import re

from routing.assessment import PlaceFound
from routing.city.schema import Category
from routing.text import normalise, without_fillers

_LONGEST = 30
_CLAUSE = re.compile(r"[，。！？；]+")
_POLITE = re.compile(
    r"^(?:我?(?:想要?|要)?(?:问一?下|咨询一?下|反映一?下|投诉一?下|举报一?下|请问)|麻烦你?们?|请你?们?|谢谢)+"
)
_SHORTEST_CLAUSE = 5


def make_title(text: str, category: Category, place: PlaceFound | None) -> str:
    """At most 30 characters: where, then the first clause that tells something; the leaf's name when none does."""
    where = place.address if place is not None and place.address else ""
    clauses = [_POLITE.sub("", without_fillers(clause)).strip() for clause in _CLAUSE.split(normalise(text))]
    telling = next((clause for clause in clauses if len(clause) >= _SHORTEST_CLAUSE and clause not in where), "")
    what = telling or category.leaf
    if place is not None and place.heard and place.heard in what:
        where = ""
    return f"{where}{what}"[:_LONGEST]
