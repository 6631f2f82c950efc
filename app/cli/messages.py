"""``hotline messages``: dead letters, seen and sent again from the machine (recorded in the audit log)."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.policy import NOTHING
from app.cli import data_option
from app.cli.run import os_user, print_json, settings_of, with_session
from app.clock import utc_now
from app.messages.schemas import MessageLine
from app.messages.services import dead_ids, list_messages, resend
from models.workflow_codes import MessageState


@click.group()
def messages() -> None:
    """Messages to citizens."""


@messages.command()
@click.option("--limit", default=1000, show_default=True)
@data_option
def dead(limit: int, data: Path | None) -> None:
    """List messages that nobody tries to send any more, newest first, as one JSON array; numbers masked."""

    async def work(db: AsyncSession) -> list[MessageLine]:
        return (await list_messages(db, MessageState.DEAD, NOTHING, limit=limit)).items

    print_json(msgspec.to_builtins(with_session(settings_of(data), work)))


@messages.command("resend")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every dead one: after the gateway was put right.")
@data_option
def send_again(ids: tuple[str, ...], everything: bool, data: Path | None) -> None:
    """Have dead messages tried anew, all of them or none."""
    if bool(ids) == everything:
        raise click.UsageError("请给出短信编号，或使用 --all")

    async def work(db: AsyncSession) -> int:
        chosen = await dead_ids(db) if everything else list(dict.fromkeys(ids))
        for number in chosen:
            await resend(db, number, os_user(), utc_now())
        await db.commit()
        return len(chosen)

    print_json({"resent": with_session(settings_of(data), work)})
