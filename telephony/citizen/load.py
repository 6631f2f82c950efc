"""``hotline bench calls``: many citizens at once, each a process forked from this one; one JSON of what they met."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from telephony.citizen.__main__ import check_audio
from telephony.citizen.children import place
from telephony.citizen.phone import Plan


def percentile(values: list[float], share: float) -> float | None:
    """The value below which this share of them lies; None of none."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 1) if values else None


@click.command()
@click.argument("sip_uri")
@click.option("--audio", "audio", multiple=True, required=True, type=click.Path(path_type=Path), help="Played in turn.")
@click.option("--parallel", default=20, show_default=True)
@click.option("--rate", default=5.0, show_default=True, help="Calls begun a second.")
@click.option("--from", "first_number", default=13900001000, show_default=True, help="The first caller's number.")
@click.option("--max-seconds", default=150.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Accepted; the output always is.")
def main(
    sip_uri: str,
    audio: tuple[Path, ...],
    parallel: int,
    rate: float,
    first_number: int,
    max_seconds: float,
    as_json: bool,
) -> None:  # (as_json: one flag for all benches)
    """PARALLEL citizens call SIP_URI; exit 1 when a call failed."""
    del as_json
    check_audio(audio)
    citizens = []
    for number in range(parallel):
        file = audio[number % len(audio)]
        citizens.append(place(Plan(uri=sip_uri, audio=(file,), number=str(first_number + number), max_s=max_seconds)))
        time.sleep(1.0 / rate)
    results = [citizen.result() for citizen in citizens]
    met = [result for result in results if result is not None and result["answered"]]
    failed = parallel - len(met)
    summary: dict[str, Any] = {
        "calls": parallel,
        "failed": failed,
        "ended_by_us": sum(not result["far_hangup"] for result in met),
        "setup_ms": {f"p{share}": percentile([r["setup_ms"] for r in met], share / 100) for share in (50, 95, 99)},
        "rx_gap_ms": {
            "p99_of_p99": percentile([r["rx_gap_p99_ms"] for r in met if r["rx_gap_p99_ms"]], 0.99),
            "p50_of_max": percentile([r["rx_gap_max_ms"] for r in met if r["rx_gap_max_ms"]], 0.5),
            "max": max((r["rx_gap_max_ms"] for r in met if r["rx_gap_max_ms"]), default=None),
        },
        "talk_s": {"p50": percentile([r["talk_s"] for r in met], 0.5)},
    }
    click.echo(msgspec.json.encode(summary).decode())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
