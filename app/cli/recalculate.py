"""``hotline recalculate``: the dues of open tickets again, after the calendar has changed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from app.cli import data_option
from app.cli.run import print_json, settings_of
from app.clock import utc_now
from app.instance import database_url
from app.settings import AppSettings
from app.tickets.recalculating import Recalculated
from app.tickets.recalculating import recalculate as recalculate_batch
from models.session import engine, sessions
from routing.city import load
from routing.rulebook import Rulebook

_SHOWN = 1000


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would move.")
@data_option
def recalculate(dry_run: bool, data: Path | None) -> None:
    """Count the dues of open tickets again on the calendar of the city's files; ``hotline seed`` has it done."""
    settings = settings_of(data)
    total = asyncio.run(_all(settings, Rulebook.of(load(settings.city_dir)), dry_run=dry_run))
    told: dict[str, Any] = {
        "dry_run": dry_run,
        "looked_at": total.looked_at,
        "tickets": total.tickets,
        "dues": len(total.moved),
        "kept": total.kept,
        "unknown": total.unknown,
    }
    print_json({**told, "moved": total.moved[:_SHOWN]} if dry_run else told)


async def _all(settings: AppSettings, book: Rulebook, *, dry_run: bool) -> Recalculated:
    db = engine(database_url(settings), pool_size=2)
    total = Recalculated()
    try:
        after: int | None = 0
        while after is not None:
            done = await recalculate_batch(sessions(db), book, utc_now(), after=after, dry_run=dry_run)
            total.add(done)
            after = done.last or None
    finally:
        await db.dispose()
    return total
