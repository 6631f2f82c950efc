"""Random calendars for Hypothesis, as the product has them and as the walk has them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from hypothesis import HealthCheck, assume, reject, settings
from hypothesis import strategies as st

from routing.calendar.working import WorkingCalendar
from routing.city.schema import CalendarDay, CalendarLayer, OfficeHours
from routing.errors import CalendarError

from .calendar_walk import DAY, Minutes, OffTable, UnknownYear, Walk

T = TypeVar("T")
SEED = int(os.environ.get("WALK_SEED", "12345"))
"""The same cases on every run; another number, others."""
SPAN = 150
"""Days that the walk knows; starts lie in its first weeks."""
FIRSTS = [date(2026, 3, 2), date(2026, 1, 26), date(2027, 12, 1), date(2028, 2, 7), date(2028, 11, 25)]
"""Ordinary weeks, a change of year, a leap day, and a year (2029) that is not known."""
YEARS = (2026, 2027, 2028)
START_DAYS = range(35)
SHORTEST_DAY = 120
"""Minutes of work, so that the longest limits end within the span."""


def profile(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class World:
    """A calendar twice, and how it was drawn."""

    calendar: WorkingCalendar
    walk: Walk
    drawn: str

    def __repr__(self) -> str:
        return self.drawn

    def at(self, second: int) -> datetime:
        return self.walk.instant(second)


def outcome(work: Callable[[], T]) -> T | None:
    """What ``work`` gives; None: it needs a year that nobody knows. Cases beyond the walk's table are not tried."""
    try:
        return work()
    except (UnknownYear, CalendarError):
        return None
    except OffTable:
        reject()


@st.composite
def offices(draw: st.DrawFn) -> tuple[Minutes, ...]:
    """The usual day with lunch, or one to three intervals of whole minutes; the last may end at 23:59."""
    usual = [(510, 720), (840, 1080)], [(480, 720), (870, 1110)], [(540, 1020)]
    if draw(st.booleans()):
        return tuple(draw(st.sampled_from(usual)))
    count = draw(st.integers(1, 3))
    marks = sorted(draw(st.sets(st.integers(0, DAY - 1), min_size=2 * count, max_size=2 * count)))
    row = tuple(zip(marks[::2], marks[1::2], strict=True))
    assume(sum(end - begin for begin, end in row) >= SHORTEST_DAY)
    return row


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Three layers, holidays in blocks as notices have them, worked Saturdays and Sundays, seasonal office hours."""
    first = draw(st.sampled_from(FIRSTS))
    weekends = [n for n in range(60) if (first + timedelta(n)).weekday() >= 5]
    layers: list[dict[date, bool]] = []
    for _ in range(3):
        layer: dict[date, bool] = {}
        for begin, length in draw(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=2)):
            layer |= {first + timedelta(begin + n): False for n in range(length)}
        layer |= {first + timedelta(n): True for n in draw(st.sets(st.sampled_from(weekends), max_size=4))}
        layers.append({day: works for day, works in layer.items() if day.year in YEARS})
    rows = {date(2026, 1, 1): draw(offices())}
    for begin in draw(st.sets(st.integers(0, 70), max_size=2)):
        rows[first + timedelta(begin)] = draw(offices())
    named = [
        CalendarLayer(name, YEARS, name == "国", tuple(CalendarDay(d, w, name, "假", "") for d, w in layer.items()))
        for name, layer in zip("国区市", layers, strict=True)
    ]
    hours = [
        OfficeHours(begin, tuple((time(a // 60, a % 60), time(b // 60, b % 60)) for a, b in row))
        for begin, row in rows.items()
    ]
    shown = "; ".join(f"{layer.name}{[(str(d.day), d.working) for d in layer.days]}" for layer in named)
    drawn = f"World({first}, {shown}, {[(str(begin), row) for begin, row in rows.items()]})"
    return World(WorkingCalendar(named, hours, "Asia/Shanghai"), Walk(first, SPAN, layers, rows, YEARS), drawn)


@st.composite
def instants(draw: st.DrawFn, world: World, days: range = START_DAYS) -> int:
    """A second; every other one within a second of where work begins or ends, on eves of holidays not seldom."""
    day = draw(st.sampled_from(days))
    edges = [m for m in range(day * DAY + 1, (day + 1) * DAY) if _edge(world, m)]
    if edges and draw(st.booleans()):
        return draw(st.sampled_from(edges)) * 60 + draw(st.integers(-1, 1))
    return day * DAY * 60 + draw(st.sampled_from(range(24))) * 3600 + draw(st.sampled_from(range(3600)))


def _edge(world: World, minute: int) -> bool:
    table = world.walk._minutes
    return table[minute] != table[minute - 1]
