"""The job that makes a ticket of a call."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import utc_now
from app.settings import AppSettings
from app.tickets.drafting import draft_ticket
from routing.assess import Router
from routing.city import load
from routing.classifier.appeals import build, of_history

_renewed: list[Router] = []
"""The newest; empty: the city is still that of the start."""


def router() -> Router:
    """The city and the classifier, loaded once a process.

    Raises:
        ModelError: a classifier that cannot be read, or with labels the city does not know.
    """
    return _renewed[-1] if _renewed else _first()


def renew_city() -> None:
    """Read the city's folder again; the classifier stays.

    Raises:
        CityError: the folder has faults; what was read before stays.
        ModelError: the classifier knows leaves that the city does not know any more.
    """
    _renewed[:] = [router().of_city(load(AppSettings().city_dir))]


@cache
def _first() -> Router:
    settings = AppSettings()
    city = load(settings.city_dir)
    built = settings.build_dir / "appeals"
    model = (
        of_history(settings.classifier, settings.examples_dir, built)
        if settings.classifier
        else build(settings.examples_dir, built)
    )
    model.check({category.code for category in city.categories}, settings.classifier or built)
    return Router(city, model)


async def draft(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """Draft the ticket of ``payload["call_id"]``; doing it again changes nothing."""
    judge = await asyncio.to_thread(router)
    async with sessions() as session:
        await draft_ticket(
            session, judge, payload["call_id"], utc_now(), without_text=bool(payload.get("without_text"))
        )
        await session.commit()
