"""Who uses the web app during the load: signed-in users of every side, without the work of typing passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.guards import COOKIE
from app.auth.services import token_hash
from models.codes import Role
from models.session import engine, sessions
from models.user import User, UserRole, WebSession

_LIFETIME = timedelta(hours=12)
_HOTLINE = {
    Role.AGENT: 20,
    Role.DISPATCHER: 8,
    Role.DISPATCH_SUPERVISOR: 4,
    Role.SUPERVISION: 4,
    Role.CALLBACK: 8,
}
_UNIT = (Role.UNIT_SIGNER, Role.UNIT_HANDLER)
_MOST_UNITS = 60


@dataclass(frozen=True, slots=True)
class Person:
    """``cookie``: of the session, as a browser sends it."""

    login: str
    role: Role
    unit: str | None
    cookie: str


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, by role."""

    everybody: tuple[Person, ...]

    def of(self, *roles: Role) -> list[Person]:
        """Those with one of these roles."""
        return [person for person in self.everybody if person.role in roles]


async def sign_all_in(url: str, now: datetime) -> People:
    """Users of the hotline, and a signer and a handler of each of the units with most tickets."""
    db_engine = engine(url)
    async with sessions(db_engine)() as db:
        wanted: list[tuple[Role, str | None]] = [(role, None) for role, n in _HOTLINE.items() for _ in range(n)]
        wanted += [(role, unit) for unit in await _units(db) for role in _UNIT]
        people = [await _one(db, number, role, unit, now) for number, (role, unit) in enumerate(wanted)]
        await db.commit()
    await db_engine.dispose()
    return People(tuple(people))


async def _units(db: AsyncSession) -> list[str]:
    """Those that have most to do, and whoever is above them."""
    busy = text(
        "WITH busy AS (SELECT host_unit AS code FROM tickets WHERE status BETWEEN 40 AND 79 "
        "GROUP BY 1 ORDER BY count(*) DESC LIMIT :most) "
        "SELECT code FROM busy UNION SELECT u.parent FROM units u JOIN busy USING (code) "
        "JOIN units p ON p.code = u.parent WHERE p.kind <> 'hotline' AND p.parent IS NOT NULL ORDER BY 1"
    )
    return list((await db.execute(busy, {"most": _MOST_UNITS})).scalars())


async def _one(db: AsyncSession, number: int, role: Role, unit: str | None, now: datetime) -> Person:
    login = f"bench-{role.value}-{number}"
    row = insert(User).values(
        login=login, name=f"压测{number}", password_hash="-", unit=unit, active=True, failures=0, created_at=now  # noqa: S106
    )  # fmt: skip
    row = row.on_conflict_do_update(index_elements=["login"], set_={"unit": unit, "active": True})
    user_id = (await db.execute(row.returning(col(User.id)))).scalar_one()
    assert user_id is not None
    await db.execute(insert(UserRole).values(user_id=user_id, role=role.value).on_conflict_do_nothing())
    token = secrets.token_urlsafe(32)
    db.add(WebSession(token_hash=token_hash(token), user_id=user_id, created_at=now, expires_at=now + _LIFETIME))
    return Person(login, role, unit, f"{COOKIE}={token}")
