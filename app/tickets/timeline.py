"""A ticket's history as people read it: one line for each event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.clock import CITY_ZONE
from models.codes import ClockKind, ReturnReason, TicketEventKind, TicketStatus
from models.ticket import TicketEvent
from models.workflow_codes import TicketAction
from routing.rulebook import Rulebook

_CLOCK_VERBS = {"started": "起", "moved": "改", "resumed": "续"}
_SAID = ("reason", "basis", "text", "public_reply")


def event_label(kind: str) -> str:
    """What an event is called, whatever list its kind is of."""
    try:
        return TicketEventKind.of(kind).label
    except ValueError:
        return TicketAction.of(kind).label


async def lines(db: AsyncSession, ticket_id: int, book: Rulebook, *, words: bool = True) -> list[str]:
    """The events of a ticket, oldest first. ``words``: with what people wrote (reasons, replies)."""
    query = select(TicketEvent).filter_by(ticket_id=ticket_id).order_by(col(TicketEvent.seq))
    return [line(event, book, words=words) for event in (await db.execute(query)).scalars()]


def line(event: TicketEvent, book: Rulebook, *, words: bool = True) -> str:
    """``2026-10-12 10:00  user:12  派单 → 待签收 · 金凤区住建局 · 办结 起 10-19 18:00``."""
    payload = event.payload
    parts = [event_label(event.kind)]
    if payload.get("to") is not None and payload.get("to") != payload.get("from"):
        parts[0] += f" → {TicketStatus.of(payload['to']).label}"
    parts += _facts(payload, book)
    if words:
        parts += [str(payload[name]) for name in _SAID if payload.get(name)]
    parts += _clocks(payload.get("clocks"))
    return f"{event.at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}  {event.actor}  {' · '.join(parts)}"


def _facts(payload: dict[str, Any], book: Rulebook) -> list[str]:
    facts = []
    unit = book.units.get(str(payload.get("interim") or payload.get("unit") or payload.get("returned_by")))
    if unit is not None:
        facts.append(f"临时责任单位{unit.short}" if payload.get("interim") else unit.short)
    if payload.get("code") in {str(code) for code in ReturnReason}:
        facts.append(ReturnReason.of(payload["code"]).label)
    if payload.get("count"):
        facts.append(f"第{payload['count']}次派单")
    if payload.get("catalogue"):
        facts.append(f"裁定入目录 {payload['catalogue']}")
    if payload.get("supervision"):
        facts.append(f"督办L{payload['supervision']}")
    return facts


def _clocks(told: dict[str, Any] | None) -> list[str]:
    shown = []
    for verb, sign in _CLOCK_VERBS.items():
        for kind, due in ((told or {}).get(verb) or {}).items():
            at = datetime.fromisoformat(due).astimezone(CITY_ZONE)
            shown.append(f"{ClockKind.of(kind).label}{sign} {at:%m-%d %H:%M}")
    stopped = (told or {}).get("stopped")
    if stopped:
        shown.append(f"止 {'、'.join(ClockKind.of(kind).label for kind in dict.fromkeys(stopped))}")
    return shown
