"""The ``hotline`` command: JSON on stdout, logs on stderr; exit 0 ok, 1 a check failed, 2 usage."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from app.log import configure_logging

_COMMANDS = {
    "up": "app.cli.up:up",
    "web": "app.cli.processes:web",
    "front-door": "app.cli.processes:front_door",
    "scribe": "app.cli.processes:scribe",
    "worker": "app.cli.processes:worker",
    "call": "app.cli.processes:call",
    "answer": "app.cli.processes:answer",
    "transcribe": "app.cli.processes:transcribe",
    "migrate": "app.cli.database:migrate",
    "seed": "app.cli.database:seed",
    "recalculate": "app.cli.recalculate:recalculate",
    "verify": "app.cli.database:verify",
    "user": "app.cli.users:user",
    "doctor": "app.cli.doctor:doctor",
    "backup": "app.cli.backup:backup",
    "restore": "app.cli.backup:restore",
    "tickets": "app.cli.tickets:tickets",
    "ticket": "app.cli.tickets:ticket",
    "calls": "app.cli.tickets:calls",
    "messages": "app.cli.messages:messages",
    "classify": "app.cli.routing:classify",
    "train": "app.cli.routing:train",
    "evaluate": "app.cli.routing:evaluate",
    "deadline": "app.cli.routing:deadline",
    "guide": "app.cli.knowledge:guide",
    "import": "app.cli.importing:importing",
    "exchange-key": "app.cli.importing:exchange_key",
    "bench": "app.cli.bench:bench",
}
"""Loaded when used: ``hotline call`` must not wait for scikit-learn."""


class LazyGroup(click.Group):
    """A group whose commands are imported only when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, name = target.split(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline-12345")
def cli() -> None:
    """Hotline 12345: contact centre and ticket routing."""
    configure_logging()


def main() -> None:
    """Entry point; errors with a stable id become one line on stderr and exit 1."""
    try:
        cli(prog_name="hotline")
    except Exception as error:
        # by their form: importing the domain rules and the database's driver would slow every command down
        stable, message = getattr(error, "id", None), str(error)
        if type(error).__name__ == "OperationalError":
            stable, message = "database.unavailable", f"连不上数据库：{message.splitlines()[0]}"
        if not isinstance(stable, str):
            raise
        click.echo(f"hotline: {stable}: {message}", err=True)
        sys.exit(1)


data_option = click.option(
    "--data",
    "data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Data folder of the instance (default: settings, ./var).",
)
"""The ``--data DIR`` of commands that look into an instance."""
