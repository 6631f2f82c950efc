"""Who may sign in: added, disabled, enabled, given another password. Each is in the audit log; each commits."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.password_policy import check_password
from app.auth.passwords import hash_password
from app.auth.policy import Permission, permissions
from app.errors import HotlineError
from models.city import UnitRow
from models.codes import Role
from models.ledger import append_audit
from models.user import User, UserRole, WebSession

_LOGIN = re.compile(r"[\w.@-]{1,64}")
_LONGEST_NAME = 64


class InvalidUserError(HotlineError):
    """A login, name, role or unit that a user cannot have."""

    id = "user.invalid"
    status = 400


class UserExistsError(HotlineError):
    """The login is taken, perhaps by a disabled user."""

    id = "user.exists"
    status = 409


class NoUserError(HotlineError):
    """Nobody has this login."""

    id = "user.missing"
    status = 404


async def add_account(
    db: AsyncSession,
    login: str,
    name: str,
    roles: Collection[Role],
    password: str,
    *,
    unit: str | None,
    actor: str,
    now: datetime,
) -> User:
    """A new user.

    Raises:
        InvalidUserError: also for a unit's role without a unit: its user would see nothing.
        WeakPasswordError: see app.auth.password_policy.
        UserExistsError: see there.
    """
    await _check(db, login, name, roles, unit)
    check_password(login, password)
    user = User(login=login, name=name.strip(), password_hash=hash_password(password), unit=unit, created_at=now)
    db.add(user)
    try:
        await db.flush()
    except IntegrityError as error:
        raise UserExistsError(f"账号 {login} 已存在") from error
    assert user.id is not None
    db.add_all([UserRole(user_id=user.id, role=role.value) for role in sorted(set(roles))])
    detail = {"login": login, "roles": sorted(role.value for role in set(roles)), "unit": unit}
    await append_audit(db, actor, "user.added", f"user:{user.id}", now, detail)
    await db.commit()
    return user


async def _check(db: AsyncSession, login: str, name: str, roles: Collection[Role], unit: str | None) -> None:
    if not _LOGIN.fullmatch(login):
        raise InvalidUserError("账号只能由文字、数字和 . @ - _ 组成，最多 64 个字符")
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidUserError(f"姓名不能为空，最多 {_LONGEST_NAME} 个字符")
    if not roles:
        raise InvalidUserError("至少需要一个角色")
    allowed = permissions(frozenset(roles))
    if unit is None and Permission.TICKETS_UNIT in allowed and Permission.TICKETS_ALL not in allowed:
        raise InvalidUserError("单位角色需要用 --unit 指定所属单位")
    if unit is not None:
        found = await db.execute(select(col(UnitRow.active)).where(col(UnitRow.code) == unit))
        if found.scalar_one_or_none() is not True:
            raise InvalidUserError(f"没有单位 {unit}，请先执行 hotline seed，或核对单位代码")


async def accounts(db: AsyncSession) -> list[tuple[User, list[str]]]:
    """Every user with their roles, by login."""
    roles: dict[int, list[str]] = {}
    for row in (await db.execute(select(UserRole).order_by(col(UserRole.role)))).scalars():
        roles.setdefault(row.user_id, []).append(row.role)
    users = (await db.execute(select(User).order_by(col(User.login)))).scalars()
    return [(user, roles.get(user.id or 0, [])) for user in users]


async def disable(db: AsyncSession, login: str, *, actor: str, now: datetime) -> int:
    """From now on nobody; how many sessions were ended. NoUserError: there is none."""
    user = await _locked(db, login)
    user.active = False
    return await _changed(db, user, "user.disabled", actor, now)


async def enable(db: AsyncSession, login: str, *, actor: str, now: datetime) -> None:
    """May sign in (again), also after too many wrong passwords. NoUserError: there is none."""
    user = await _locked(db, login)
    user.active, user.failures, user.locked_until = True, 0, None
    await append_audit(db, actor, "user.enabled", f"user:{user.id}", now)
    await db.commit()


async def set_password(db: AsyncSession, login: str, password: str, *, actor: str, now: datetime) -> int:
    """Another password; how many sessions were ended: whoever knew the old one is out.

    Raises:
        NoUserError: there is none.
        WeakPasswordError: see app.auth.password_policy.
    """
    check_password(login, password)
    user = await _locked(db, login)
    user.password_hash, user.failures, user.locked_until = hash_password(password), 0, None
    return await _changed(db, user, "user.password_changed", actor, now)


async def _locked(db: AsyncSession, login: str) -> User:
    """Signing in locks the row too: no session can begin beside a change."""
    user = (await db.execute(select(User).filter_by(login=login).with_for_update())).scalar_one_or_none()
    if user is None:
        raise NoUserError(f"没有账号 {login}")
    return user


async def _changed(db: AsyncSession, user: User, action: str, actor: str, now: datetime) -> int:
    ended = await db.execute(
        update(WebSession)
        .where(
            col(WebSession.user_id) == user.id, col(WebSession.revoked_at).is_(None), col(WebSession.expires_at) > now
        )
        .values(revoked_at=now)
        .returning(col(WebSession.token_hash))
    )
    count = len(ended.all())
    await append_audit(db, actor, action, f"user:{user.id}", now, {"sessions_ended": count})
    await db.commit()
    return count
