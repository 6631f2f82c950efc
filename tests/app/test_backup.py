"""One archive of everything that cannot be made again, and back."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from app.embedded.postgres import EmbeddedPostgres
from app.instance import run_dir
from telephony.events import Answered, CallEvent
from telephony.spool import Spool

KEPT = {
    "spool/0000000001.jsonl": b"{}\n",
    "recordings/2026/c1/1.wav": b"RIFF",
    f"attachments/aa/bb/aabb{60 * '0'}": b"%PDF-",
    "journal/ticket_numbers.json": b"{}",
    "secrets/internal": b"secret",
}
LEFT = {"logs/web.log": b"log", "instance.json.new": b"x"}


@pytest.fixture
def archive(hotline, data_of, record_url, tmp_path) -> Path:
    """A backup of the healthy record and some files."""
    data = Path(data_of(record_url))
    for name, content in {**KEPT, **LEFT}.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(content)
    ran = hotline("backup", "--data", str(data), "--out", str(tmp_path / "b.tar"))
    assert ran.code == 0, ran.err
    assert ran.json == {"backup": str(tmp_path / "b.tar"), "files": 6, "bytes": (tmp_path / "b.tar").stat().st_size}
    return tmp_path / "b.tar"


@pytest.fixture
def new_data(server_dir):
    """An empty folder that PostgreSQL's system user may enter."""
    folder = server_dir / "restored"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_an_archive_holds_the_database_and_what_is_kept_and_is_only_ours_to_read(archive):
    with tarfile.open(archive) as opened:
        names = set(opened.getnames())
        manifest = json.loads(opened.extractfile("manifest.json").read())
        content = {name: opened.extractfile(name).read() for name in KEPT}
    assert names == {*KEPT, "database.dump", "manifest.json"}
    assert content == KEPT
    assert manifest["files"].keys() == {*KEPT, "database.dump"}
    assert manifest["files"]["secrets/internal"] == sha256(b"secret").hexdigest()
    assert archive.stat().st_mode & 0o777 == 0o600


def test_a_data_folder_is_made_again_from_an_archive(hotline, archive, new_data):
    ran = hotline("restore", str(archive), "--data", str(new_data))
    assert ran.code == 0, ran.err
    assert ran.json == {"restored": str(new_data), "files": 6}
    assert {name: (new_data / name).read_bytes() for name in KEPT} == KEPT
    assert not (new_data / "logs").exists()
    assert (new_data / "secrets").stat().st_mode & 0o777 == 0o700
    server = EmbeddedPostgres(new_data / "postgres", run_dir(new_data) / "pg")
    url = server.start()
    try:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT no FROM tickets ORDER BY no").fetchall() == [
                (f"T{number}",) for number in range(1, 8)
            ]
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute("DELETE FROM ticket_events")
        (new_data / "instance.json").write_text(
            json.dumps({"pid": 1, "http": "", "sip": "", "database_url": url, "valkey_url": "", "city": "yinchuan"})
        )
        assert hotline("verify", "--data", str(new_data)).code == 0
    finally:
        server.stop()


def test_an_event_that_was_not_delivered_yet_is_delivered_after_the_restore(
    hotline, data_of, record_url, new_data, tmp_path
):
    data = Path(data_of(record_url))
    spool = Spool(data / "spool")
    for seq in (1, 2):
        spool.append(CallEvent("c9", seq, datetime(2026, 11, 24, tzinfo=UTC), "n1", Answered("system", 20.0)))
    spool.ack(spool.unacked(1)[1])
    spool.close()
    assert hotline("backup", "--data", str(data), "--out", str(tmp_path / "b.tar")).code == 0
    assert hotline("restore", str(tmp_path / "b.tar"), "--data", str(new_data)).code == 0
    again = Spool(new_data / "spool")
    assert [event.seq for event in again.unacked(10)[0]] == [2]
    again.close()


