"""``hotline user``: who may sign in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.accounts import accounts, add_account, disable, enable, set_password
from app.auth.password_policy import MOST_CHARACTERS
from app.cli import data_option
from app.cli.run import os_user, print_json, settings_of, with_session
from app.clock import local_iso, utc_now
from models.codes import Role


@click.group()
def user() -> None:
    """Users: add, list, disable, enable, password."""


def _password() -> str:
    """The first line of stdin; from a terminal asked for twice, unseen."""
    if sys.stdin.isatty():
        asked = click.prompt("密码", hide_input=True, confirmation_prompt="再输入一次", err=True)
        return str(asked)
    return sys.stdin.readline(4 * MOST_CHARACTERS).rstrip("\r\n")


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="As colleagues read it.")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice([role.value for role in Role]), metavar="ROLE",
    help=f"Again for each: {', '.join(role.value for role in Role)}.",
)  # fmt: skip
@click.option("--unit", default=None, help="Code of the unit whose tickets are seen (a unit's roles need it).")
@data_option
def add(login: str, name: str, roles: tuple[str, ...], unit: str | None, data: Path | None) -> None:
    """Add a user; the password is the first line of stdin, or asked for."""
    password = _password()

    async def work(db: AsyncSession) -> dict[str, Any]:
        wanted = [Role.of(role) for role in roles]
        made = await add_account(db, login, name, wanted, password, unit=unit, actor=os_user(), now=utc_now())
        return {"login": made.login, "name": made.name, "roles": sorted(set(roles)), "unit": made.unit, "active": True}

    print_json(with_session(settings_of(data), work))


@user.command("list")
@data_option
def list_users(data: Path | None) -> None:
    """List every user, disabled ones too, as one JSON array."""

    async def work(db: AsyncSession) -> list[dict[str, Any]]:
        return [
            {
                "login": one.login,
                "name": one.name,
                "roles": roles,
                "unit": one.unit,
                "active": one.active,
                "created_at": local_iso(one.created_at),
                "locked_until": local_iso(one.locked_until),
            }
            for one, roles in await accounts(db)
        ]

    print_json(with_session(settings_of(data), work))


@user.command("disable")
@click.argument("login")
@data_option
def disable_user(login: str, data: Path | None) -> None:
    """Shut a user out, at once; what they did stays theirs."""

    async def work(db: AsyncSession) -> dict[str, Any]:
        ended = await disable(db, login, actor=os_user(), now=utc_now())
        return {"login": login, "active": False, "sessions_ended": ended}

    print_json(with_session(settings_of(data), work))


@user.command("enable")
@click.argument("login")
@data_option
def enable_user(login: str, data: Path | None) -> None:
    """Let a user in again, also one who is locked after wrong passwords."""

    async def work(db: AsyncSession) -> dict[str, Any]:
        await enable(db, login, actor=os_user(), now=utc_now())
        return {"login": login, "active": True}

    print_json(with_session(settings_of(data), work))


@user.command()
@click.argument("login")
@data_option
def password(login: str, data: Path | None) -> None:
    """Give a user another password (first line of stdin, or asked for); ends their sessions."""
    new = _password()

    async def work(db: AsyncSession) -> dict[str, Any]:
        ended = await set_password(db, login, new, actor=os_user(), now=utc_now())
        return {"login": login, "sessions_ended": ended}

    print_json(with_session(settings_of(data), work))
