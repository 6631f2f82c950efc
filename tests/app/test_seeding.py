"""Bringing a city into the database: again and again, with nothing lost."""

from __future__ import annotations

import psycopg
import pytest

from app.demo import DEMO_USERS
from tests.city.conftest import SmallCity


@pytest.fixture
def small(tmp_path) -> SmallCity:
    (tmp_path / "cities" / "small").mkdir(parents=True)
    return SmallCity(tmp_path / "cities" / "small")


@pytest.fixture
def seed(hotline, small, database_url, data_of, monkeypatch):
    data = data_of(database_url)

    def run(*options: str, city: str = "small"):
        monkeypatch.setenv("HOTLINE_CITIES_DIR", str(small.root.parent))
        return hotline("seed", city, "--data", data, *options)

    return run


def _rows(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


TABLES = {"limit_profiles": 12, "places": 4, "units": 5, "categories": 1, "catalogue": 2, "calendar_layers": 1,
          "calendar_days": 2, "office_hours": 1}  # fmt: skip
ALL = sum(TABLES.values())


def test_a_city_is_brought_in_whole_and_the_second_time_nothing_changes(seed, database_url):
    first = seed()
    assert first.code == 0, first.err
    assert (first.json["city"], first.json["dry_run"], first.json["changes"]) == ("small", False, ALL)
    for table, count in TABLES.items():
        assert _rows(database_url, f"SELECT count(*) FROM {table} WHERE active") == [(count,)]
    assert seed().json["changes"] == 0
    assert _rows(database_url, "SELECT city, added, changed, retired FROM seeds") == [("small", ALL, 0, 0)]


def test_what_was_brought_in_is_what_the_files_say(seed, database_url):
    seed()
    assert _rows(database_url, "SELECT name, short, kind, tier, parent, district FROM units WHERE code = 'D1-ZJ'") == [
        ("东区住建局", "东区住建", "department", 3, "D1", "D1")
    ]
    assert _rows(database_url, "SELECT aliases, also_in, lng FROM places WHERE code IN ('D1', 'R1') ORDER BY code") == [
        (["老城", "东边"], [], 106.28), ([], ["D1"], None)
    ]  # fmt: skip
    assert _rows(database_url, "SELECT finish, extension_max FROM limit_profiles WHERE name = 'N5'") == [("5wd", 1)]
    assert _rows(database_url, "SELECT unit, co_units FROM catalogue WHERE id = 'ML2'") == [("D1-ZJ", ["ZJ"])]
    assert _rows(database_url, "SELECT intervals FROM office_hours") == [([["08:30", "12:00"], ["14:00", "18:00"]],)]
    assert _rows(database_url, "SELECT day::text, working, layer FROM calendar_days ORDER BY day") == [
        ("2026-10-01", False, "国务院"), ("2026-10-10", True, "国务院")
    ]  # fmt: skip


def test_a_dry_run_lists_every_key_and_changes_nothing(seed, database_url):
    ran = seed("--dry-run")
    assert ran.code == 0
    assert (ran.json["dry_run"], ran.json["changes"]) == (True, ALL)
    assert ran.json["tables"]["units"]["added"] == ["HL", "D1", "ZJ", "D1-ZJ", "D1-S1"]
    assert ran.json["tables"]["calendar_days"]["added"] == ["国务院/2026-10-01", "国务院/2026-10-10"]
    for table in (*TABLES, "seeds", "users"):
        assert _rows(database_url, f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_row_that_changed_in_the_files_is_changed(seed, small, database_url):
    seed()
    small.change("units.csv", "东区住建局,东区住建", "东区住房局,东区住房")
    dry = seed("--dry-run").json
    assert dry["tables"] == {"units": {"added": [], "changed": ["D1-ZJ"], "retired": []}}
    assert seed().json["changes"] == 1
    assert _rows(database_url, "SELECT name, active FROM units WHERE code = 'D1-ZJ'") == [("东区住房局", True)]


def test_a_row_that_left_the_files_is_retired_and_comes_back_with_them(seed, small, database_url):
    seed()
    line = "D1-S1,河街街道办事处,河街,street,3,D1,D1,街道,,"
    small.change("units.csv", line + "\n", "")
    dry = seed("--dry-run").json
    assert dry["tables"] == {"units": {"added": [], "changed": [], "retired": ["D1-S1"]}}
    assert seed().json["changes"] == 1
    assert _rows(database_url, "SELECT active FROM units WHERE code = 'D1-S1'") == [(False,)]
    assert seed().json["changes"] == 0
    small.append("units.csv", line)
    assert seed().json["changes"] == 1
    assert _rows(database_url, "SELECT active FROM units WHERE code = 'D1-S1'") == [(True,)]


def test_what_a_dispute_was_decided_by_is_neither_retired_nor_changed_by_a_seed(seed, small, database_url):
    seed()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO catalogue (id, category, district, unit, co_units, basis, origin, ruled_in, active) VALUES "
            "('CD010101-D1', '010101', 'D1', 'ZJ', '{}', '裁定', 'ruling', 'T1', true)"
        )
    small.change("catalogue.csv", "D1,D1-ZJ,ZJ", "D1,ZJ,")
    dry = seed("--dry-run").json
    assert dry["tables"] == {"catalogue": {"added": [], "changed": ["ML2"], "retired": []}}
    seed()
    ruling = "SELECT unit, basis, origin, ruled_in, active FROM catalogue WHERE id = 'CD010101-D1'"
    assert _rows(database_url, ruling) == [("ZJ", "裁定", "ruling", "T1", True)]


def test_children_may_stand_before_their_parents_in_the_files(seed, small, database_url):
    text = (small.root / "units.csv").read_text("utf-8").splitlines()
    (small.root / "units.csv").write_text("\n".join([text[0], *reversed(text[1:])]) + "\n", "utf-8")
    assert seed().code == 0
    assert _rows(database_url, "SELECT count(*) FROM units") == [(5,)]


def test_a_city_with_a_cycle_is_refused_with_file_and_line_and_nothing_is_brought_in(seed, small, database_url):
    small.change("units.csv", "hotline,1,,", "hotline,1,D1,")
    ran = seed()
    assert (ran.code, ran.out) == (1, "")
    assert "units.csv:2: 上级关系成环：HL → D1 → HL" in ran.err
    assert "city.invalid: 2 处错误" in ran.err
    assert _rows(database_url, "SELECT count(*) FROM units") == [(0,)]


def test_a_city_that_is_not_there_is_refused(seed):
    ran = seed(city="atlantis")
    assert (ran.code, ran.out) == (1, "")
    assert "city.invalid" in ran.err


def test_without_being_asked_for_there_are_no_demonstration_users(seed, database_url):
    assert seed().json["demo_users"] == 0
    assert _rows(database_url, "SELECT count(*) FROM users") == [(0,)]


def test_demonstration_users_are_added_once_and_their_units_are_yinchuans(hotline, seeded_url, data_of):
    data = data_of(seeded_url)
    first, second = (hotline("seed", "yinchuan", "--demo", "--data", data).json for _ in range(2))
    assert (first["changes"], first["demo_users"]) == (0, len(DEMO_USERS))
    assert (second["changes"], second["demo_users"]) == (0, 0)
    assert _rows(seeded_url, "SELECT role, unit FROM users JOIN user_roles ON id = user_id WHERE login = 'unit'") == [
        ("unit_signer", "640106")
    ]
    ((stored,),) = _rows(seeded_url, "SELECT DISTINCT left(password_hash, 9) FROM users")
    assert stored == "$argon2id"
