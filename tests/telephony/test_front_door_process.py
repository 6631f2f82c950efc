"""The processes by themselves: their options, one front door a data folder, nothing others could read."""

from __future__ import annotations

import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from telephony.front_door.lock import LOCK, FolderTakenError, hold
from tests.fixtures.front_door import ROOT, Door, free_udp_port
from tests.fixtures.sip import Caller


def run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("name", ["front-door", "scribe"])
def test_help_is_given_and_nothing_is_started(name: str):
    done = run(["app", name, "--help"])
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: hotline {name} [OPTIONS]")
    assert "--data" in done.stdout


@pytest.mark.parametrize("name", ["front-door", "scribe"])
@pytest.mark.parametrize("wrong", [["--spare-lines", "3"], ["extra"], ["--data"]])
def test_what_is_no_option_is_refused(name: str, wrong: list[str]):
    done = run(["app", name, *wrong])
    assert done.returncode == 2
    assert done.stdout == ""


@pytest.fixture
def closed():
    """A door that has not been opened yet."""
    one = Door()
    yield one
    one.clear_away()


def test_the_data_option_is_stronger_than_the_environment(closed: Door):
    elsewhere = closed.data / "elsewhere"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:  # so that it ends by itself
        taken.bind(closed.address)
        done = run(["app", "front-door", "--data", str(elsewhere)], closed.environment())
    assert done.returncode == 1
    assert f"127.0.0.1:{closed.port}: Address already in use" in done.stderr
    assert (elsewhere / "spool").is_dir()
    assert not (closed.data / "spool").exists()


def written(door: Door) -> dict[str, tuple[int, int, int]]:
    """What could be rewritten: inode, size and time of each file of the spool and the journal."""
    files = [path for name in ("spool", "journal") for path in (door.data / name).rglob("*") if path.is_file()]
    found = {str(path): path.stat() for path in files}
    return {path: (file.st_ino, file.st_size, file.st_mtime_ns) for path, file in found.items()}


@pytest.mark.parametrize("same_port", [True, False])
def test_a_second_front_door_on_the_same_data_is_refused_before_it_has_touched_anything(closed: Door, same_port: bool):
    closed.start()
    with Caller(closed.address) as caller:
        assert caller.invite() is not None
        closed.wait_for(caller.ani, "greeted")
        closed.wait(lambda: closed.record(caller.ani)["state"]["phase"] == "listening", "the listening")
        spool = closed.data / "spool" / "0000000001.jsonl"
        with spool.open("ab") as file:  # as if the first were just in the middle of a line
            file.write(b'{"call_id":')
        before = written(closed)
        second = closed.environment(sip_port=closed.port if same_port else free_udp_port())
        done = run(["telephony.front_door"], second)
        after = written(closed)
        with spool.open("r+b") as file:
            file.truncate(spool.stat().st_size - len(b'{"call_id":'))
        assert done.returncode == 1
        assert done.stdout == ""
        (said,) = done.stderr.splitlines()
        assert said == (
            f"hotline front-door: front_door.folder_taken: 数据目录 {closed.data} 已被另一个前门进程"
            f"（进程号 {closed._process.pid}）占用，请先将其停止"  # type: ignore[union-attr]
        )
        assert after == before
        assert closed.status()["calls"] == 1
        caller.bye()
        assert closed.ended(caller.ani)["by"] == "citizen"


def test_the_folder_is_free_again_when_its_holder_has_closed_or_died(tmp_path: Path):
    folder = tmp_path / "new" / "data"
    first = hold(folder)
    with pytest.raises(FolderTakenError):
        hold(folder)
    first.close()
    holder = "import sys, pathlib; from telephony.front_door.lock import hold\n"
    holder += "held = hold(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(FolderTakenError, match=str(other.pid)):
            hold(folder)
        other.kill()
    second = hold(folder)
    assert (folder / LOCK).read_bytes().strip().isdigit()
    second.close()


def open_to_others(folder: Path) -> list[str]:
    """What in it others may read or write."""
    return [f"{path.stat().st_mode:o} {path}" for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o066]


def test_what_telephony_writes_is_its_users_alone_also_in_folders_of_an_older_version(closed: Door):
    for name in ("recordings/2026/11", "journal/calls", "spool", "run/lines"):
        (closed.data / name).mkdir(parents=True, exist_ok=True)
    closed.start()
    with Caller(closed.address) as caller:
        assert caller.invite() is not None
        closed.wait_for(caller.ani, "greeted")
        folders = [closed.data / name for name in ("recordings", "journal", "spool", "run")]
        behind_closed_folders = ("recordings/2026", "recordings/2026/11", "journal/calls")
        old = [closed.data / name for name in behind_closed_folders]
        found = [entry for folder in folders for entry in open_to_others(folder)]
        assert [entry for entry in found if Path(entry.split()[1]) not in old] == []
        assert stat.S_IMODE((closed.data / "recordings").stat().st_mode) == 0o700
        assert any(path.is_socket() for path in (closed.data / "run" / "lines").iterdir())
        assert closed.recordings(caller.ani)
        caller.bye()
        closed.ended(caller.ani)


def test_who_may_pass_through_the_run_folder_still_may(closed: Door):
    shutil.rmtree(closed.data / "run", ignore_errors=True)
    (closed.data / "run").mkdir(mode=0o755)
    (closed.data / "run").chmod(0o755)
    closed.start()
    assert stat.S_IMODE((closed.data / "run").stat().st_mode) == 0o711
    assert stat.S_IMODE((closed.data / "run" / "lines").stat().st_mode) == 0o700
