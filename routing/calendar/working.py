"""Which times are working time: weekend → State Council notice → regional notice → city; office hours with lunch.

Interval arithmetic, exact to the second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from routing.city.schema import CalendarLayer, OfficeHours
from routing.errors import CalendarError

Interval = tuple[datetime, datetime]
_SATURDAY = 5
_LONGEST_BREAK_DAYS = 60


class WorkingCalendar:
    """A city's calendar. Later layers win over earlier ones; the weekend is below all of them."""

    def __init__(self, layers: Sequence[CalendarLayer], office_hours: Sequence[OfficeHours], timezone: str) -> None:
        self.zone = ZoneInfo(timezone)
        self._layers = tuple(layers)
        self._exceptions = {day.day: day for layer in layers for day in layer.days}
        self._hours = sorted(office_hours, key=lambda row: row.start)
        self._starts = [row.start for row in self._hours]
        self._open: dict[date, tuple[Interval, ...]] = {}

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day.

        Raises:
            CalendarError: a layer that is required does not know the day's year.
        """
        for layer in self._layers:
            if layer.required and day.year not in layer.years:
                raise CalendarError(f"缺少 {day.year} 年的{layer.name}节假日安排，无法计算期限，请先补充日历数据")
        exception = self._exceptions.get(day)
        return exception.working if exception is not None else day.weekday() < _SATURDAY

    def missing_layers(self, years: set[int]) -> list[str]:
        """Warnings, in Chinese, for layers that are not required and do not know one of these years."""
        return [
            f"{layer.name}日历缺 {year} 年，未计入地方假日"
            for layer in self._layers
            for year in sorted(years)
            if not layer.required and (layer.years or year in layer.expected) and year not in layer.years
        ]

    def why(self, day: date) -> str | None:
        """Name of the exception that holds for a day (国庆节 …), None: an ordinary day."""
        exception = self._exceptions.get(day)
        return None if exception is None else exception.name

    def office(self, day: date) -> tuple[Interval, ...]:
        """Working intervals of a working day.

        Raises:
            CalendarError: no office hours hold yet on that day.
        """
        row = bisect_right(self._starts, day) - 1
        if row < 0:
            raise CalendarError(f"{day} 之前没有办公时间设置")
        return tuple(
            (datetime.combine(day, start, self.zone), datetime.combine(day, end, self.zone))
            for start, end in self._hours[row].intervals
        )

    def open(self, day: date) -> tuple[Interval, ...]:
        """Working intervals of any day; of a day off, none.

        Raises:
            CalendarError: the day's year is not known, or no office hours hold yet.
        """
        if day not in self._open:
            self._open[day] = self.office(day) if self.is_working_day(day) else ()
        return self._open[day]

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``."""
        return self.shifted(day, 1)

    def shifted(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, before it where ``count`` is negative; 0: ``day`` itself."""
        for _ in range(abs(count)):
            day = self._neighbour(day, timedelta(days=1 if count > 0 else -1))
        return day

    def _neighbour(self, day: date, step: timedelta) -> date:
        for ahead in range(1, _LONGEST_BREAK_DAYS):
            if self.open(day + ahead * step):
                return day + ahead * step
        side = "之后" if step > timedelta(0) else "之前"
        raise CalendarError(f"{day} {side} {_LONGEST_BREAK_DAYS} 天内没有工作日，请检查日历数据")

    def close(self, day: date) -> datetime:
        """When the office closes on a working day."""
        return self.office(day)[-1][1]

    def intervals_from(self, at: datetime) -> Iterator[Interval]:
        """Working intervals from ``at`` on, the first cut off there; without end."""
        local = at.astimezone(self.zone)
        day = local.date()
        if not self.is_working_day(day):
            day = self.next_working_day(day)
        while True:
            for start, end in self.office(day):
                if end > local:
                    yield max(start, local), end
            day = self.next_working_day(day)
