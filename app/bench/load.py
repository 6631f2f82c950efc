"""Fills a database with many tickets, fast: as many as asked for, in a realistic mix, each chain and clock sound.

Lives are told once for each state and profile (app.bench.stories) and multiplied inside PostgreSQL.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app.bench import load_sql
from app.bench.shape import channels, weeks_back
from app.bench.stories import OPEN_MIX, STORIES, Words, state_of, stories, words
from models.codes import TicketStatus
from routing.rulebook import Rulebook

_WORDS = 3000
_WEIGHTS = 1000
_TABLES = (
    "tickets", "ticket_events", "clocks", "holdings", "citizens", "contact_records", "replies", "callbacks",
    "messages", "co_handlings", "sub_dispatches", "ticket_search",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many tickets, from which id on, and how long it took."""

    tickets: int
    first_id: int
    seconds: float


def load_tickets(
    url: str,
    book: Rulebook,
    examples: Path,
    count: int,
    *,
    now: datetime,
    mix: Mapping[TicketStatus, float] = OPEN_MIX,
    prefix: str = "YC",
    searchable: bool = True,
) -> Loaded:
    """Add ``count`` tickets to a migrated, seeded database (as a superuser: triggers and foreign keys rest meanwhile).

    ``mix``: shares of the states (OPEN_MIX: all open; YEAR_MIX: a year of a city). No clock of theirs is due at
    ``now`` or before. The tables' indexes are made anew afterwards, and the tables vacuumed. ``searchable``: with
    words to be found, whose index takes as long as all others.
    """
    started = time.perf_counter()
    with psycopg.connect(url) as db:
        for setting in load_sql.SETTINGS:
            db.execute(setting)
        first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM tickets").fetchone()
        assert first is not None
        indexes = _drop_indexes(db)
        _shapes(db, book, words(book, examples, _WORDS), mix, now)
        values = {"first": first[0], "last": first[0] + count - 1, "now": now, "prefix": prefix}
        values |= {"words": _WORDS, "weights": _WEIGHTS, "stories": STORIES, "hotline": book.hotline()}
        for statement in load_sql.FILL:
            if searchable or "INSERT INTO ticket_search" not in statement:
                db.execute(statement, values)
        for statement in indexes:
            db.execute(sql.SQL(statement))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        db.execute("CHECKPOINT")
    return Loaded(count, first[0], round(time.perf_counter() - started, 1))


def _drop_indexes(db: psycopg.Connection[Any]) -> list[str]:
    found = db.execute(load_sql.INDEXES, {"tables": list(_TABLES)}).fetchall()
    for name, _ in found:
        db.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition for _, definition in found]


def _shapes(
    db: psycopg.Connection[Any], book: Rulebook, texts: list[Words], mix: Mapping[TicketStatus, float], now: datetime
) -> None:
    for statement in load_sql.SHAPES:
        db.execute(statement)
    profiles = sorted({text.profile for text in texts})
    wanted = {(state_of(status, profile, book), profile) for status in mix for profile in profiles}
    with db.cursor().copy("COPY load_words FROM STDIN") as copy:
        for number, text in enumerate(texts):
            copy.write_row(
                (number, text.title, text.content, text.category, text.type, text.urgency, text.district, text.address,
                 text.unit, text.tier, text.profile, text.rule, text.basis)
            )  # fmt: skip
    with db.cursor().copy("COPY load_slots FROM STDIN") as copy:
        for number, slot in enumerate(zip(channels(_WEIGHTS), weeks_back(now, _WEIGHTS), strict=True)):
            copy.write_row((number, *slot))
    with db.cursor().copy("COPY load_states FROM STDIN") as copy:
        for number, status in enumerate(_weighted(mix)):
            for profile in profiles:
                copy.write_row((number, profile, state_of(status, profile, book).value))
    for status, profile in sorted(wanted):
        told = stories(book, status, profile, now)
        texts_of = {name: limit for name in ("citizen", "finish") if (limit := _limit(book, name, profile))}
        assessment = json.dumps({"limits": {"profile": profile, "texts": texts_of}})
        with db.cursor().copy("COPY load_stories FROM STDIN") as copy:
            for number, story in enumerate(told):
                kinds, actors, times, payloads = (list(column) for column in zip(*story.events, strict=True))
                copy.write_row(
                    (status.value, profile, number, story.created, story.dispatched, story.closed, story.due,
                     story.citizen_due, assessment, kinds, actors, times, payloads)
                )  # fmt: skip
        with db.cursor().copy("COPY load_clocks FROM STDIN") as copy:
            for number, story in enumerate(told):
                for clock in story.clocks:
                    copy.write_row(
                        (status.value, profile, number, clock["kind"], clock["of_unit"], clock["limit"],
                         clock["started_at"], clock["due"], json.dumps(clock["paused"]), clock["stopped_at"],
                         clock["outcome"], clock["next_at"])
                    )  # fmt: skip
    db.execute("ANALYZE load_words, load_slots, load_states, load_stories, load_clocks")


def _limit(book: Rulebook, name: str, profile: str) -> str | None:
    row = book.profile(profile)
    return row.finish if name == "finish" else row.finish or row.first_feedback


def _weighted(mix: Mapping[TicketStatus, float]) -> list[TicketStatus]:
    """``_WEIGHTS`` states, each as often as its share asks, at least once."""
    total = sum(mix.values())
    found: list[TicketStatus] = []
    for status, share in sorted(mix.items(), key=lambda pair: pair[1]):
        found += [status] * max(1, round(share / total * _WEIGHTS))
    return (found + [found[-1]] * _WEIGHTS)[:_WEIGHTS]
