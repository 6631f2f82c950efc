"""Time for people: the city's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


def in_city(at: datetime | None) -> datetime | None:
    """A time somebody gave: without an offset it is the city's."""
    return at if at is None or at.tzinfo else at.replace(tzinfo=CITY_ZONE)


def local_iso(at: datetime | None) -> str | None:
    """``2026-11-24T15:00:00+08:00``."""
    return None if at is None else at.astimezone(CITY_ZONE).isoformat(timespec="seconds")
