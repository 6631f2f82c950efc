"""Masks, times, data folders, secrets."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.clock import CITY_ZONE, in_city, local_iso
from app.errors import NoInstanceError
from app.instance import (
    ForeignRunDirError,
    Instance,
    database_url,
    ensure_secret,
    make_private,
    make_run_dir,
    run_dir,
    valkey_url,
)
from app.personal import mask_phone
from app.settings import AppSettings


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        (None, None), ("", ""), ("1", "1"), ("12", "12"), ("110", "*10"), ("5012345", "*****45"),
        ("09515012", "095*5012"), ("13900000001", "139****0001"), ("+8613900000001", "+86*******0001"),
    ],
)  # fmt: skip
def test_a_number_is_masked_to_its_ends(phone, shown):
    assert mask_phone(phone) == shown


def test_times_are_shown_in_the_citys_zone():
    assert local_iso(datetime(2026, 11, 24, 4, 0, 0, 999, tzinfo=UTC)) == "2026-11-24T12:00:00+08:00"
    assert local_iso(None) is None


def test_a_time_without_an_offset_is_the_citys():
    assert in_city(datetime(2026, 11, 24, 12)) == datetime(2026, 11, 24, 12, tzinfo=CITY_ZONE)  # noqa: DTZ001
    aware = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert in_city(aware) is aware
    assert in_city(None) is None


INSTANCE = Instance(1, "http://h", "sip:s", "postgresql://d", "unix://v", "yinchuan")


def test_a_running_instance_tells_other_commands_where_its_servers_are(tmp_path):
    INSTANCE.write(tmp_path)
    assert Instance.read(tmp_path) == INSTANCE
    settings = AppSettings(data_dir=tmp_path, database_url=None, valkey_url=None)
    assert (database_url(settings), valkey_url(settings)) == ("postgresql://d", "unix://v")
    assert list(tmp_path.iterdir()) == [tmp_path / "instance.json"]


def test_what_is_set_goes_before_what_runs(tmp_path):
    INSTANCE.write(tmp_path)
    settings = AppSettings(data_dir=tmp_path, database_url="postgresql://x", valkey_url="unix://y")
    assert (database_url(settings), valkey_url(settings)) == ("postgresql://x", "unix://y")


@pytest.mark.parametrize("content", [None, "", "{}", '{"pid": "x"}'])
def test_without_an_instance_commands_say_what_to_do(tmp_path, content):
    if content is not None:
        (tmp_path / "instance.json").write_text(content)
    settings = AppSettings(data_dir=tmp_path, database_url=None, valkey_url=None)
    for ask in (database_url, valkey_url):
        with pytest.raises(NoInstanceError, match="hotline up") as caught:
            ask(settings)
        assert (caught.value.id, caught.value.status) == ("instance.missing", 503)


def test_sockets_are_in_the_data_folder_unless_its_path_is_too_long(tmp_path):
    short = Path("/tmp/ht")
    assert run_dir(short) == short.resolve() / "run"
    long = tmp_path / ("很长" * 20)
    assert run_dir(long).parent == Path("/tmp")
    assert run_dir(long) == run_dir(long)
    assert run_dir(long) != run_dir(long / "x")
    assert len(os.fsencode(run_dir(long))) < 60


def test_a_comma_by_which_postgresqls_clients_part_hosts_puts_the_sockets_elsewhere():
    assert run_dir(Path("/tmp/ht,x")).name.startswith("hotline-")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def temp_dir(tmp_path, monkeypatch):
    """In place of /tmp, where everybody may make folders."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(folder))
    return folder


def test_a_folder_for_sockets_in_the_temp_folder_is_only_ours_to_enter(tmp_path, temp_dir):
    folder = make_run_dir(tmp_path / ("很长" * 20))
    assert (folder.parent, _mode(folder)) == (temp_dir, 0o700)
    folder.chmod(0o755)
    assert _mode(make_run_dir(tmp_path / ("很长" * 20))) == 0o700


@pytest.mark.parametrize("kind", ["link", "file", "another user's"])
def test_a_folder_for_sockets_that_somebody_else_made_is_refused(tmp_path, temp_dir, kind):
    long = tmp_path / ("很长" * 20)
    folder = run_dir(long)
    if kind == "link":
        folder.symlink_to(tmp_path)
    elif kind == "file":
        folder.touch()
    elif os.geteuid() == 0:
        folder.mkdir()
        os.chown(folder, 65534, 65534)
    else:
        pytest.skip("only root can give a folder away")
    for use in (run_dir, make_run_dir):
        with pytest.raises(ForeignRunDirError, match="不是本用户的目录") as caught:
            use(long)
    assert caught.value.id == "instance.run_dir_not_ours"


def test_a_data_folder_of_before_is_closed_to_others_and_what_is_not_ours_right_in_it_is_left(tmp_path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for folder in (data / "recordings", data / "logs", elsewhere):
        folder.mkdir(parents=True)
        folder.chmod(0o755)  # whatever umask a command before us has set
    (data / "instance.json").touch()
    (data / "instance.json").chmod(0o644)
    (data / "linked").symlink_to(elsewhere)
    make_private(data)
    assert {path.name: oct(_mode(path)) for path in (data, *data.iterdir())} == {
        "data": "0o700", "recordings": "0o700", "logs": "0o700", "instance.json": "0o600", "linked": "0o755"
    }  # fmt: skip


def test_a_secret_is_made_once_and_only_ours_to_read(tmp_path):
    file = tmp_path / "secrets" / "internal"
    secret = ensure_secret(file)
    assert len(secret) >= 43
    assert ensure_secret(file) == secret == file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path):
    file = tmp_path / "internal"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ensure_secret, [file] * 32))) == 1


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_secret_is_none(tmp_path, content):
    file = tmp_path / "internal"
    file.write_text(content)
    assert len(ensure_secret(file)) >= 43
