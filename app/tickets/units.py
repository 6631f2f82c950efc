"""The tree of units as the database has it: also those that left the city's files, whose tickets are still there."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_FRESH = timedelta(seconds=60)


class UnitTree:
    """One a process; asks the database once a minute. Units change when a city is seeded anew, hardly ever."""

    def __init__(self) -> None:
        self._children: dict[str, list[str]] = {}
        self._read_at: datetime | None = None

    async def below(self, db: AsyncSession, unit: str, now: datetime) -> tuple[str, ...]:
        """A unit and all below it."""
        if self._read_at is None or not timedelta(0) <= now - self._read_at < _FRESH:
            children: dict[str, list[str]] = {}
            for code, parent in await db.execute(text("SELECT code, parent FROM units WHERE parent IS NOT NULL")):
                children.setdefault(parent, []).append(code)
            self._children, self._read_at = children, now
        found, waiting = dict.fromkeys([unit]), [unit]
        while waiting:
            for code in self._children.get(waiting.pop(), ()):
                if code not in found:
                    found[code] = None
                    waiting.append(code)
        return tuple(found)
