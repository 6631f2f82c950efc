"""Front door and scribe over a real socket: jobs out, text back, nothing lost when either goes away."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from telephony.front_door.scribes import ScribeServer
from telephony.pending_text import PendingText, Waiting
from telephony.scribe.protocol import Failed, Hello, Job, Text, decode, encode
from telephony.scribe.recogniser import Heard
from telephony.scribe.service import Scribe
from telephony.scribe.sound import Samples
from tests.telephony.test_small_files import wav


class Ear:
    """A recogniser that hears how long the sound was; may be held up or break."""

    name = "ear"

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.breaks = False
        self.heard: list[float] = []

    def transcribe(self, samples: Samples) -> Heard:
        assert self.go_on.wait(10)
        if self.breaks:
            raise RuntimeError("out of memory")
        self.heard.append(len(samples) / 16000)
        return Heard(f"{len(samples) / 16000:.1f} 秒", -0.25)


class Desk:
    """The front door's side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "scribe.sock"
        self.pending = PendingText(folder / "pending.jsonl", lambda _: True)
        self.texts: list[tuple[str, Text]] = []
        self.server = ScribeServer(self.pending, self._on_text)

    def _on_text(self, waiting: Waiting, text: Text) -> None:
        self.texts.append((waiting.id, text))
        self.pending.done(waiting.id)

    def add(self, index: int, seconds: float = 1.0, path: str | None = None, recorded: float = 10.0) -> None:
        file = wav(self.folder / f"{index}.wav", bytes(int(recorded * 16000)))
        self.pending.add(Waiting("c", index, "citizen", 1, 0.0, seconds, path or str(file)))
        self.server.wake()


@pytest.fixture
async def desk(tmp_path: Path):
    one = Desk(tmp_path)
    await one.server.start(one.socket)
    yield one
    await one.server.stop()
    one.pending._file.close()