def test_undelivered_events_are_taken_before_the_database_so_that_none_falls_between(archive):
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert names.index("spool/0000000001.jsonl") < names.index("database.dump") < names.index("secrets/internal")


def test_a_record_goes_into_the_empty_database_that_is_named(hotline, archive, new_data, empty_database_url):
    ran = hotline("restore", str(archive), "--data", str(new_data), "--database-url", empty_database_url)
    assert ran.code == 0, ran.err
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM tickets").fetchone() == (7,)
    assert {name: (new_data / name).read_bytes() for name in KEPT} == KEPT
    assert not (new_data / "postgres").exists()


def test_a_named_database_that_is_not_empty_stays_as_it_is(hotline, archive, new_data, database_url):
    ran = hotline("restore", str(archive), "--data", str(new_data), "--database-url", database_url)
    assert (ran.code, ran.out) == (1, "")
    assert "pg_restore: " in ran.err
    assert list(new_data.iterdir()) == []
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM tickets").fetchone() == (0,)


def test_a_folder_that_is_not_empty_is_not_overwritten(hotline, archive, new_data):
    new_data.mkdir()
    (new_data / "precious").write_text("x")
    ran = hotline("restore", str(archive), "--data", str(new_data))
    assert (ran.code, ran.out) == (1, "")
    assert "backup.failed" in ran.err
    assert "不是空目录" in ran.err
    assert [path.name for path in new_data.iterdir()] == ["precious"]


def _rewritten(archive: Path, change) -> None:
    """The same archive with other members: ``change`` gets name → content."""
    with tarfile.open(archive) as opened:
        members = {name: opened.extractfile(name).read() for name in opened.getnames()}
    change(members)
    with tarfile.open(archive, "w") as made:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))


DAMAGES = [
    (lambda members: members.update({"secrets/internal": b"sekret"}), "secrets/internal 与清单不符"),
    (lambda members: members.pop("recordings/2026/c1/1.wav"), "recordings/2026/c1/1.wav 缺失"),
    (lambda members: members.update({"secrets/more": b"x"}), "secrets/more 不在清单中"),
    (lambda members: members.pop("manifest.json"), "不是完好的备份"),
    (lambda members: members.update({"manifest.json": b"{"}), "不是完好的备份"),
    (lambda members: members.update({"../outside": b"x"}), "不是完好的备份"),
]


@pytest.mark.parametrize(("damage", "fault"), DAMAGES, ids=[fault for _, fault in DAMAGES])
def test_an_archive_that_is_not_as_it_was_made_is_refused(hotline, archive, new_data, damage, fault):
    _rewritten(archive, damage)
    ran = hotline("restore", str(archive), "--data", str(new_data))
    assert (ran.code, ran.out) == (1, "")
    assert fault in ran.err
    assert list(new_data.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 700, 0.5])
def test_an_archive_that_was_cut_off_is_refused(hotline, archive, new_data, kept):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: kept if kept != 0.5 else len(whole) // 2])
    ran = hotline("restore", str(archive), "--data", str(new_data))
    assert (ran.code, ran.out) == (1, "")
    assert "backup.failed" in ran.err


def test_a_dump_that_postgresql_does_not_know_is_refused(hotline, archive, new_data):
    def other(members):
        manifest = json.loads(members["manifest.json"])
        members["database.dump"] = b"no dump"
        manifest["files"]["database.dump"] = sha256(b"no dump").hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()

    _rewritten(archive, other)
    ran = hotline("restore", str(archive), "--data", str(new_data))
    assert (ran.code, ran.out) == (1, "")
    assert "pg_restore: " in ran.err


def test_a_database_that_is_away_is_no_backup(hotline, data_of, tmp_path):
    data = data_of(f"postgresql://postgres@/x?host={tmp_path}")
    ran = hotline("backup", "--data", data, "--out", str(tmp_path / "b.tar"))
    assert (ran.code, ran.out) == (1, "")
    assert "backup.failed: pg_dump: " in ran.err
    assert not list(tmp_path.glob("b.tar*"))
