"""Limits as a city writes them: 15m, 30nm, 2h, 24nh, 3d, 270nd, 4wh, 5wd."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from routing.errors import LimitError

Unit = Literal["nm", "nh", "nd", "wh", "wd"]
_FORM = re.compile(r"([1-9][0-9]{0,4})(nm|nh|nd|wh|wd|m|h|d)")
_NATURAL: dict[str, Unit] = {"m": "nm", "h": "nh", "d": "nd"}
NATURAL = {"nm": timedelta(minutes=1), "nh": timedelta(hours=1), "nd": timedelta(days=1)}
"""Units that run day and night, and how long one is."""
_NAMES = {"nm": "分钟", "nh": "小时", "nd": "个自然日", "wh": "个工作小时", "wd": "个工作日"}


@dataclass(frozen=True, slots=True)
class Limit:
    """``amount`` of ``unit``: natural minutes, hours, days; working hours, working days."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Limit:
        """From the city's form.

        Raises:
            LimitError: anything else.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise LimitError(f"无法识别的时限 {text!r}：应为数字加单位，如 15m、4wh、2h、5wd、3d")
        unit = match[2]
        return cls(int(match[1]), _NATURAL.get(unit, unit))  # type: ignore[arg-type]

    @classmethod
    def of(cls, limit: Limit | str) -> Limit:
        """A limit given either way.

        Raises:
            LimitError: the text is none.
        """
        return cls.parse(limit) if isinstance(limit, str) else limit

    @property
    def label(self) -> str:
        """In Chinese: 5个工作日."""
        return f"{self.amount}{_NAMES[self.unit]}"
