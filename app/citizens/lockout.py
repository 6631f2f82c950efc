"""Guessing codes does not pay: an attempt is counted before it is looked at, for the number and for the address.

Counted in the database: by all processes, and for numbers that do not exist too, so that a lock tells nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.citizens.errors import LockedOutError


@dataclass(frozen=True, slots=True)
class Bound:
    """So many wrong ones within the window; the next one locks for so long."""

    most: int
    window: timedelta
    lock: timedelta


OF_NUMBER = Bound(5, timedelta(hours=1), timedelta(minutes=15))
OF_ADDRESS = Bound(20, timedelta(hours=1), timedelta(hours=1))
_KEPT = timedelta(days=1)

_TAKE = text(
    "INSERT INTO lockouts AS l (key, failures, since) VALUES (:key, 1, :now) ON CONFLICT (key) DO UPDATE SET "
    "failures = CASE WHEN l.locked_until > :now THEN l.failures "
    "WHEN l.locked_until IS NOT NULL OR l.since <= :old THEN 1 ELSE l.failures + 1 END, "
    "since = CASE WHEN l.locked_until > :now THEN l.since "
    "WHEN l.locked_until IS NOT NULL OR l.since <= :old THEN :now ELSE l.since END, "
    "locked_until = CASE WHEN l.locked_until > :now THEN l.locked_until "
    "WHEN l.locked_until IS NULL AND l.since > :old AND l.failures + 1 > :most THEN :until END "
    "RETURNING locked_until"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One guess. ``number`` None: a link, which cannot be guessed; it counts for the address only."""

    address: str
    number: str | None

    @property
    def keys(self) -> tuple[tuple[str, Bound], ...]:
        """In the order in which everybody takes them."""
        of_number = () if self.number is None else ((self.number, OF_NUMBER),)
        return ((self.address, OF_ADDRESS), *of_number)


def attempt_of(secret: str, address: str, number: str | None) -> Attempt:
    """Under keys that tell nobody who asked for what."""
    return Attempt(_key(secret, "a", address), None if number is None else _key(secret, "n", number))


async def take(db: AsyncSession, attempt: Attempt, now: datetime) -> None:
    """Count it, and commit that. LockedOutError: it is one too many, or one was before."""
    until = None
    for key, bound in attempt.keys:
        values = {"key": key, "now": now, "old": now - bound.window, "most": bound.most, "until": now + bound.lock}
        locked = (await db.execute(_TAKE, values)).scalar_one()
        until = max(filter(None, (until, locked)), default=None)
        if until is not None:
            break
    await db.commit()
    if until is not None:
        wait = int((until - now).total_seconds()) + 1
        raise LockedOutError("查询码错误次数过多，请稍后再试，或拨打12345", wait)


async def give_back(db: AsyncSession, attempt: Attempt) -> None:
    """It was right, so it does not count. The caller commits."""
    less = text("UPDATE lockouts SET failures = greatest(failures - 1, 0) WHERE key = :key AND locked_until IS NULL")
    for key, _ in attempt.keys:
        await db.execute(less, {"key": key})


async def forget(db: AsyncSession, now: datetime) -> None:
    """What is long past. Commits."""
    old = text("DELETE FROM lockouts WHERE since < :old AND (locked_until IS NULL OR locked_until < :now)")
    await db.execute(old, {"old": now - _KEPT, "now": now})
    await db.commit()


def _key(secret: str, kind: str, what: str) -> str:
    return hmac.new(secret.encode(), f"{kind}:{what}".encode(), sha256).hexdigest()
