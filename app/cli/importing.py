"""``hotline import tickets`` and ``hotline exchange-key``: other platforms' files and keys."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from app.cli import data_option
from app.cli.run import os_user, print_json, settings_of
from app.clock import utc_now
from app.instance import database_url
from app.intake.exchange import take_in
from app.intake.keys import new_key
from app.intake.upper_file import read_lines
from app.settings import AppSettings
from app.tickets.rulebook import read_rulebook
from models.ledger import append_audit
from models.session import engine, sessions


@click.group("import")
def importing() -> None:
    """Take in what others hand over as files."""


@importing.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--system", required=True, help="Whose tickets they are; a ticket is known by this and its number.")
@data_option
def tickets(file: Path, system: str, data: Path | None) -> None:
    """Tickets of the platform above, CSV or JSON; lines that are refused are told with their number.

    Each line is committed by itself: run it again after putting right what was refused, nothing comes twice.
    """
    told = asyncio.run(_import(settings_of(data), file, system))
    print_json(told)
    sys.exit(1 if told["refused"] else 0)


async def _import(settings: AppSettings, file: Path, system: str) -> dict[str, object]:
    book = read_rulebook(settings)
    db = engine(database_url(settings), pool_size=2)
    made = sessions(db)
    counts, refused = {"created": 0, "exists": 0}, []
    try:
        for line, given in read_lines(file):
            result = await take_in(made, book, given, system, utc_now())
            if result.result == "refused":
                refused.append({"line": line, **msgspec.to_builtins(result)})
            else:
                counts[result.result] += 1
        async with made() as session:
            detail = {"system": system, **counts, "refused": len(refused)}
            await append_audit(session, os_user(), "tickets.imported", f"file:{file.name}", utc_now(), detail)
            await session.commit()
    finally:
        await db.dispose()
    return {"lines": sum(counts.values()) + len(refused), **counts, "refused": refused}


@click.command("exchange-key")
@click.argument("system")
@data_option
def exchange_key(system: str, data: Path | None) -> None:
    """Make a key for another platform; it is shown this once, and the one before is no longer good."""
    print_json({"system": system, "key": new_key(settings_of(data).data_dir, system)})
