"""``hotline classify``, ``train``, ``evaluate``, ``deadline``."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.cli.run import print_json
from app.clock import local_iso, utc_now
from app.jobs.drafting import router
from app.settings import AppSettings
from routing.assessment import Assessment
from routing.calendar.deadline import deadline as compute_deadline
from routing.calendar.working import WorkingCalendar
from routing.city import load
from routing.classifier.appeals import build
from routing.classifier.evaluation import evaluate as evaluate_model
from routing.classifier.model import LabelModel
from routing.errors import LimitError, RoutingError


class Fault(click.ClickException):
    """An error of the domain rules: its id and message on one line, exit 1 (2: wrong usage)."""

    def __init__(self, error: RoutingError, code: int = 1) -> None:
        super().__init__(f"{error.id}: {error.message}")
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """For click."""
        return self.code


def assessment_json(found: Assessment) -> dict[str, Any]:
    """The form of design.md §3.2."""
    limits = found.limits
    return {
        "type": found.type,
        "category": found.category,
        "path": found.path,
        "urgency": found.urgency,
        "place": asdict(found.place) if found.place is not None else None,
        "district": found.place.district if found.place is not None else None,
        "unit": found.dispatch.unit_name,
        "unit_code": found.dispatch.unit,
        "tier": found.dispatch.tier,
        "co_units": list(found.dispatch.co_units),
        "basis": found.dispatch.basis,
        "rule": found.dispatch.row_id,
        "confirm": list(found.dispatch.confirm),
        "limits": {
            "profile": limits.profile,
            "texts": limits.texts,
            "sign_due": local_iso(limits.sign_due),
            "contact_due": local_iso(limits.contact_due),
            "due": local_iso(limits.due),
            "citizen_due": local_iso(limits.citizen_due),
        },
        "confidence": round(found.confidence, 4),
        "alternatives": [asdict(other) for other in found.alternatives],
        "reasons": list(found.reasons),
        "title": found.title,
        "model": found.model,
    }


@click.command()
def classify() -> None:
    """Judge texts from stdin: one a line, or JSON lines with text, title, phone → JSON lines."""
    judge = router()
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        text, title, phone = line.strip(), "", None
        if line.lstrip().startswith("{"):
            try:
                row = json.loads(line)
                text, title, phone = str(row["text"]), str(row.get("title") or ""), row.get("phone")
            except (json.JSONDecodeError, KeyError) as error:
                raise click.UsageError(f"第 {number} 行不是有效的 JSON，或缺少 text") from error
        print_json(assessment_json(judge.assess(text, now=utc_now(), phone=phone, title=title)))


def _read_rows(path: Path, columns: list[str]) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 24)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or [])]
            if missing:
                raise click.UsageError(f"{path.name} 缺少列：{'、'.join(missing)}")
            return list(reader)
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path.name} 不是 UTF-8 编码，请先转换") from error


def _texts(rows: list[dict[str, str]], text: str) -> tuple[list[str], list[str] | None]:
    """(bodies with titles in front, titles): with several columns the first is the title."""
    columns = text.split(",")
    joined = ["。".join(row[column] or "" for column in columns) for row in rows]
    return joined, [row[columns[0]] or "" for row in rows] if len(columns) > 1 else None


_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", type=_file, required=False)
@click.option("--text", help="Column with the text; COL,COL: title and body.")
@click.option("--label", help="Column with the label.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the model goes.")
@click.option("--built-in", is_flag=True, help="The appeal classifier, from our own examples (no-op when up to date).")
def train(file: Path | None, text: str | None, label: str | None, out: Path | None, built_in: bool) -> None:
    """Learn from labelled texts (CSV)."""
    try:
        if built_in:
            settings = AppSettings()
            model = build(settings.examples_dir, settings.build_dir / "appeals")
            about = {"leaf": model.leaf.about, "type": model.kind.about}
            print_json({head: {k: v for k, v in values.items() if k != "keywords"} for head, values in about.items()})
            return
        if file is None or not text or not label or out is None:
            raise click.UsageError("需要 CSV 文件、--text、--label 和 --out，或 --built-in")
        rows = [row for row in _read_rows(file, [*text.split(","), label]) if row[label]]
        texts, titles = _texts(rows, text)
        trained = LabelModel.train(texts, [row[label] for row in rows], titles)
        trained.save(out)
        print_json({"model": str(out), **{k: v for k, v in trained.about.items() if k != "keywords"}})
    except RoutingError as error:
        raise Fault(error) from error


@click.command()
@click.argument("model", type=_file)
@click.argument("file", type=_file)
@click.option("--text", required=True)
@click.option("--label", required=True)
def evaluate(model: Path, file: Path, text: str, label: str) -> None:
    """Measure a model on labelled texts it has not seen."""
    try:
        loaded = LabelModel.load(model)
    except RoutingError as error:
        raise Fault(error) from error
    rows = [row for row in _read_rows(file, [*text.split(","), label]) if row[label]]
    texts, titles = _texts(rows, text)
    print_json(evaluate_model(loaded, texts, [row[label] for row in rows], titles))


@click.command()
@click.option("--limit", required=True, help="15m, 2h, 3d, 4wh, 5wd …")
@click.option("--from", "start", required=True, help="ISO 8601; without an offset the city's time.")
@click.option("--city", default=None)
def deadline(limit: str, start: str, city: str | None) -> None:
    """When a limit is up on the city's calendar, and how it was counted."""
    try:
        begin = datetime.fromisoformat(start)
    except ValueError as error:
        raise click.UsageError(f"--from {start!r} 不是 ISO 8601 时间") from error
    settings = AppSettings()
    loaded = load(settings.cities_dir / (city or settings.city))
    calendar = WorkingCalendar(loaded.layers, loaded.office_hours, loaded.timezone)
    begin = begin if begin.tzinfo else begin.replace(tzinfo=calendar.zone)
    try:
        found = compute_deadline(limit, begin, calendar, count_from_next_day=loaded.count_from_next_day)
    except LimitError as error:
        raise Fault(error, 2) from error
    except RoutingError as error:
        raise Fault(error) from error
    print_json({"due": found.due.isoformat(timespec="seconds"), "steps": list(found.steps)})