@pytest.fixture
async def scribe(desk: Desk):
    """A real scribe with an ear; started by calling it."""
    running: list[asyncio.Task[None]] = []

    def start(ear: Ear) -> asyncio.Task[None]:
        running.append(asyncio.create_task(Scribe(ear, desk.socket, longest_delay_s=0.1).run()))
        return running[-1]

    yield start
    for task in running:
        await stop(task)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (what is waited for is many things' doing)
            await asyncio.sleep(0.01)


async def test_utterances_come_back_as_text(desk: Desk, scribe):
    desk.add(1, 1.0)
    scribe(Ear())
    desk.add(2, 2.5)
    await until(lambda: len(desk.texts) == 2)
    assert [(job, text.text, text.model, text.avg_logprob) for job, text in sorted(desk.texts)] == [
        ("c:1", "1.0 秒", "ear", -0.25),
        ("c:2", "2.5 秒", "ear", -0.25),
    ]
    assert len(desk.pending) == 0


async def test_a_scribe_has_two_in_hand_and_no_more(desk: Desk, scribe):
    ear = Ear()
    ear.go_on.clear()
    for index in range(1, 5):
        desk.add(index)
    scribe(ear)
    await until(lambda: len(desk.pending._in_hand) == 2)
    await asyncio.sleep(0.1)
    assert len(desk.pending._in_hand) == 2
    ear.go_on.set()
    await until(lambda: len(desk.texts) == 4)


async def test_what_a_dead_scribe_had_in_hand_is_done_by_the_next(desk: Desk, scribe):
    stuck = Ear()
    stuck.go_on.clear()
    desk.add(1)
    first = scribe(stuck)
    await until(lambda: desk.server.connected == 1 and desk.pending._in_hand)
    await stop(first)
    await until(lambda: desk.server.connected == 0)
    assert desk.pending._in_hand == set()
    scribe(Ear())
    await until(lambda: desk.texts)
    stuck.go_on.set()
    assert [job for job, _ in desk.texts] == ["c:1"]


async def test_a_scribe_waits_for_a_front_door_and_comes_back_to_the_next(tmp_path: Path):
    path = tmp_path / "scribe.sock"
    running = asyncio.create_task(Scribe(Ear(), path, longest_delay_s=0.1).run())
    try:
        await asyncio.sleep(0.05)
        for _ in range(2):
            desk = Desk(tmp_path)
            desk.add(1)
            clients: set[asyncio.StreamWriter] = set()
            serve = desk.server._serve
            server = await asyncio.start_unix_server(lambda r, w, c=clients, s=serve: (c.add(w), s(r, w))[1], path)
            await until(lambda d=desk: d.texts)
            server.close()
            for writer in clients:
                writer.close()
            await until(lambda d=desk: d.server.connected == 0)
            desk.pending._file.close()
            path.unlink(missing_ok=True)
        assert not running.done()
    finally:
        await stop(running)


async def test_a_file_that_is_broken_for_good_is_answered_with_empty_text(desk: Desk, scribe):
    scribe(Ear())
    broken = desk.folder / "broken.wav"
    broken.write_bytes(b"no sound at all" * 10)
    desk.add(1, path=str(broken))
    desk.add(2, path="/no/such/file.wav")
    desk.add(3)
    await until(lambda: len(desk.texts) == 3)
    assert {job: (text.text, text.dropped) for job, text in desk.texts} == {
        "c:1": ("", "scribe.sound"),
        "c:2": ("", "scribe.sound"),
        "c:3": ("1.0 秒", None),
    }


async def test_a_recogniser_that_breaks_loses_one_utterance_and_no_more(desk: Desk, scribe):
    ear = Ear()
    ear.breaks = True
    scribe(ear)
    desk.add(1)
    await until(lambda: desk.texts)
    assert (desk.texts[0][1].text, desk.texts[0][1].dropped) == ("", "RuntimeError")
    ear.breaks = False
    desk.add(2)
    await until(lambda: len(desk.texts) == 2)
    assert desk.texts[1][1].text == "1.0 秒"


async def test_a_recorder_that_is_behind_is_waited_for_a_little(desk: Desk, scribe):
    ear = Ear()
    scribe(ear)
    desk.add(1, 3.0, recorded=1.0)
    await asyncio.sleep(0.15)
    assert ear.heard == []
    wav(desk.folder / "1.wav", bytes(3 * 16000))
    await until(lambda: desk.texts)
    assert ear.heard == [3.0]


async def test_a_recorder_that_died_gives_what_there_is(desk: Desk, scribe):
    ear = Ear()
    scribe(ear)
    desk.add(1, 3.0, recorded=2.0)
    await until(lambda: desk.texts)
    assert ear.heard == [2.0]


class Peer:
    """A scribe of bare bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def dial(cls, path: Path) -> Peer:
        return cls(*await asyncio.open_unix_connection(path))

    async def job(self) -> Job:
        message = decode(await asyncio.wait_for(self.reader.readline(), 5))
        assert isinstance(message, Job)
        return message

    def say(self, *messages: bytes) -> None:
        self.writer.writelines(messages)


@pytest.mark.parametrize("first", [b"nonsense\n", b"\n", encode(Text(id="x", text="y", model="z")), b"x" * 100_000])
async def test_a_stranger_is_let_go_and_harms_nobody(desk: Desk, scribe, first: bytes):
    peer = await Peer.dial(desk.socket)
    peer.say(first)
    with suppress(ConnectionResetError, BrokenPipeError):
        assert await asyncio.wait_for(peer.reader.read(), 5) == b""
    peer.writer.close()
    scribe(Ear())
    desk.add(1)
    await until(lambda: desk.texts)


async def test_a_failure_that_may_pass_is_handed_out_again_later(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("telephony.front_door.scribes._RETRY_S", 0.1)
    desk.add(1)
    peer = await Peer.dial(desk.socket)
    peer.say(encode(Hello(model="m", capacity=1, pid=1)))
    job = await peer.job()
    peer.say(encode(Failed(id=job.id, reason="busy", retry=True)))
    again = await peer.job()
    assert again.id == job.id
    peer.say(encode(Text(id=job.id, text="水", model="m")), encode(Text(id=job.id, text="二", model="m")))
    await until(lambda: desk.texts)
    await asyncio.sleep(0.05)
    assert [text.text for _, text in desk.texts] == ["水"]  # the first counts
    peer.writer.close()


async def test_a_scribe_cut_off_in_mid_message_gives_its_job_back(desk: Desk):
    desk.add(1)
    peer = await Peer.dial(desk.socket)
    peer.say(encode(Hello(model="m", capacity=2, pid=1)))
    await peer.job()
    peer.say(b'{"type":"text","id":"c:1","te')
    peer.writer.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    await until(lambda: not desk.pending._in_hand)
    assert desk.texts == []
    assert len(desk.pending) == 1
    peer.writer.close()
