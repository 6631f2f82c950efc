"""The rules of the working calendar once more, as a table of minutes that is walked one by one.

Slow, and nothing shared with routing/calendar: no interval arithmetic, no zone data, its own rule for which day is
worked. Instants are whole seconds since midnight (UTC+8) of the first day.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

EAST_8 = timezone(timedelta(hours=8))
DAY = 24 * 60
_NATURAL_MINUTES = {"nm": 1, "nh": 60, "nd": DAY}

Minutes = tuple[int, int]
"""From minute of the day, until minute of the day."""


class UnknownYear(Exception):  # noqa: N818 - not a fault of the walk
    """The walk came to a minute of a year without a notice."""


class OffTable(Exception):  # noqa: N818
    """The walk left the days it was made for."""


class Walk:
    """``layers``: day → worked or not, later ones win. ``hours``: first day → office intervals. ``years`` are known."""

    def __init__(
        self,
        first: date,
        days: int,
        layers: Sequence[Mapping[date, bool]],
        hours: Mapping[date, Sequence[Minutes]],
        years: Iterable[int],
    ) -> None:
        self.first, self.days = first, days
        self._known = set(years)
        self._minutes = bytearray()  # 1 worked, 0 not, 2 nobody knows
        for number in range(days):
            self._minutes += self._day(first + timedelta(days=number), layers, hours)

    def _day(self, day: date, layers: Sequence[Mapping[date, bool]], hours: Mapping[date, Sequence[Minutes]]) -> bytes:
        if day.year not in self._known:
            return b"\2" * DAY
        worked = day.strftime("%a") not in {"Sat", "Sun"}
        for layer in layers:
            worked = layer.get(day, worked)
        minutes = bytearray(DAY)
        if worked:
            for start, end in hours[max(row for row in hours if row <= day)]:
                for minute in range(start, end):
                    minutes[minute] = 1
        return bytes(minutes)

    def second(self, at: datetime) -> int:
        return int((at - datetime(self.first.year, self.first.month, self.first.day, tzinfo=EAST_8)).total_seconds())

    def instant(self, second: int) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=EAST_8) + timedelta(seconds=second)

    def works(self, minute: int) -> bool:
        if not 0 <= minute < len(self._minutes):
            raise OffTable
        if self._minutes[minute] == 2:
            raise UnknownYear
        return self._minutes[minute] == 1

    def deadline(self, amount: int, unit: str, start: int, *, next_day: bool = True) -> int:
        if unit == "wh":
            return self.after(start, amount * 3600)
        if unit == "wd":
            return self._working_days(amount, start, next_day=next_day)
        minute = 0
        while minute < amount * _NATURAL_MINUTES[unit]:
            minute += 1
        return start + minute * 60

    def _working_days(self, amount: int, start: int, *, next_day: bool) -> int:
        """Received in the first worked minute from the start on; then as many days with work in them."""
        minute = start // 60
        while not self.works(minute):
            minute += 1
        day, counted = minute // DAY, 0 if next_day else 1
        while counted < amount:
            minute += 1
            if self.works(minute) and minute // DAY != day:
                day, counted = minute // DAY, counted + 1
        return self.close(day)

    def close(self, day: int) -> int:
        """End of the last worked minute of a day by its number; -1: none."""
        end = -1
        for minute in range(day * DAY, day * DAY + DAY):
            if self.works(minute):
                end = (minute + 1) * 60
        return end

    def closes(self, after: int, until: int) -> list[int]:
        """Office closes in (after, until]."""
        found = [self.close(day) for day in range(after // 60 // DAY, until // 60 // DAY + 1)]
        return [close for close in found if after < close <= until]

    def worked(self, start: int, end: int) -> int:
        """Seconds of work in [start, end)."""
        total, minute = 0, start // 60
        while max(start, minute * 60) < end:
            if self.works(minute):
                total += min(end, minute * 60 + 60) - max(start, minute * 60)
            minute += 1
        return total

    def after(self, start: int, seconds: int) -> int:
        """Where so many seconds (at least one) have been worked."""
        minute = start // 60
        while True:
            begin = max(start, minute * 60)
            if self.works(minute):
                if seconds <= minute * 60 + 60 - begin:
                    return begin + seconds
                seconds -= minute * 60 + 60 - begin
            minute += 1

    def earlier(self, end: int, seconds: int) -> int:
        """The latest end of work or instant within work from which so many seconds are worked until ``end``."""
        minute = (end - 1) // 60
        while True:
            stop = min(end, minute * 60 + 60)
            if self.works(minute):
                if seconds < stop - minute * 60:
                    return stop - seconds
                seconds -= stop - minute * 60
            minute -= 1


def notices(root: Path, hours: Mapping[date, Sequence[Minutes]], first: date, days: int) -> Walk:
    """Of a city's national layer as its file has it, read here once more."""
    with (root / "calendar" / "national.csv").open(encoding="utf-8", newline="") as file:
        layer = {date.fromisoformat(row["day"]): row["working"] == "true" for row in csv.DictReader(file)}
    return Walk(first, days, [layer], hours, {day.year for day in layer})
