"""`hotline bench api` in small: the load is sound, what is measured is what happened, and a goal missed is told."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from app.bench.api.measure import Figures, summary
from app.bench.api.run import Plan, goals_of, measure
from app.bench.load import load_tickets
from app.bench.shape import channels, hours_of_week, monday_before, weeks_back
from app.bench.stories import YEAR_MIX, words
from app.settings import AppSettings
from app.tickets.rulebook import read_rulebook
from models.session import engine, sessions
from models.verify import verify

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
SETTINGS = AppSettings()


@pytest.fixture(scope="session")
def book():
    return read_rulebook(SETTINGS)


def test_a_week_of_appeals_has_two_peaks_a_day_and_a_quiet_end():
    hours = hours_of_week(1000)
    assert len(hours) == 1000
    of_day = Counter(moment.days for moment in hours)
    assert of_day[0] > of_day[3] > of_day[5] > of_day[6]
    monday = Counter(moment.seconds // 3600 for moment in hours if moment.days == 0)
    assert monday[9] > monday[12] > monday[3]
    assert monday[15] > monday[12]


def test_a_load_begins_on_a_monday_that_is_a_whole_week_back():
    monday = monday_before(NOW)
    assert (monday.weekday(), monday.hour) == (0, 0)
    assert NOW - monday > NOW - NOW.replace(day=18)


def test_slots_are_shared_as_often_as_things_happen():
    assert len(channels(1000)) == len(weeks_back(NOW, 1000)) == 1000
    assert Counter(channels(1000))["10"] == 700
    weeks = Counter(weeks_back(NOW, 1000))
    assert min(weeks) == 0
    assert weeks[2] > weeks[40]  # November, heating; February


def test_words_follow_the_citys_mix(book):
    found = words(book, SETTINGS.examples_dir, 3000)
    types = Counter(text.type for text in found)
    assert 0.44 < types["01"] / 3000 < 0.50
    leaves = Counter(text.category for text in found)
    assert leaves["040103"] > 5 * leaves["110301"]
    assert sum(text.profile == "E1" for text in found) < 60


async def test_the_load_breaks_no_invariant(seeded_url, book):
    loaded = load_tickets(seeded_url, book, SETTINGS.examples_dir, 3000, now=NOW, mix=YEAR_MIX)
    assert loaded.tickets == 3000
    db_engine = engine(seeded_url, pool_size=1)
    async with sessions(db_engine)() as db:
        checks = await verify(db)
    await db_engine.dispose()
    assert {check.name: check.examples for check in checks if check.breaches} == {}
    assert next(check for check in checks if check.name == "ticket_events_are_unaltered").looked_at == 3000


def test_percentiles_are_of_the_times_that_were_taken():
    times = [number / 1000 for number in range(1, 101)]
    random.Random(1).shuffle(times)
    assert summary(times) == {"n": 100, "p50_ms": 51.0, "p95_ms": 96.0, "p99_ms": 100.0, "max_ms": 100.0}


def _report(per_s, acknowledged=10, found=10, **more):
    made = {"acknowledged": acknowledged, "found": found, "with_event": found, "with_holder": found, "numbers_twice": 0,
            "sent_again_and_made_twice": 0} | more  # fmt: skip
    return {"create": {"8": {"per_s": per_s}}, "created": made}


@pytest.mark.parametrize(
    ("report", "pages", "missed"),
    [
        (_report(301.0), [0.01], set()),
        (_report(299.0), [0.01], {"create_per_s"}),
        (_report(301.0, found=9), [0.01], {"acknowledged_is_there_once"}),
        (_report(301.0, numbers_twice=1), [0.01], {"acknowledged_is_there_once"}),
        (_report(301.0, sent_again_and_made_twice=1), [0.01], {"acknowledged_is_there_once"}),
        (_report(301.0), [0.01] * 90 + [0.06] * 10, {"inbox_p95_ms", "ticket_p95_ms"}),
        (_report(301.0), [], {"inbox_p95_ms", "ticket_p95_ms"}),  # nothing measured is nothing reached
    ],
)
def test_a_goal_that_is_missed_is_told(report, pages, missed):
    desks = Figures(took={"inbox: unit, newest": pages, "ticket (unit)": pages})
    assert {name for name, goal in goals_of(report, desks).items() if not goal["met"]} == missed


async def test_a_small_bench_creates_what_it_says_and_reads_what_there_is(seeded_url, book, tmp_path):
    load_tickets(seeded_url, book, SETTINGS.examples_dir, 2000, now=datetime.now(UTC), mix=YEAR_MIX)
    plan = Plan(seconds=1.0, workers=2, creators=(2,), readers=2, sample=50)
    report = await measure(seeded_url, tmp_path, SETTINGS, plan, datetime.now(UTC))
    created = report["created"]
    assert created["acknowledged"] == created["found"] == created["with_event"] == created["with_holder"] > 0
    assert created["to_be_judged"] == created["found"]
    assert created["counted_by_metrics"] == created["acknowledged"] + created["sent_again"]  # of both processes
    assert created["numbers_twice"] == created["sent_again_and_made_twice"] == 0
    parts = [report["read_at_desks"], *report["read_at_full_speed"].values(), report["act"], *report["create"].values()]
    for part in parts:
        assert "refused" not in part
        assert sum(kind["n"] for kind in part["kinds"].values()) > 0
        assert part["core_ms_each"]["web"] > 0
    assert set(report["goals"]) == {
        "create_per_s",
        "acknowledged_is_there_once",
        "inbox_p95_ms",
        "ticket_p95_ms",
    }
