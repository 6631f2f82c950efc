"""An appeal that came over HTTP, registered and answered: once for a key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Response
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.idempotency import Answer, fingerprint_of, once
from app.intake.appeal import NewAppeal
from app.intake.services import is_plain, register, register_plain
from app.problems import AnyRequest
from app.tickets.party import Party
from models.ticket import Ticket


async def take_in(
    request: AnyRequest,
    state: State,
    db: AsyncSession,
    appeal: NewAppeal,
    party: Party,
    now: datetime,
    key: str | None,
    answer_of: Callable[[Ticket], Answer],
    told: dict[str, Any] | None = None,
) -> Response[Any]:
    """Register it, in one statement where that can be; raises as app.intake.services.register does."""
    fingerprint = await fingerprint_of(request)
    if is_plain(appeal):
        kept = None if key is None else (key, fingerprint)
        answer = await register_plain(
            state.direct, state.ticket_numbers, state.book, appeal, party, now, answer_of, kept, told
        )
        return answer.response()

    async def work() -> Answer:
        return answer_of(await register(db, state.book, appeal, party, now, told=told))

    return (await once(db, party.name, key, fingerprint, now, work)).response()
