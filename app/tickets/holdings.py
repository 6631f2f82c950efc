"""Who answers for a ticket, without a gap: the hotline until a unit does, that unit until it is closed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.codes import TicketStatus
from models.ownership import Holding
from models.ticket import Ticket
from models.workflow_codes import HoldingKind
from routing.workflow import ENDED, HELD


def holder_of(ticket: Ticket, hotline: str) -> tuple[str, HoldingKind] | None:
    """Who must hold a ticket in its present state; None: nobody, it has ended."""
    status = TicketStatus.of(ticket.status)
    if status in ENDED:
        return None
    if status not in HELD:
        return hotline, HoldingKind.INTAKE
    assert ticket.host_unit is not None
    if status is TicketStatus.ARBITRATE:
        return ticket.host_unit, HoldingKind.INTERIM
    return ticket.host_unit, HoldingKind.DESIGNATED if ticket.designated else HoldingKind.DISPATCHED


async def settle_holder(
    db: AsyncSession, ticket: Ticket, hotline: str, now: datetime, reason: str, *, anew: bool = False
) -> Holding | None:
    """End the live holding and begin the next one where the holder changes; the new one. Idempotent.

    ``anew``: it came to the same unit again (a designation, a second dispatch).
    """
    live = (await db.execute(select(Holding).filter_by(ticket_id=ticket.id, ended_at=None))).scalar_one_or_none()
    return await hand_over(db, ticket, live, hotline, now, reason, anew=anew)


async def hand_over(
    db: AsyncSession,
    ticket: Ticket,
    live: Holding | None,
    hotline: str,
    now: datetime,
    reason: str,
    *,
    anew: bool = False,
) -> Holding | None:
    """The same where the live holding has been read."""
    wanted = holder_of(ticket, hotline)
    if ticket.status == TicketStatus.WAIT_INFO and live is not None:
        return None  # whoever asked keeps it until the answer comes
    if live is not None and wanted is not None and (live.unit, live.kind) == (wanted[0], wanted[1].value) and not anew:
        return None
    at = now if live is None else max(now, live.started_at)  # two machines' clocks may differ
    if live is not None:
        live.ended_at, live.passed_on = at, wanted is not None and live.kind != HoldingKind.INTAKE
        await db.flush()
    if wanted is None:
        return None
    assert ticket.id is not None
    unit, kind = wanted
    row = Holding(ticket_id=ticket.id, unit=unit, kind=kind.value, started_at=at, reason=reason[:200])
    db.add(row)
    await db.flush()
    return row
