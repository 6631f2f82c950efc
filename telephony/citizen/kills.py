"""``hotline bench line-kills``: citizens whose line is killed in mid-call; what they noticed of it."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import msgspec

from telephony.citizen.__main__ import check_audio
from telephony.citizen.children import Placed, place
from telephony.citizen.load import percentile
from telephony.citizen.phone import Plan

_STEP_S = 0.05


def line_of(journal: Path, number: str) -> int | None:
    """The line process that serves this caller now, by the front door's journal; None: no such call is answered."""
    for path in journal.glob("*.json"):
        with suppress(FileNotFoundError, msgspec.DecodeError):  # it ends or is replaced just now
            record = msgspec.json.decode(path.read_bytes())
            sip = record.get("sip") or {}
            if number in str((sip.get("try") or [""])[0]):
                return int(record["line_pid"])
    return None


def _kill_later(citizens: list[tuple[Placed, float]], journal: Path) -> int:
    """Kill each citizen's line at its time (monotonic); how many were killed."""
    waiting = dict(enumerate(citizens))
    killed = 0
    end = max(at for _, at in citizens) + 10
    while waiting and time.monotonic() < end:
        for index, (citizen, at) in list(waiting.items()):
            if time.monotonic() < at:
                continue
            pid = line_of(journal, citizen.plan.number)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                killed += 1
                del waiting[index]
        time.sleep(_STEP_S)
    return killed


@click.command()
@click.argument("sip_uri")
@click.option("--audio", "audio", multiple=True, required=True, type=click.Path(path_type=Path), help="Played in turn.")
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The instance's data folder.")
@click.option("--times", default=20, show_default=True, help="Calls, each of whose lines is killed once.")
@click.option("--parallel", default=4, show_default=True, help="Calls at once.")
@click.option("--from", "first_number", default=13800001000, show_default=True, help="The first caller's number.")
@click.option(
    "--after",
    type=(float, float),
    default=(3.0, 40.0),
    show_default=True,
    help="Seconds after dialling, chosen at random.",
)
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Accepted; the output always is.")
def main(
    sip_uri: str,
    audio: tuple[Path, ...],
    data: Path,
    times: int,
    parallel: int,
    first_number: int,
    after: tuple[float, float],
    seed: int,
    as_json: bool,
) -> None:
    """Kill -9 the line of each of TIMES calls to SIP_URI; exit 1 when a citizen lost the call by it."""
    del as_json
    check_audio(audio)
    dice = random.Random(seed)  # noqa: S311  (no secret)
    results: list[dict[str, Any] | None] = []
    killed = 0
    for begin in range(0, times, parallel):
        citizens = []
        for number in range(begin, min(begin + parallel, times)):
            plan = Plan(uri=sip_uri, audio=(audio[number % len(audio)],), number=str(first_number + number))
            citizens.append((place(plan), time.monotonic() + dice.uniform(*after)))
        killed += _kill_later(citizens, data / "journal" / "calls")
        results += [citizen.result() for citizen, _ in citizens]
    survived = [r for r in results if r is not None and r["answered"] and r["far_hangup"]]
    gaps = [r["rx_gap_max_ms"] for r in survived if r["rx_gap_max_ms"]]
    summary = {
        "calls": times,
        "killed": killed,
        "survived": len(survived),
        "rx_gap_max_ms": {"p50": percentile(gaps, 0.5), "p95": percentile(gaps, 0.95), "max": max(gaps, default=None)},
    }
    click.echo(msgspec.json.encode(summary).decode())
    sys.exit(0 if killed == times == len(survived) else 1)


if __name__ == "__main__":
    main()
