"""Showing the citizen's whole number: to whom, and that it was shown, and why (domain.md §4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import is_protected, knows_codes, may_reveal
from app.auth.services import Identity
from app.errors import HotlineError
from app.tickets.scope import Relation, Scope, Seen, find_visible
from app.tickets.texts import clean
from models.codes import Channel, TicketStatus
from models.ledger import append_audit
from routing.workflow import AT_UNIT

_AT_HOTLINE = frozenset(
    {TicketStatus.DRAFT, TicketStatus.DIRECT, TicketStatus.WAIT_INFO, TicketStatus.REVIEW, TicketStatus.DISPATCH}
)
_WITH_UNIT = AT_UNIT | {TicketStatus.ARBITRATE}
COLUMNS = """t.id, t.type, t.channel, t.confidential, t.status, t.host_unit, t.sub_unit, t.caller_phone,
t.contact_phone, t.caller_name, t.query_code"""


class NotYoursToRevealError(HotlineError):
    """Neither the one who handles it now, nor one who calls back or answers for the hotline."""

    id = "phone.not_yours"
    status = 403


class RevealBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why somebody has to know."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class RevealedCitizen(msgspec.Struct, kw_only=True):
    """Who called, whole. ``query_code``: for the hotline's staff, who tell it to a citizen that lost it; no unit's."""

    no: str
    caller_phone: str | None
    contact_phone: str | None
    caller_name: str | None
    query_code: str | None


def handles(user: Identity, row: Any, relation: Relation) -> bool:
    """Whether a ticket is with this user now: the hotline's intake before it goes out, then the very unit that has it.

    Units above the holder see the ticket, and do not call its citizen.
    """
    if relation is Relation.CITY:
        return row.status in _AT_HOTLINE
    if relation not in {Relation.HOST, Relation.SUB} or row.status not in _WITH_UNIT:
        return False
    if row.channel == Channel.BAD_REVIEW:
        return False  # who rated is hidden from the rated (domain.md §8): the hotline calls
    return user.unit is not None and user.unit in {row.host_unit, row.sub_unit}


def reveals(user: Identity, row: Any, relation: Relation) -> bool:
    """Whether this user may have the number of this ticket shown."""
    protected = is_protected(row.type, row.confidential)
    return may_reveal(user.permissions, handles=handles(user, row, relation), protected=protected)


async def reveal(
    db: AsyncSession, user: Identity, scope: Scope, no: str, reason: str, now: datetime
) -> RevealedCitizen:
    """The citizen of a ticket; written down with the reason, also when it is refused. Commits.

    Raises:
        NoTicketError: not in sight.
        InputError: no reason.
        NotYoursToRevealError: see there.
    """
    reason = clean(reason, "reason")
    seen: Seen = await find_visible(db, scope, no, columns=COLUMNS)
    allowed = reveals(user, seen.row, seen.relation)
    action = "ticket.phone_revealed" if allowed else "ticket.phone_refused"
    detail = {"reason": reason, "as": seen.relation.value}
    await append_audit(db, user.actor, action, f"ticket:{no}", now, detail)
    await db.commit()
    if not allowed:
        raise NotYoursToRevealError("只有当前经办人、回访员和主管可以查看诉求人号码")
    row = seen.row
    return RevealedCitizen(
        no=no,
        caller_phone=row.caller_phone,
        contact_phone=row.contact_phone,
        caller_name=row.caller_name,
        query_code=row.query_code if knows_codes(user.permissions) else None,
    )
