"""Files of the platform above, CSV or JSON, read line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from app.errors import HotlineError
from app.intake.exchange import UpperAppeal
from app.tickets.fields import FIELD_NAMES

_LIST = {"co_units"}
_NUMBER = {"urgency"}
_TRUTH = {"anonymous", "confidential"}
_YES, _NO = {"是", "1", "true", "y"}, {"否", "0", "false", "n"}
_FIELDS = frozenset(UpperAppeal.__struct_fields__) - {"attachments", "upper_system"}
_BY_LABEL = {label: name for name, label in FIELD_NAMES.items() if name in _FIELDS}


class FileFormatError(HotlineError):
    """The file cannot be read as a whole."""

    id = "import.file"
    status = 422


def read_lines(path: Path) -> Iterator[tuple[int, object]]:
    """(line, appeal) of a file: CSV with a header, a JSON array, or a JSON object a line.

    A line that is no object, or has too many columns, comes as it is: whoever takes it in says what is wrong with it.

    Raises:
        FileFormatError: neither UTF-8 nor GB18030, no known columns, no JSON.
    """
    text = _decoded(path.read_bytes())
    if text.lstrip()[:1] in {"[", "{"}:
        yield from _of_json(text)
    else:
        yield from _of_csv(text)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileFormatError("文件编码应为 UTF-8 或 GB18030")


def _of_json(text: str) -> Iterator[tuple[int, object]]:
    if text.lstrip().startswith("["):
        try:
            yield from enumerate(msgspec.json.decode(text, type=list[Any]), 1)
        except (msgspec.DecodeError, RecursionError) as error:
            raise FileFormatError(f"不是有效的 JSON：{error}") from error
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError):
                yield number, line


def _of_csv(text: str) -> Iterator[tuple[int, object]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [_column(name) for name in next(reader, [])]
        if "upper_no" not in header or "content" not in header:
            raise FileFormatError("表头缺少“上级编号”或“诉求内容”")
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield line, _row(header, cells)
    except csv.Error as error:
        raise FileFormatError(f"第 {reader.line_num} 行不是有效的 CSV：{error}") from error


def _column(name: str) -> str:
    name = name.strip()
    found = _BY_LABEL.get(name, name)
    if found not in _FIELDS:
        raise FileFormatError(f"表头中有不认识的列“{name}”")
    return found


def _row(header: list[str], cells: list[str]) -> object:
    if len(cells) != len(header):
        return cells
    return {name: _value(name, cell.strip()) for name, cell in zip(header, cells, strict=True) if cell.strip()}


def _value(name: str, cell: str) -> object:
    if name in _LIST:
        return [part for part in cell.replace("；", ";").split(";") if part]
    if name in _NUMBER and cell.isascii() and cell.isdecimal():
        return int(cell)
    if name in _TRUTH and cell.lower() in _YES | _NO:
        return cell.lower() in _YES
    if name == "occurred_at":
        return _time(cell)
    return cell


def _time(cell: str) -> str:
    """As tables write it: 2026/11/24 8:05."""
    day, _, clock = cell.replace("/", "-").replace("T", " ").partition(" ")
    padded = "-".join(part.zfill(2) for part in day.split("-"))
    try:
        return datetime.fromisoformat(f"{padded}T{clock.zfill(5)}" if clock else padded).isoformat()
    except ValueError:
        return cell
