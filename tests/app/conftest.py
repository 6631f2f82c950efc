"""The `hotline` command as somebody types it, in this process."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from app.cli import main
from app.instance import Instance


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def _stay(path: str, arguments: list[str]) -> None:
    """All tests would end here, and with success: the process becomes the command."""
    raise AssertionError(f"would become {arguments}")


@pytest.fixture
def hotline(monkeypatch, capsys, tmp_path):
    """Runs a command with nothing of this machine's settings."""
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # no hotline.toml here
    monkeypatch.setattr(os, "execv", _stay)

    def run(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["hotline", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()  # what fixtures have printed
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    yield run
    structlog.reset_defaults()  # the command logs to the stderr of its time, which pytest closes


@pytest.fixture
def data_of(tmp_path):
    """A data folder whose running instance has this database."""

    def made(database_url: str, valkey_url: str = "unix:///nowhere") -> str:
        folder = tmp_path / "data"
        folder.mkdir()
        Instance(os.getpid(), "http://h", "sip:s", database_url, valkey_url, "yinchuan").write(folder)
        return str(folder)

    return made
