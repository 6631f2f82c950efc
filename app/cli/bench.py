"""``hotline bench``: measured figures as JSON."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import Any

import click

from app.cli.processes import become
from app.cli.run import print_json
from app.clock import utc_now
from app.settings import AppSettings


@click.group()
def bench() -> None:
    """Measure (docs/perf/)."""


_PASS_ON = {"ignore_unknown_options": True, "help_option_names": []}


@bench.command(context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def calls(arguments: tuple[str, ...]) -> None:
    """Parallel citizens against a SIP address: hotline bench calls SIP_URI --audio F.wav --parallel 20."""
    become("telephony.citizen.load", *arguments)


@bench.command("line-kills", context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def line_kills(arguments: tuple[str, ...]) -> None:
    """Kill -9 lines in mid-call: hotline bench line-kills SIP_URI --data var --audio F.wav --times 20."""
    become("telephony.citizen.kills", *arguments)


@bench.command(context_settings=_PASS_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def captions(arguments: tuple[str, ...]) -> None:
    """Character error rate and speed of the recogniser: hotline bench captions index.csv (columns file, text)."""
    become("telephony.scribe.bench", *arguments)


@bench.command()
@click.option("--seconds", default=5.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Accepted for scripts; figures are always JSON.")
def classify(seconds: float, as_json: bool) -> None:  # noqa: ARG001
    """Whole assessments a second on one core, over our own examples."""
    from app.jobs.drafting import router  # noqa: PLC0415  (loads the model)

    judge = router()
    texts = [
        row["text"]
        for path in sorted(AppSettings().examples_dir.glob("*.csv"))
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        judge.assess(texts[len(took) % len(texts)], now=utc_now())
        took.append(time.perf_counter() - started)
    took.sort()
    result: dict[str, Any] = {
        "n": len(took),
        "per_s": round(len(took) / sum(took), 1),
        "p50_ms": round(took[len(took) // 2] * 1000, 2),
        "p95_ms": round(took[int(len(took) * 0.95)] * 1000, 2),
    }
    print_json(result)


@bench.command()
@click.option("--open", "open_tickets", default=1_000_000, show_default=True, help="Open tickets to load.")
@click.option("--due", default=10_000, show_default=True, help="Clocks that are due at once.")
@click.option("--workers", default=2, show_default=True, help="Processes that work them off.")
@click.option("--limit", default=500, show_default=True, help="Clocks a worker claims at once.")
@click.option("--json", "as_json", is_flag=True, help="Accepted for scripts; figures are always JSON.")
def clocks(open_tickets: int, due: int, workers: int, limit: int, as_json: bool) -> None:  # noqa: ARG001
    """Clocks due at once among many open tickets, on a PostgreSQL of its own; exit 1 unless each was taken once."""
    from app.bench.clocks import measure  # noqa: PLC0415  (loads the city's rules and the database's driver)
    from app.bench.own_database import own_database  # noqa: PLC0415
    from routing.city import load  # noqa: PLC0415
    from routing.rulebook import Rulebook  # noqa: PLC0415

    settings = AppSettings()
    book = Rulebook.of(load(settings.city_dir))
    with own_database(book.city) as url:
        result = measure(
            url, book, settings.examples_dir, open_tickets=open_tickets, due=due, workers=workers, limit=limit
        )
    print_json(result)
    sys.exit(0 if result["exactly_once"] else 1)


@bench.command()
@click.option("--tickets", default=1_000_000, show_default=True, help="Tickets to load.")
@click.option("--seconds", default=20.0, show_default=True, help="Of each part.")
@click.option("--workers", default=2, show_default=True, help="Processes of the web app: one a core.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the database here, for next time.")
@click.option("--plans", type=click.Path(path_type=Path, dir_okay=False), help="Write the ten hottest queries here.")
@click.option("--check", is_flag=True, help="Exit 1 unless the goals are met.")
@click.option("--json", "as_json", is_flag=True, help="Accepted for scripts; figures are always JSON.")
def api(
    tickets: int, seconds: float, workers: int, data: Path | None, plans: Path | None, check: bool, as_json: bool  # noqa: ARG001
) -> None:  # fmt: skip
    """Tickets created, lists, tickets and actions a second over HTTP, on a PostgreSQL with many tickets."""
    from app.bench.api.run import Plan, run  # noqa: PLC0415  (loads the whole web app)

    result = run(AppSettings(), tickets, Plan(seconds=seconds, workers=workers), data, plans)
    print_json(result)
    sys.exit(1 if check and not all(goal["met"] for goal in result["goals"].values()) else 0)
