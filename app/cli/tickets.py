"""``hotline tickets``, ``ticket``, ``calls``: looking into an instance from its machine (recorded in the audit log)."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.views import list_calls
from app.cli import data_option
from app.cli.run import os_user, print_json, settings_of, with_session
from app.clock import CITY_ZONE, utc_now
from app.tickets.views import list_tickets, one_ticket
from models.ledger import append_audit


def _time(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter("应为 ISO 8601 时间，如 2026-11-24T08:00:00+08:00") from error
    return at if at.tzinfo else at.replace(tzinfo=CITY_ZONE)


_since = click.option("--since", default=None, callback=_time, help="Created at or after (ISO 8601).")
_limit = click.option("--limit", default=1000, show_default=True)


@click.command()
@_since
@click.option("--call", "call_id", default=None, help="Of this call.")
@click.option("--status", type=int, default=None, help="Code of a state.")
@_limit
@data_option
def tickets(since: datetime | None, call_id: str | None, status: int | None, limit: int, data: Path | None) -> None:
    """List tickets, newest first, as one JSON array."""

    async def work(db: AsyncSession) -> list[dict[str, Any]]:
        now = utc_now()
        found = await list_tickets(db, now, since=since, call_id=call_id, status=status, limit=limit)
        await append_audit(db, os_user(), "tickets.listed", "tickets", now, {"count": len(found)})
        await db.commit()
        return found

    print_json(with_session(settings_of(data), work))


@click.command()
@click.argument("no")
@data_option
def ticket(no: str, data: Path | None) -> None:
    """One ticket with its events, clocks and transcript."""

    async def work(db: AsyncSession) -> dict[str, Any] | None:
        now = utc_now()
        found = await one_ticket(db, no, now)
        if found is not None:
            await append_audit(db, os_user(), "ticket.read", f"ticket:{no}", now, {"phone": True})
            await db.commit()
        return found

    found = with_session(settings_of(data), work)
    if found is None:
        click.echo(f"hotline ticket: 没有工单 {no}", err=True)
        sys.exit(1)
    print_json(found)


@click.command()
@_since
@_limit
@data_option
def calls(since: datetime | None, limit: int, data: Path | None) -> None:
    """List calls, newest first, as one JSON array."""

    async def work(db: AsyncSession) -> list[dict[str, Any]]:
        found = await list_calls(db, since=since, limit=limit, full_phone=True)
        await append_audit(db, os_user(), "calls.listed", "calls", utc_now(), {"count": len(found)})
        await db.commit()
        return found

    print_json(with_session(settings_of(data), work))
