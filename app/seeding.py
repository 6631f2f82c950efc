"""Brings a city into the database: adds, changes, retires; deletes nothing; doing it again changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.auth.passwords import hash_password
from app.demo import DEMO_PASSWORD, DEMO_USERS
from app.tickets.recalculating import TOPIC
from models.city import (
    CalendarDayRow,
    CalendarLayerRow,
    CatalogueRow,
    CategoryRow,
    LimitProfileRow,
    OfficeHoursRow,
    PlaceRow,
    SeedRow,
    UnitRow,
)
from models.ledger import canonical
from models.outbox import OutboxRow
from models.user import User, UserRole
from routing.city.schema import City

Rows = list[dict[str, Any]]
_CALENDAR = ("calendar_layers", "calendar_days", "office_hours")


@dataclass(slots=True)
class Changes:
    """Of one table: keys of the rows that are new, changed, or left the files."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.added) + len(self.changed) + len(self.retired)


async def seed(db: AsyncSession, city: City, *, dry_run: bool = False) -> dict[str, Changes]:
    """Make the database's city that of the files; what differs, by table. The caller commits."""
    changes = {}
    for model, rows in _tables(city):
        table: Table = model.__table__  # type: ignore[attr-defined]
        changes[table.name] = await _bring(db, table, rows, dry_run=dry_run)
    if not dry_run and any(change.count for change in changes.values()):
        row = SeedRow(
            city=city.name,
            fingerprint=fingerprint(city),
            added=sum(len(change.added) for change in changes.values()),
            changed=sum(len(change.changed) for change in changes.values()),
            retired=sum(len(change.retired) for change in changes.values()),
        )
        db.add(row)
        await db.flush()
        await _have_dues_recalculated(db, row, changes)
    return changes


def fingerprint(city: City) -> str:
    """Tells two states of a city apart."""
    return sha256(canonical(_plain(asdict(city)))).hexdigest()[:16]


async def _have_dues_recalculated(db: AsyncSession, row: SeedRow, changes: dict[str, Changes]) -> None:
    """Another calendar moves the dues of open tickets; the outbox sees to it. Without any clock there is nothing."""
    changed = [key for name in _CALENDAR for key in _all_of(changes[name])]
    if not changed or (await db.execute(text("SELECT 1 FROM clocks LIMIT 1"))).scalar_one_or_none() is None:
        return
    days = sorted(key.rpartition("/")[2] for key in _all_of(changes["calendar_days"]))
    only_days = len(changed) == len(days)  # a layer's years or office hours may matter everywhere
    key = f"seed/{row.id}"
    payload = {"key": key, "days": [days[0], days[-1]] if only_days else None}
    db.add(OutboxRow(topic=TOPIC, key=key, payload=payload))


def _all_of(change: Changes) -> list[str]:
    return [*change.added, *change.changed, *change.retired]


async def _bring(db: AsyncSession, table: Table, rows: Rows, *, dry_run: bool) -> Changes:
    keys = [column.name for column in table.primary_key]
    query = select(table)
    if "origin" in table.c:  # what disputes have taught is not the files' to change
        query = query.where(table.c.origin == "city")
    present = {tuple(row[key] for key in keys): dict(row) for row in (await db.execute(query)).mappings().all()}
    changes = Changes()
    write: Rows = []
    for row in rows:
        key = tuple(row[name] for name in keys)
        old = present.pop(key, None)
        if old is None:
            changes.added.append(_show(key))
        elif any(old[name] != value for name, value in row.items()):
            changes.changed.append(_show(key))
        else:
            continue
        write.append(row)
    gone = [key for key, row in present.items() if row["active"]]
    changes.retired = [_show(key) for key in gone]
    if dry_run:
        return changes
    for row in write:  # in the files' order: parents come before children
        statement = insert(table).values(**row)
        await db.execute(
            statement.on_conflict_do_update(
                index_elements=keys, set_={name: value for name, value in row.items() if name not in keys}
            )
        )
    for key in gone:
        condition = [table.c[name] == value for name, value in zip(keys, key, strict=True)]
        await db.execute(update(table).where(*condition).values(active=False))
    return changes


def _tables(city: City) -> list[tuple[type, Rows]]:
    """In an order in which every reference finds its row."""
    return [
        (LimitProfileRow, [{**asdict(row), "active": True} for row in city.limits.values()]),
        (PlaceRow, [{**_plain(asdict(row)), "active": True} for row in _parents_first(city.places)]),
        (UnitRow, [{**asdict(row), "active": True} for row in _parents_first(city.units)]),
        (CategoryRow, [{**_plain(asdict(row)), "active": True} for row in city.categories]),
        (CatalogueRow, [{**_plain(asdict(row)), "active": True} for row in city.catalogue]),
        (
            CalendarLayerRow,
            [
                {
                    "name": layer.name,
                    "position": number,
                    "years": list(layer.years),
                    "required": layer.required,
                    "active": True,
                }
                for number, layer in enumerate(city.layers)
            ],
        ),
        (
            CalendarDayRow,
            [{**asdict(day), "active": True} for layer in city.layers for day in layer.days],
        ),
        (
            OfficeHoursRow,
            [
                {
                    "start": row.start,
                    "intervals": [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in row.intervals],
                    "active": True,
                }
                for row in city.office_hours
            ],
        ),
    ]


def _parents_first(rows: Any) -> list[Any]:
    """A tree's rows, each after its parent."""
    by_parent: dict[str | None, list[Any]] = {}
    for row in rows:
        by_parent.setdefault(row.parent, []).append(row)
    ordered, level = [], [None]
    while level:
        found = [row for parent in level for row in by_parent.get(parent, [])]
        ordered += found
        level = [row.code for row in found]
    return ordered


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _show(key: tuple[Any, ...]) -> str:
    return "/".join(str(part) for part in key)


async def seed_demo_users(db: AsyncSession) -> int:
    """The demonstration users that are missing; how many were added. The caller commits."""
    known = set((await db.execute(select(col(User.login)))).scalars())
    added = [user for user in DEMO_USERS if user.login not in known]
    for demo in added:
        user = User(login=demo.login, name=demo.name, password_hash=hash_password(DEMO_PASSWORD), unit=demo.unit)
        db.add(user)
        await db.flush()
        assert user.id is not None
        db.add(UserRole(user_id=user.id, role=demo.role.value))
    return len(added)
