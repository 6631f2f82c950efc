"""When and by which way appeals come in: the shape of a day, a week and a year, and of the channels (domain.md §7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.clock import CITY_ZONE

WEEKS = 45
"""A load reaches so many weeks back."""
_HOURS = (3, 2, 1, 1, 1, 2, 5, 12, 34, 46, 44, 36, 20, 22, 38, 42, 38, 30, 20, 16, 13, 10, 7, 5)
"""Calls in each hour of a working day: two peaks, a quiet noon, a long evening."""
_DAYS = (1.15, 1.05, 1.0, 1.0, 0.95, 0.6, 0.5)
"""Monday first."""
_MONTHS = (1.15, 0.8, 1.0, 0.95, 0.95, 1.05, 1.1, 1.1, 1.0, 1.0, 1.3, 1.25)
"""Heating from October, noise and rain in summer, a quiet month of the new year."""
_CHANNELS = {
    "10": 70.0, "20": 11.0, "21": 5.0, "22": 4.0, "12": 2.5, "23": 2.0, "41": 1.5, "34": 1.5, "31": 0.8, "24": 0.6,
    "40": 0.5, "42": 0.4, "32": 0.2,
}  # fmt: skip


def hours_of_week(count: int) -> list[timedelta]:
    """``count`` moments of a week from Monday midnight on, as close together as calls are."""
    weights = [day * hour for day in _DAYS for hour in _HOURS]
    total, reached, number = sum(weights), 0.0, 0
    found: list[timedelta] = []
    for hour, weight in enumerate(weights):
        before, reached = reached, reached + weight
        while number < count and (number + 0.5) / count * total < reached:
            found.append(timedelta(hours=hour + ((number + 0.5) / count * total - before) / weight))
            number += 1
    return found


def monday_before(at: datetime) -> datetime:
    """Midnight of the last Monday that is a whole week before ``at``."""
    local = at.astimezone(CITY_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return local - timedelta(days=local.weekday() + 7)


def weeks_back(now: datetime, slots: int) -> list[int]:
    """Weeks before a load's newest one, each as often among the ``slots`` as its season asks."""
    weights = {str(week): _MONTHS[(now - timedelta(weeks=week)).month - 1] for week in range(WEEKS)}
    return [int(week) for week in _spread(weights, slots)]


def channels(slots: int) -> list[str]:
    """Codes of channels, each as often among the ``slots`` as people use it."""
    return _spread(_CHANNELS, slots)


def _spread(weights: dict[str, float], slots: int) -> list[str]:
    total, reached = sum(weights.values()), 0.0
    found: list[str] = []
    for name, weight in weights.items():
        reached += weight
        found += [name] * (round(reached / total * slots) - len(found))
    return found
