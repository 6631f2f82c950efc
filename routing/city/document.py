"""YAML files of a city: values that know their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from routing.city.faults import Findings
from routing.city.table import read_text

_T = TypeVar("_T")
_NAMES: dict[type, str] = {
    str: "文字", int: "整数", bool: "true 或 false", float: "数字", list: "列表", dict: "键值表",
}  # fmt: skip


class Document:
    """A mapping in a YAML file. A missing or ill-typed value is reported with its line, and its default returned."""

    def __init__(self, file: str, data: CommentedMap, findings: Findings) -> None:
        self.file = file
        self._data = data
        self._findings = findings

    def names(self) -> list[str]:
        """The keys; one that YAML doesn't read as text (640104, yes) is reported and left out."""
        for key in self._data:
            if not isinstance(key, str):
                self.fault(f"键“{key}”应加引号", key)
        return [str(key) for key in self._data if isinstance(key, str)]

    def line(self, key: object = None) -> int:
        """The line of ``key``, or of the mapping itself."""
        place = self._data.lc
        if key is not None and place.data and key in place.data:
            return int(place.data[key][0]) + 1
        return int(place.line) + 1

    def fault(self, message: str, key: object = None) -> None:
        self._findings.fault(self.file, self.line(key), message)

    def get(self, key: str, kind: type[_T], default: _T, *, required: bool = True) -> _T:
        """The value under ``key`` as ``kind``; whole numbers pass as floats. Absent and not required: the default."""
        if key not in self._data:
            if required:
                self.fault(f"缺少“{key}”")
            return default
        value: Any = self._data[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        # bool is an int to Python, not to people.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(f"“{key}”应为{_NAMES[kind]}", key)
            return default
        return kind(value) if kind in {str, int, float} else value  # type: ignore[call-arg]  # off ruamel's own subclasses

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self._listed(key, str))

    def numbers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        return tuple(self._listed(key, int))

    def mapping(self, key: str) -> Document | None:
        """The mapping under ``key``; None after a fault."""
        value = self._data.get(key)
        if isinstance(value, CommentedMap):
            return Document(self.file, value, self._findings)
        self.fault(f"“{key}”应为{_NAMES[dict]}" if key in self._data else f"缺少“{key}”", key)
        return None

    def mappings(self, key: str) -> list[Document]:
        """The mappings listed under ``key``."""
        return [Document(self.file, value, self._findings) for value in self._listed(key, CommentedMap)]

    def allow(self, *names: str) -> None:
        """Report keys other than ``names``: most are slips of the pen that would silently do nothing."""
        for key in self.names():
            if key not in names:
                self.fault(f"不认识的“{key}”", key)

    def _listed(self, key: str, kind: type[_T]) -> list[_T]:
        values = self.get(key, list, [])
        good = [value for value in values if isinstance(value, kind) and not isinstance(value, bool)]
        if len(good) != len(values):
            self.fault(f"“{key}”的每一项应为{_NAMES.get(kind, _NAMES[dict])}", key)
        return good


def read_document(root: Path, file: str, findings: Findings) -> Document | None:
    """The mapping in ``file``; None after a fault."""
    text = read_text(root, file, findings)
    data = None if text is None else _parse(text, file, findings)
    if isinstance(data, CommentedMap):
        return Document(file, data, findings)
    if data is not None:
        findings.fault(file, 1, f"应为{_NAMES[dict]}")
    return None


def _parse(text: str, file: str, findings: Findings) -> CommentedMap | CommentedSeq | str | None:
    try:
        data: CommentedMap | CommentedSeq | str | None = YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        findings.fault(file, _line_of(error), "同一个键出现两次")
    except MarkedYAMLError as error:
        findings.fault(file, _line_of(error), f"YAML 格式错误：{error.problem}")
    except (YAMLError, ValueError) as error:  # e.g. a control character, an impossible date
        findings.fault(file, 1, f"YAML 格式错误：{' '.join(str(error).split())}")
    else:
        return "" if data is None else data
    return None


def _line_of(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark else 1
