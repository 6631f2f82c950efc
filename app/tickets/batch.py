"""Signing for many tickets at once (批量签收): each by itself, each with its own answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import HotlineError
from app.problems import told_of
from app.tickets.actions import act
from app.tickets.body import ActionBody, Short
from app.tickets.party import Party
from app.tickets.scope import Scope, find_visible
from models.workflow_codes import TicketAction
from routing.errors import RoutingError
from routing.rulebook import Rulebook


class SignItem(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket, as it was looked at."""

    no: Short
    version: Annotated[int, msgspec.Meta(ge=1)]


class BatchSignBody(msgspec.Struct, forbid_unknown_fields=True):
    """At most 100 tickets."""

    tickets: Annotated[list[SignItem], msgspec.Meta(min_length=1, max_length=100)]


class SignResult(msgspec.Struct, kw_only=True):
    """What came of one. ``error``: a problem as HTTP would have told it."""

    no: str
    signed: bool
    version: int | None = None
    status: int | None = None
    error: dict[str, Any] | None = None


async def sign_all(
    db: AsyncSession, book: Rulebook, scope: Scope, items: list[SignItem], party: Party, now: datetime
) -> list[SignResult]:
    """In their order; one that cannot be signed for hinders no other. Commits after each."""
    results = []
    for item in items:
        try:
            await find_visible(db, scope, item.no, columns="t.id")
            ticket = await act(
                db, book, item.no, TicketAction.SIGN, ActionBody(), party, now, expected_version=item.version
            )
            await db.commit()
        except (HotlineError, RoutingError) as error:
            await db.rollback()
            status, kind, message, extra = told_of(error)
            told = {"type": f"urn:hotline:{kind}", "status": status, "detail": message, **extra}
            results.append(SignResult(no=item.no, signed=False, error=told))
        else:
            results.append(SignResult(no=item.no, signed=True, version=ticket.version, status=ticket.status))
    return results
