"""Clocks of a new ticket: the citizen's, which never restarts, and the unit's (or the dispatcher's until then)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.codes import ClockKind
from models.ticket import Clock, Ticket
from routing.assessment import Limits


async def start_clocks(
    session: AsyncSession, ticket: Ticket, limits: Limits, accepted: datetime, *, dispatched: bool
) -> None:
    """Start what runs from acceptance, and what runs from dispatch when it has been dispatched."""
    assert ticket.id is not None
    finish = limits.texts.get("finish", "")
    feedback = limits.texts.get("first_feedback") or limits.texts.get("backfill", "")
    wanted: list[tuple[ClockKind, str, str | None, datetime | None, str]] = [
        (ClockKind.CITIZEN, "citizen", None, limits.citizen_due, limits.texts.get("citizen", ""))
    ]
    if dispatched:
        wanted += [
            (ClockKind.SIGN, "unit", ticket.host_unit, limits.sign_due, limits.texts.get("sign", "")),
            (ClockKind.CONTACT, "unit", ticket.host_unit, limits.contact_due, limits.texts.get("contact", "")),
            (ClockKind.FEEDBACK, "unit", ticket.host_unit, limits.feedback_due, feedback),
            # without a finish limit `due` is the first feedback's, which has its clock
            (ClockKind.FINISH, "unit", ticket.host_unit, limits.due if finish else None, finish),
        ]
    else:
        wanted.append((ClockKind.DISPATCH, "unit", None, limits.dispatch_due, limits.texts.get("dispatch", "")))
    for kind, family, holder, due, limit in wanted:
        if due is not None:
            session.add(
                Clock(
                    ticket_id=ticket.id,
                    kind=kind.value,
                    family=family,
                    holder=holder,
                    limit=limit,
                    started_at=accepted,
                    due=due,
                )
            )
    await session.flush()
