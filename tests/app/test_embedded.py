"""The embedded servers: in folders of any name, and open to nobody else on the machine."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import text

from app.embedded import postgres as embedded
from app.embedded.postgres import EmbeddedPostgres, bundled
from app.embedded.users import as_user
from app.embedded.valkey import EmbeddedValkey
from models import migrate
from models.session import engine

ODD = "数据 a+b&c %41 #?'"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")


@pytest.fixture
def odd_dir(server_dir):
    """A folder whose name must be quoted wherever a URL, a list or a shell is made of it."""
    folder = server_dir / ODD
    folder.mkdir()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_postgresql_serves_from_a_folder_of_any_name_to_every_client_we_have(odd_dir):
    server = EmbeddedPostgres(odd_dir / "postgres", odd_dir / "run" / "pg")
    try:
        url = server.start()
        migrate.upgrade(url)

        async def asked() -> str:
            db = engine(url)
            async with db.connect() as connection:
                found = (await connection.execute(text("SELECT current_database()"))).scalar_one()
            await db.dispose()
            return found

        assert asyncio.run(asked()) == "hotline"
        dump = odd_dir / "dump"
        subprocess.run([bundled("pg_dump"), "--format=custom", f"--file={dump}", url], check=True)
        with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE again")
        subprocess.run(
            [bundled("pg_restore"), "--exit-on-error", f"--dbname={server.url_of('again')}", dump], check=True
        )
        assert migrate.current(server.url_of("again")) == migrate.head()
    finally:
        server.stop()


def test_valkey_serves_from_a_folder_of_any_name_to_every_client_we_have(odd_dir):
    server = EmbeddedValkey(odd_dir / "valkey.sock")
    try:
        url = server.start()
        with redis.Redis.from_url(url) as client:
            assert client.ping()
            assert client.config_get("dir") == {"dir": str(odd_dir)}
        broker = RedisBroker(url=url)
        assert broker.client.ping()
        broker.close()
    finally:
        server.stop()


def _psql(postgres: EmbeddedPostgres, user: str | None) -> subprocess.CompletedProcess[str]:
    command = [bundled("psql"), "--no-psqlrc", "-tAc", "SELECT 1", postgres.url]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **as_user(user))


@root_only
def test_another_user_of_the_machine_is_refused_by_postgresql(postgres):
    assert _psql(postgres, None).stdout == "1\n"
    refused = _psql(postgres, "nobody")
    assert refused.returncode == 2
    assert "Permission denied" in refused.stderr


def test_the_socket_and_its_folder_are_open_to_the_servers_user_only(postgres):
    for path in (postgres.socket_dir, postgres.socket_dir / ".s.PGSQL.5432"):
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o700
        assert found.st_uid == (pwd.getpwnam(postgres.user).pw_uid if postgres.user else os.geteuid())


@root_only
def test_postgresqls_user_keeps_no_group_of_ours(postgres):
    status = Path(f"/proc/{postgres._process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    gid = str(pwd.getpwnam(postgres.user).pw_gid)
    assert set(fields["Gid"].split()) == {gid}
    assert set(fields["Groups"].split()) <= {gid}


@root_only
def test_a_closed_folder_above_is_opened_to_pass_through_and_not_to_be_read(server_dir):
    above = server_dir / "closed"
    (above / "data").mkdir(parents=True, mode=0o700)
    above.chmod(0o700)
    server = EmbeddedPostgres(above / "data" / "postgres", above / "data" / "run" / "pg")
    server.prepare()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (above, above / "data")] == [0o701, 0o701]
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    shutil.rmtree(above)


def test_a_wheel_installed_under_a_narrow_umask_can_be_run_by_postgresqls_user(tmp_path):
    program, library = tmp_path / "bin" / "postgres", tmp_path / "lib" / "libpq.so"
    for path, mode in ((program, 0o700), (library, 0o600)):
        path.parent.mkdir(mode=0o700)
        path.touch(mode)
    embedded._open_to_all(tmp_path)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (program, library, program.parent)}
    assert found == {"postgres": 0o755, "libpq.so": 0o644, "bin": 0o755}


def test_postgresqls_log_quotes_neither_rows_nor_statements(postgres):
    url = postgres.url_of("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE callers (phone text PRIMARY KEY)")
        connection.execute("INSERT INTO callers VALUES ('13900000077')")
        with pytest.raises(psycopg.errors.UniqueViolation, match="13900000077"):  # the client is told
            connection.execute("INSERT INTO callers VALUES ('13900000077')")
    written = postgres.log_file.read_text("utf-8", "replace")
    assert "callers_pkey" in written
    assert "13900000077" not in written
