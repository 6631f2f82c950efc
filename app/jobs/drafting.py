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
from routing.classifier.appeals import AppealModel, build


@cache
def router() -> Router:
    """The city and the classifier, loaded once a process."""
    settings = AppSettings()
    model = (
        AppealModel.load(settings.classifier)
        if settings.classifier
        else build(settings.examples_dir, settings.build_dir / "appeals")
    )
    return Router(load(settings.city_dir), model)


async def draft(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """Draft the ticket of ``payload["call_id"]``; doing it again changes nothing."""
    judge = await asyncio.to_thread(router)
    async with sessions() as session:
        await draft_ticket(
            session, judge, payload["call_id"], utc_now(), without_text=bool(payload.get("without_text"))
        )
        await session.commit()
