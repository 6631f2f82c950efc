"""Tickets that were there before migration 0006 come through it with a holder, a dispatch time and armed clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from models import migrate
from models.ledger import GENESIS, chained
from models.session import engine, sessions, sync_engine
from models.tables import metadata
from models.verify import verify

START = datetime(2026, 11, 2, 1, tzinfo=UTC)
SENT, DUE, END = START + timedelta(minutes=3), START + timedelta(days=7), START + timedelta(days=2)

CITY = """
INSERT INTO limit_profiles (name, finish, extension_max, note, active) VALUES ('N5', '5wd', 0, '', true);
INSERT INTO places (code, name, kind, aliases, also_in, active) VALUES ('C', '小城', 'city', '{}', '{}', true);
INSERT INTO units (code, name, short, kind, tier, parent, active) VALUES
  ('HL', '热线中心', '热线', 'hotline', 1, NULL, true), ('D1', '东区政府', '东区', 'district', 2, 'HL', true);
INSERT INTO categories (code, top, "group", leaf, lead, co, tier, profile, active)
  VALUES ('010101', '城管', '市政', '路灯', '住建', '{}', 'D', 'N5', true);
"""
OLD = {"review": (20, None), "sent": (40, "D1"), "handled": (50, "D1"), "refused": (93, None)}
"""Number → state and holder before."""


def _insert(connection: psycopg.Connection[Any], table: str, **row: Any) -> int | None:
    names, slots = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
    done = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({slots}) RETURNING id", list(row.values()))
    return done.fetchone()[0]


def _ticket(connection: psycopg.Connection[Any], no: str, status: int, unit: str | None) -> None:
    ticket_id = _insert(
        connection, "tickets", no=no, query_code="0", status=status, type="02", channel="10", urgency=3, title="路灯",
        content="路灯不亮", confidential=False, anonymous=False, stability_risk=False, category="010101",
        host_unit=unit, co_units=[], dispatch_count=int(unit is not None), confirm=[], missing_clocks=[], profile="N5",
        due=DUE, citizen_due=DUE, created_at=START, updated_at=START, version=1,
        closed_at=END if status > 79 else None,
    )  # fmt: skip
    prev = GENESIS
    for seq, (kind, at) in enumerate((("created", START), ("classified", START), ("dispatched", SENT)), 1):
        if kind == "dispatched" and unit is None:
            continue
        entry = {"ticket_id": ticket_id, "seq": seq, "kind": kind, "actor": "system", "at": at, "payload": {}}
        digest = chained(prev, entry)
        _insert(connection, "ticket_events", **{**entry, "payload": Jsonb({})}, prev_hash=prev, hash=digest)
        prev = digest
    stopped = {"stopped_at": END, "outcome": "closed"} if status > 79 else {}
    kinds = ["citizen"] if status > 79 else ["citizen", "finish" if unit else "dispatch"]
    for kind in kinds:
        family = "citizen" if kind == "citizen" else "unit"
        _insert(
            connection, "clocks", ticket_id=ticket_id, kind=kind, family=family, limit="5wd", started_at=START,
            due=DUE, paused=Jsonb([]), holder=unit if kind == "finish" else None, **stopped,
        )  # fmt: skip


@pytest.fixture
def old(empty_database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of revision 0005 with tickets in it."""
    migrate.upgrade(empty_database_url, "0005")
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(CITY)
        for no, (status, unit) in OLD.items():
            _ticket(connection, no, status, unit)
        yield connection


def _ask(connection: psycopg.Connection[Any], query: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in connection.execute(query).fetchall()}


async def test_old_tickets_are_sound_under_every_invariant_of_the_whole_life(old, empty_database_url):
    migrate.upgrade(empty_database_url)
    db_engine = engine(empty_database_url)
    async with sessions(db_engine)() as db:
        assert [(check.name, check.examples) for check in await verify(db) if check.breaches] == []
    await db_engine.dispose()


def test_each_old_ticket_has_the_holder_it_had_from_acceptance_on(old, empty_database_url):
    migrate.upgrade(empty_database_url)
    held = _ask(
        old, "SELECT t.no, unit, h.kind, started_at, ended_at FROM holdings h JOIN tickets t ON t.id = ticket_id"
    )
    assert held == {
        "review": ("HL", "intake", START, None),
        "sent": ("D1", "dispatched", START, None),
        "handled": ("D1", "dispatched", START, None),
        "refused": ("HL", "intake", START, END),
    }


def test_old_tickets_know_when_they_were_dispatched_and_cannot_be_returned_any_more(old, empty_database_url):
    migrate.upgrade(empty_database_url)
    assert _ask(old, "SELECT no, dispatched_at, return_until FROM tickets") == {
        "review": (None, None), "sent": (SENT, None), "handled": (SENT, None), "refused": (None, None)
    }  # fmt: skip


def test_running_clocks_of_old_tickets_are_armed_and_stopped_ones_are_not(old, empty_database_url):
    migrate.upgrade(empty_database_url)
    armed = _ask(old, "SELECT t.no || ' ' || c.kind, next_at, stage FROM clocks c JOIN tickets t ON t.id = ticket_id")
    assert armed == {
        **{
            f"{no} {kind}": (DUE, 0) for no, kind in (("review", "dispatch"), ("sent", "finish"), ("handled", "finish"))
        },
        **{f"{no} citizen": (DUE if no != "refused" else None, 0) for no in OLD},
    }


def test_old_tickets_survive_the_way_back_and_up_again(old, empty_database_url):
    before = _ask(old, "SELECT no, status, host_unit, due, citizen_due, version FROM tickets")
    migrate.upgrade(empty_database_url)
    migrate.downgrade(empty_database_url, "0005")
    assert _ask(old, "SELECT no, status, host_unit, due, citizen_due, version FROM tickets") == before
    migrate.upgrade(empty_database_url)
    assert len(_ask(old, "SELECT ticket_id, unit FROM holdings")) == len(OLD)


def _checks(url: str, schema: str) -> dict[tuple[str, str], str]:
    query = (
        "SELECT relname, conname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid "
        "WHERE contype = 'c' AND connamespace = %s::regnamespace"
    )
    with psycopg.connect(url) as connection:
        rows = connection.execute(query, [schema]).fetchall()
        return {(table, name): re.sub(r"ARRAY\[(.*?)\]", _sorted, definition) for table, name, definition in rows}


def _sorted(codes: re.Match[str]) -> str:
    """Codes that came later stand last in the database, and where they belong in the tables: that is the same check."""
    return f"ARRAY[{', '.join(sorted(codes[1].split(', ')))}]"


def test_the_checks_of_the_migrations_are_those_of_the_tables(database_url):
    """Autogenerate does not look at them: a code that the tables know and the database does not is a refused ticket."""
    database = sync_engine(database_url)
    with database.begin() as connection:
        connection.execute(text("CREATE SCHEMA made"))
        connection.execute(text("SET LOCAL search_path = made, public"))
        metadata.create_all(connection, checkfirst=False)
    database.dispose()
    made = _checks(database_url, "made")
    assert len(made) > 50
    assert _checks(database_url, "public") == made
