"""Simulated citizens as child processes: pjsua2 takes one call a process here, and a crash costs one citizen."""

from __future__ import annotations

import dataclasses
import os
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import click
import msgspec

from telephony.citizen.phone import Phone, Plan


@dataclass(frozen=True, slots=True)
class Placed:
    """A call under way in a child process."""

    plan: Plan
    pid: int
    reading: int

    def result(self) -> dict[str, Any] | None:
        """Wait for its end; the fields of ``phone.Result``, None when the child died."""
        with os.fdopen(self.reading, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if not data:
            click.echo(f"citizen {self.plan.number} ended without a result: status {status}", err=True)
            return None
        result: dict[str, Any] = msgspec.json.decode(data)
        if not result["answered"]:
            click.echo(f"citizen {self.plan.number} was not answered: {result}", err=True)
        return result


def place(plan: Plan) -> Placed:
    """Fork a citizen who places this call."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _be_citizen(plan, writing)
    os.close(writing)
    return Placed(plan, pid, reading)


def _be_citizen(plan: Plan, writing: int) -> None:
    """In the child: one call, its result into the pipe; never returns."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        result = Phone(plan).run()
        os.write(writing, msgspec.json.encode(dataclasses.asdict(result)))
        code = 0
    except Exception:  # noqa: BLE001  (told before the child ends; the parent counts it as failed)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
