"""The command-line options that telephony's processes have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import click

from telephony.settings import TelephonySettings


def settings_options(command: Callable[[TelephonySettings], None]) -> Callable[..., None]:
    """``--data DIR``; the command is called with the settings that come of it."""

    @click.option(
        "--data",
        "data",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help="Data folder of this node (default: settings, ./var).",
    )
    @functools.wraps(command)
    def with_settings(data: Path | None) -> None:
        command(TelephonySettings() if data is None else TelephonySettings(data_dir=data))

    return with_settings
