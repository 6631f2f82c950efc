"""Exchange with other platforms: their tickets come in, each once and by itself; their states are told back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.api.faults import in_chinese
from app.clock import local_iso
from app.errors import HotlineError
from app.intake.appeal import NewAppeal
from app.intake.checks import one_of
from app.intake.errors import AlreadyHereError
from app.intake.services import register
from app.tickets.body import Short
from app.tickets.fields import field_name
from app.tickets.party import Party
from app.tickets.schemas import unit_name
from models.codes import Channel, CloseType, TicketStatus
from routing.rulebook import Rulebook
from routing.workflow import ENDED, HELD

CHANNELS = frozenset(
    {
        Channel.MERGED_LINE, Channel.FROM_110, Channel.WECHAT, Channel.APP, Channel.PORTAL, Channel.SERVICE_NET,
        Channel.INSPECTION, Channel.PEOPLE_BOARD, Channel.CHAIR_MAILBOX, Channel.CONGRESS, Channel.UPPER_PLATFORM,
        Channel.SMS, Channel.GRID,
    }
)  # fmt: skip
"""What other platforms hand over."""
_CHANGES = text(
    "SELECT c.id, c.status, c.unit, c.at, t.no, t.upper_system, t.upper_no, t.close_type, t.citizen_due "
    "FROM upper_changes c JOIN tickets t ON t.id = c.ticket_id "
    "WHERE c.id > :since AND (CAST(:platform AS varchar) IS NULL OR c.upper_system = :platform) "
    "ORDER BY c.id LIMIT :limit"
)
_TOLD = HELD | ENDED
"""From there on a unit answers for it; before, one is only proposed."""


class UpperAppeal(NewAppeal, kw_only=True, forbid_unknown_fields=True):
    """An appeal of another platform, under its own number."""

    upper_no: Short
    channel: Short = Channel.UPPER_PLATFORM.value


class TakenIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one of them. ``result``: created, exists or refused; refused says why and in which field."""

    result: str
    upper_no: str | None = None
    no: str | None = None
    error: str | None = None
    message: str | None = None
    faults: list[dict[str, Any]] = msgspec.field(default_factory=list)


class UpperState(msgspec.Struct, kw_only=True):
    """A state that a ticket came into; nothing of the citizen's."""

    cursor: int
    upper_system: str
    upper_no: str
    no: str
    status: int
    status_name: str
    unit: str | None
    at: str | None
    citizen_due: str | None
    close_type: str | None
    close_name: str | None


class UpperStates(msgspec.Struct, kw_only=True):
    """A page of them; ask again with ``next``. ``more``: there are some left now."""

    items: list[UpperState]
    next: int
    more: bool


async def take_in(
    sessions: async_sessionmaker[AsyncSession], book: Rulebook, given: object, platform: str, now: datetime
) -> TakenIn:
    """One appeal (JSON's own types), in a transaction of its own, committed when this returns; taken once.

    Raises: only what is no fault of the appeal's (the database is away).
    """
    appeal = None
    try:
        appeal = msgspec.convert(given, UpperAppeal)
        appeal.upper_system = platform
        if appeal.attachments:
            return _refused(appeal, "input.invalid", "该接口不接收附件", "attachments")
        one_of(appeal.channel, CHANNELS)
        async with sessions() as db:
            ticket = await register(db, book, appeal, Party(f"exchange:{platform}"), now)
            await db.commit()
    except AlreadyHereError as error:
        no = error.no or await _number(sessions, appeal, platform)
        return TakenIn(result="exists", upper_no=appeal.upper_no if appeal else None, no=no)
    except HotlineError as error:
        told = TakenIn(result="refused", upper_no=appeal.upper_no if appeal else None, error=error.id)
        told.message, told.faults = error.message, error.extra.get("faults", [])
        return told
    except msgspec.ValidationError as error:
        message, field = in_chinese(str(error))
        return _refused(None, "input.invalid", message, field or _named(str(error)))
    return TakenIn(result="created", upper_no=appeal.upper_no, no=ticket.no)


def _refused(appeal: UpperAppeal | None, error: str, message: str, field: str | None) -> TakenIn:
    told = f"{field_name(field)}：{message}" if field else message
    faults = [{"field": field, "message": message}]
    return TakenIn(
        result="refused", upper_no=appeal.upper_no if appeal else None, error=error, message=told, faults=faults
    )


def _named(message: str) -> str | None:
    """The field of "… - at `$.content`"."""
    path = message.rpartition("`$.")[2] if "`$." in message else ""
    return path.rstrip("`").partition("[")[0] or None


async def _number(sessions: async_sessionmaker[AsyncSession], appeal: UpperAppeal | None, platform: str) -> str | None:
    assert appeal is not None
    query = text("SELECT no FROM tickets WHERE upper_system = :platform AND upper_no = :no")
    async with sessions() as db:
        return (await db.execute(query, {"platform": platform, "no": appeal.upper_no})).scalar_one_or_none()


async def changes(db: AsyncSession, book: Rulebook, platform: str | None, since: int, limit: int) -> UpperStates:
    """States of a platform's tickets (None: of all) after a cursor, in the order in which they were committed."""
    values = {"since": since, "platform": platform, "limit": limit + 1}
    rows = (await db.execute(_CHANGES, values)).all()
    items = [
        UpperState(
            cursor=row.id,
            upper_system=row.upper_system,
            upper_no=row.upper_no,
            no=row.no,
            status=row.status,
            status_name=TicketStatus.of(row.status).label,
            unit=unit_name(book, row.unit) if row.status in _TOLD else None,
            at=local_iso(row.at),
            citizen_due=local_iso(row.citizen_due),
            close_type=row.close_type if row.status in ENDED else None,
            close_name=CloseType.of(row.close_type).label if row.status in ENDED and row.close_type else None,
        )
        for row in rows[:limit]
    ]
    return UpperStates(items=items, next=items[-1].cursor if items else since, more=len(rows) > limit)
