"""``hotline migrate``, ``seed``, ``verify``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncSession

from app.cli import data_option
from app.cli.run import print_json, settings_of, with_session
from app.instance import database_url
from app.seeding import Changes, seed_demo_users
from app.seeding import seed as seed_city
from models import migrate as migrations
from models.verify import verify as verify_all
from routing.city import CityError, load


@click.command()
@data_option
@click.option("--revision", default="head", show_default=True)
def migrate(data: Path | None, revision: str) -> None:
    """Bring the database's tables up to date."""
    url = database_url(settings_of(data))
    before = migrations.current(url)
    migrations.upgrade(url, revision)
    print_json({"from": before, "to": migrations.current(url)})


@click.command()
@click.argument("city")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--demo", is_flag=True, help="Add demonstration users.")
@data_option
def seed(city: str, dry_run: bool, demo: bool, data: Path | None) -> None:
    """Bring a city's data (cities/CITY) into the database."""
    settings = settings_of(data)
    try:
        loaded = load(settings.cities_dir / city)
    except CityError as error:
        for fault in error.faults:
            click.echo(f"{fault}", err=True)
        click.echo(f"hotline seed: {error.id}: {len(error.faults)} 处错误", err=True)
        sys.exit(1)
    for warning in loaded.warnings:
        click.echo(f"提示：{warning}", err=True)

    async def work(db: AsyncSession) -> dict[str, object]:
        changes = await seed_city(db, loaded, dry_run=dry_run)
        users = await seed_demo_users(db) if demo and not dry_run else 0
        await db.commit()
        return {
            "city": city,
            "dry_run": dry_run,
            "changes": sum(change.count for change in changes.values()),
            "demo_users": users,
            "tables": {name: _told(change, keys=dry_run) for name, change in changes.items() if change.count},
        }

    print_json(with_session(settings, work))


def _told(change: Changes, *, keys: bool) -> dict[str, object]:
    """Each row's key when somebody looks before it is done, numbers when it has been done."""
    return {what: rows if keys else len(rows) for what, rows in asdict(change).items()}


@click.command()
@data_option
def verify(data: Path | None) -> None:
    """Check every invariant over the whole database; exit 1 on any breach."""
    checks = with_session(settings_of(data), verify_all)
    breaches = sum(check.breaches for check in checks)
    print_json({"ok": breaches == 0, "breaches": breaches, "checks": [asdict(check) for check in checks]})
    sys.exit(1 if breaches else 0)
