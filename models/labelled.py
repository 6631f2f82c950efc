"""Codes with a Chinese label: the code is stored for ever, the label is what people read."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self


class LabelledText(StrEnum):
    """A text code with a Chinese label."""

    _label: str

    def __new__(cls, code: str, label: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member._label = label  # noqa: SLF001  (our own member)
        return member

    @classmethod
    def of(cls, code: str) -> Self:
        """The member with this code; ValueError: there is none."""
        return cls(code)  # type: ignore[call-arg]

    @property
    def label(self) -> str:
        """In Chinese."""
        return self._label


class LabelledNumber(IntEnum):
    """A number code with a Chinese label."""

    _label: str

    def __new__(cls, code: int, label: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member._label = label  # noqa: SLF001  (our own member)
        return member

    @classmethod
    def of(cls, code: int) -> Self:
        """The member with this code; ValueError: there is none."""
        return cls(code)  # type: ignore[call-arg]

    @property
    def label(self) -> str:
        """In Chinese."""
        return self._label
