"""The gateway of a demonstration: a private file, a line a message, an id once, whoever writes, whoever is killed."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys

import pytest

from app.messages.file_gateway import FileGateway, read_sent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "messages" / "sent.jsonl"


async def test_a_message_is_a_line_that_only_its_owner_can_read(path):
    await FileGateway(path).send("m1", "13900000001", "【银川12345】已受理")
    (sent,) = read_sent(path)
    assert (sent.id, sent.recipient, sent.text) == ("m1", "13900000001", "【银川12345】已受理")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_the_same_id_again_writes_nothing_also_by_another_process(path):
    mine, others = FileGateway(path), FileGateway(path)
    await mine.send("m1", "13900000001", "一")
    await others.send("m1", "13900000001", "一")
    await others.send("m2", "13900000001", "二")
    await mine.send("m2", "13900000001", "二")
    assert [sent.id for sent in read_sent(path)] == ["m1", "m2"]


async def test_many_at_once_are_whole_lines_and_each_there_once(path):
    gateways = [FileGateway(path) for _ in range(4)]
    await asyncio.gather(*(gateways[n % 4].send(f"m{n // 2}", "13900000001", "字" * 200) for n in range(80)))
    assert sorted(sent.id for sent in read_sent(path)) == sorted(f"m{n}" for n in range(40))


async def test_half_a_line_of_a_process_that_was_killed_is_no_message_and_hurts_none(path):
    await FileGateway(path).send("m1", "13900000001", "一")
    with path.open("ab") as file:
        file.write(b'{"id":"m2","at":"20')
    await FileGateway(path).send("m2", "13900000001", "二")
    assert [(sent.id, sent.text) for sent in read_sent(path)] == [("m1", "一"), ("m2", "二")]


async def test_a_file_that_somebody_has_put_away_begins_anew(path):
    gateway = FileGateway(path)
    await gateway.send("m1", "13900000001", "一")
    path.rename(path.with_suffix(".old"))
    await gateway.send("m2", "13900000001", "二")
    assert [sent.id for sent in read_sent(path)] == ["m2"]


def test_other_processes_write_beside_each_other(path):
    code = (
        "import asyncio, sys; from pathlib import Path; from app.messages.file_gateway import FileGateway\n"
        "async def main():\n"
        "    gateway = FileGateway(Path(sys.argv[1]))\n"
        "    for n in range(50): await gateway.send(f'm{n}', '13900000001', 'x')\n"
        "asyncio.run(main())"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [sent.id for sent in read_sent(path)] == [f"m{n}" for n in range(50)]
