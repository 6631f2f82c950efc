"""CSV files of a city: rows that know their line, and cells read with a reason when they can't be."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from routing.city.faults import Findings

_LIST = ";"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLS = {"true": True, "false": False}


def read_text(root: Path, file: str, findings: Findings) -> str | None:
    """The file's text (UTF-8, with or without a byte order mark); None after a fault."""
    try:
        return (root / file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        findings.fault(file, 0, "文件不存在")
    except OSError as error:
        findings.fault(file, 0, f"文件无法读取：{error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.fault(file, line, "不是 UTF-8 编码，请另存为 UTF-8")
    return None


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a CSV file; the readers below report and return a harmless value when a cell is wrong."""

    file: str
    line: int
    cells: dict[str, str]
    findings: Findings

    def fault(self, message: str) -> None:
        self.findings.fault(self.file, self.line, message)

    def text(self, column: str) -> str:
        """The cell, which must not be empty."""
        value = self.cells[column]
        if not value:
            self.fault(f"“{column}”不能为空")
        return value

    def optional(self, column: str) -> str | None:
        return self.cells[column] or None

    def items(self, column: str) -> tuple[str, ...]:
        """The cell's parts between semicolons."""
        return tuple(part.strip() for part in self.cells[column].split(_LIST) if part.strip())

    def choice(self, column: str, allowed: Iterable[str]) -> str:
        value = self.cells[column]
        if value not in allowed:
            self.fault(f"“{column}”的值“{value}”不在允许范围（{'、'.join(allowed)}）")
        return value

    def boolean(self, column: str) -> bool:
        return _BOOLS.get(self.choice(column, _BOOLS), False)

    def day(self, column: str) -> date | None:
        value = self.cells[column]
        # fromisoformat alone would also take 20261001 and week dates.
        if _DAY.fullmatch(value):
            with contextlib.suppress(ValueError):
                return date.fromisoformat(value)
        self.fault(f"“{column}”的日期“{value}”不对，应写作 2026-10-01")
        return None

    def degrees(self, column: str, limit: float) -> float | None:
        """A longitude or latitude, within ±``limit``; empty is None."""
        value = self.cells[column]
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            number = limit + 1
        if not -limit <= number <= limit:
            self.fault(f"“{column}”的坐标“{value}”不对")
            return None
        return number


def read_table(
    root: Path, file: str, columns: tuple[str, ...], findings: Findings, *, also: tuple[str, ...] = ("note",)
) -> list[Row]:
    """The rows of ``file``. Its header must hold ``columns`` and may hold ``also``; cells are stripped.

    A row with the wrong number of cells is reported and left out, as is everything under a wrong header.
    """
    text = read_text(root, file, findings)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            # line_num is where a record ends; a quoted cell may span lines, and people look for its start.
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                if not _header_fits(header, columns, also, file, start, findings):
                    return []
            elif len(cells) != len(header):
                findings.fault(file, start, f"应有 {len(header)} 列，实有 {len(cells)} 列")
            else:
                stripped = (cell.strip() for cell in cells)
                rows.append(Row(file, start, dict(zip(header, stripped, strict=True)), findings))
    except csv.Error as error:
        findings.fault(file, reader.line_num, f"CSV 格式错误：{error}")
    if header is None:
        findings.fault(file, 1, "文件为空，缺少表头")
    return rows


def _header_fits(
    header: list[str], columns: tuple[str, ...], also: tuple[str, ...], file: str, line: int, findings: Findings
) -> bool:
    faults = [f"缺少列“{name}”" for name in columns if name not in header]
    faults += [f"多余的列“{name}”" for name in header if name not in columns and name not in also]
    faults += [f"列“{name}”重复" for name in sorted({n for n in header if header.count(n) > 1})]
    for message in faults:
        findings.fault(file, line, message)
    return not faults


class Seen:
    """Remembers where a key was first met, to name both places of a duplicate."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._lines: dict[object, tuple[str, int]] = {}

    def again(self, key: object, shown: str, row: Row) -> bool:
        """Whether ``key`` was met before; reports it if so."""
        first = self._lines.setdefault(key, (row.file, row.line))
        if first == (row.file, row.line):
            return False
        row.fault(f"{self._label}“{shown}”重复，已见于 {first[0]}:{first[1]}")
        return True
