"""``hotline guide``: service guides."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from app.cli.run import print_json
from knowledge_base.guide_lint import lint as lint_guide


@click.group()
def guide() -> None:
    """Service guides (办事指南)."""


@guide.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def lint(file: Path) -> None:
    """Check a guide: vague materials, missing elements; exit 1 on a finding."""
    findings = lint_guide(file)
    print_json({"file": file.name, "ok": not findings, "findings": [asdict(finding) for finding in findings]})
    sys.exit(1 if findings else 0)
