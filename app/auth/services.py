"""Signing in and out: server-side sessions, back-off after wrong passwords."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.passwords import matches
from app.auth.policy import Permission, permissions
from app.errors import HotlineError
from models.codes import Role
from models.direct import Direct
from models.ledger import append_audit
from models.user import User, WebSession

_FREE_FAILURES = 5
_FIRST_LOCK = timedelta(seconds=5)
_LONGEST_LOCK = timedelta(minutes=15)
_DOUBLINGS = 8
"""After so many the longest lock is reached; without a bound a long attack would overflow ``timedelta``."""
_SIGNED_IN = (
    "SELECT u.id, u.login, u.name, u.unit, ARRAY(SELECT r.role FROM user_roles r WHERE r.user_id = u.id) AS roles "
    "FROM web_sessions s JOIN users u ON u.id = s.user_id "
    "WHERE s.token_hash = %(hash)s AND s.expires_at > %(now)s AND s.revoked_at IS NULL AND u.active"
)
"""Asked by every request: one round trip."""


class WrongPasswordError(HotlineError):
    """Login or password is wrong; which is not said."""

    id = "auth.wrong_password"
    status = 401


class LockedError(HotlineError):
    """Too many wrong passwords in a row; a right one is refused too until the lock is over."""

    id = "auth.locked"
    status = 429


class BusyError(HotlineError):
    """So many try to sign in that this one would wait too long."""

    id = "auth.busy"
    status = 429


class HashingQueue:
    """Turns at hashing passwords: each takes 64 MB and a core, known login or not."""

    def __init__(self, parallel: int = 2, waiting: int = 20) -> None:
        self._turns = asyncio.Semaphore(parallel)
        self._most = parallel + waiting
        self._inside = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn.

        Raises:
            BusyError: the queue is full.
        """
        if self._inside >= self._most:
            raise BusyError("登录请求过多，请稍后再试")
        self._inside += 1
        try:
            async with self._turns:
                yield
        finally:
            self._inside -= 1


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is signed in."""

    user_id: int
    login: str
    name: str
    unit: str | None
    roles: frozenset[Role]

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do."""
        return permissions(self.roles)

    @property
    def actor(self) -> str:
        """In ledgers."""
        return f"user:{self.login}"


def token_hash(token: str) -> str:
    """What the database keeps of a session's token."""
    return sha256(token.encode()).hexdigest()


async def sign_in(db: AsyncSession, login: str, password: str, now: datetime, lifetime: timedelta) -> str:
    """A new session's token. Commits.

    Raises:
        WrongPasswordError: also for unknown or inactive users.
        LockedError: see there.
    """
    user = (await db.execute(select(User).filter_by(login=login).with_for_update())).scalar_one_or_none()
    locked = user is not None and user.locked_until is not None and user.locked_until > now
    known = user is not None and user.active
    right = await asyncio.to_thread(matches, user.password_hash if user is not None and known else None, password)
    if user is None or locked or not right:
        if user is not None and not locked:
            user.failures += 1
            over = user.failures - _FREE_FAILURES
            if over >= 0:
                user.locked_until = now + min(_FIRST_LOCK * 2 ** min(over, _DOUBLINGS), _LONGEST_LOCK)
            await append_audit(db, f"user:{login}", "auth.refused", f"user:{user.id}", now)
            await db.commit()
        if locked:
            raise LockedError("密码错误次数过多，请稍后再试")
        raise WrongPasswordError("账号或密码错误")
    user.failures, user.locked_until = 0, None
    token = secrets.token_urlsafe(32)
    assert user.id is not None
    db.add(WebSession(token_hash=token_hash(token), user_id=user.id, created_at=now, expires_at=now + lifetime))
    await append_audit(db, f"user:{login}", "auth.signed_in", f"user:{user.id}", now)
    await db.commit()
    return token


async def sign_out(db: AsyncSession, token: str, now: datetime) -> None:
    """End a session. Commits."""
    await db.execute(
        text("UPDATE web_sessions SET revoked_at = :now WHERE token_hash = :hash AND revoked_at IS NULL"),
        {"now": now, "hash": token_hash(token)},
    )
    await db.commit()


async def identity_of(direct: Direct, token: str, now: datetime) -> Identity | None:
    """Who a token belongs to; None: nobody, or no longer."""
    row = await direct.row(_SIGNED_IN, {"hash": token_hash(token), "now": now})
    if row is None:
        return None
    return Identity(row.id, row.login, row.name, row.unit, frozenset(Role.of(role) for role in row.roles))
