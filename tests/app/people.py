"""People who are signed in, without the work of typing passwords."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.guards import COOKIE
from app.auth.passwords import hash_password
from app.auth.services import token_hash
from models.user import User, UserRole, WebSession

PASSWORD = "right horse"


@cache
def hashed() -> str:
    """Hashing is slow on purpose: once for all tests."""
    return hash_password(PASSWORD)


async def add_user(db: AsyncSession, login: str, *roles: str, unit: str | None = None, **values: Any) -> User:
    """A user with :data:`PASSWORD`. Commits."""
    user = User(login=login, name=f"用户{login}", password_hash=hashed(), unit=unit, **values)
    db.add(user)
    await db.flush()
    assert user.id is not None
    db.add_all([UserRole(user_id=user.id, role=role) for role in roles])
    await db.commit()
    return user


async def session_of(db: AsyncSession, user: User) -> str:
    """The token of a session that was just begun. Commits."""
    token = secrets.token_urlsafe(16)
    now = datetime.now(UTC)
    assert user.id is not None
    db.add(
        WebSession(
            token_hash=token_hash(token), user_id=user.id, created_at=now, expires_at=now + timedelta(hours=1)
        )
    )  # fmt: skip
    await db.commit()
    return token


async def sign_in_as(client: Any, db: AsyncSession, role: str, unit: str | None = None) -> User:
    """From now on the browser is this role's."""
    user = await add_user(db, f"{role}-{secrets.token_hex(3)}", role, unit=unit)
    client.cookies.clear()
    client.cookies.set(COOKIE, await session_of(db, user))
    return user
