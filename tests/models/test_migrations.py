"""The migrations make exactly our tables, and can be taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import psycopg
import pytest

from models import migrate
from models.tables import metadata


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


def _functions(url: str) -> set[str]:
    query = "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname = 'public'"
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(query).fetchall()}


def test_an_empty_database_has_no_revision(empty_database_url):
    assert migrate.current(empty_database_url) is None


def test_up_then_down_then_up_again_leaves_exactly_our_tables(empty_database_url):
    ours = {table.name for table in metadata.tables.values()} | {"alembic_version"}
    migrate.upgrade(empty_database_url)
    assert migrate.current(empty_database_url) == migrate.head()
    assert _tables(empty_database_url) == ours
    functions = _functions(empty_database_url)
    assert "refuse_change" in functions

    migrate.downgrade(empty_database_url, "base")
    assert migrate.current(empty_database_url) is None
    assert _tables(empty_database_url) == {"alembic_version"}
    assert _functions(empty_database_url) == set()

    migrate.upgrade(empty_database_url)
    assert migrate.current(empty_database_url) == migrate.head()
    assert _tables(empty_database_url) == ours
    assert _functions(empty_database_url) == functions


def test_each_step_down_can_be_taken_up_again(empty_database_url):
    migrate.upgrade(empty_database_url)
    files = sorted(file.name[:4] for file in (migrate._FOLDER / "versions").glob("0*.py"))
    assert len(files) > 5
    assert files[-1] == migrate.head()
    for revision in reversed(files[:-1]):
        migrate.downgrade(empty_database_url, revision)
        assert migrate.current(empty_database_url) == revision
        migrate.upgrade(empty_database_url)
        assert migrate.differences(empty_database_url) == []


def test_autogenerate_finds_no_difference_after_the_migrations(database_url):
    assert migrate.differences(database_url) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("ALTER TABLE tickets DROP COLUMN poi", "add_column"),
        ("CREATE TABLE stray (id int)", "remove_table"),
        ("DROP INDEX ix_tickets_inbox", "add_index"),
    ],
)
def test_a_difference_between_tables_and_metadata_would_be_found(database_url, change, kind):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(change)
    assert [difference[0] for difference in migrate.differences(database_url)] == [kind]


def test_two_processes_that_start_at_once_migrate_one_after_the_other(empty_database_url):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate.upgrade, [empty_database_url] * 2))
    assert migrate.current(empty_database_url) == migrate.head()
    assert migrate.differences(empty_database_url) == []


def test_a_new_revision_is_written_for_what_differs(empty_database_url, tmp_path):
    migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE citizens DROP COLUMN special_group")
    (tmp_path / "versions").mkdir()
    for name in ("env.py", "script.py.mako"):
        (tmp_path / name).write_bytes((migrate._FOLDER / name).read_bytes())
    for file in (migrate._FOLDER / "versions").glob("0*.py"):
        (tmp_path / "versions" / file.name).write_bytes(file.read_bytes())
    with patch.object(migrate, "_FOLDER", tmp_path):
        migrate.new_revision(empty_database_url, "special group", "9999")
    (written,) = (tmp_path / "versions").glob("9999*.py")
    assert "special_group" in written.read_text("utf-8")
