"""The city's rules for the web app: read once from its folder when the app is made."""

from __future__ import annotations

from litestar.datastructures import State
from litestar.di import NamedDependency

from app.settings import AppSettings
from routing.city import load
from routing.rulebook import Rulebook

Book = NamedDependency[Rulebook]
"""A route's parameter ``book``."""


def read_rulebook(settings: AppSettings) -> Rulebook:
    """Of the city this instance serves."""
    return Rulebook.of(load(settings.city_dir))


async def provide_book(state: State) -> Rulebook:
    """The one of the app."""
    book: Rulebook = state.book
    return book
