"""The courier, against a small real HTTP server: in order, again and again, and never past what is not committed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from telephony.delivery import Courier
from telephony.events import CALL_EVENTS_PATH, SECRET_HEADER, Delivery
from telephony.spool import Spool
from tests.telephony.test_spool import event


class App:
    """Answers each POST with the next of ``answers`` (200 when there is none); notes what it was brought."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.poison: set[int] = set()
        self.poison_code = 422
        self.posts: list[list[int]] = []
        self.committed: list[int] = []
        self.secrets: set[str | None] = set()
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                code = app.take(self.path, self.headers.get(SECRET_HEADER), body)
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, path: str, secret: str | None, body: bytes) -> int:
        assert path == CALL_EVENTS_PATH
        self.secrets.add(secret)
        seqs = [one.seq for one in msgspec.json.decode(body, type=Delivery).events]
        self.posts.append(seqs)
        if self.answers:
            return self.answers.pop(0)
        if self.poison & set(seqs):
            return self.poison_code
        self.committed += seqs
        return 200


@pytest.fixture
def app():
    one = App()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def spool(tmp_path: Path):
    one = Spool(tmp_path / "spool")
    yield one
    one.close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("s3cret\n", "ascii")
    return file


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    return tmp_path / "refused.events"


async def carry(courier: Courier, until: Callable[[], object], seconds: float = 10.0) -> None:
    running = asyncio.create_task(courier.run())
    try:
        async with asyncio.timeout(seconds):
            while not until():
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_events_are_delivered_in_order_with_the_secret_and_acknowledged(app, spool, secret, refused):
    for seq in range(1, 451):
        spool.append(event(seq))
    courier = Courier(spool, app.url + "/", secret, refused)
    await carry(courier, lambda: len(app.committed) == 450)
    assert app.committed == list(range(1, 451))
    assert max(map(len, app.posts)) == 200
    assert app.secrets == {"s3cret"}
    assert spool.unacked(10)[0] == []
    assert courier.delivered == 450


async def test_news_is_carried_at_once(app, spool, secret, refused):
    courier = Courier(spool, app.url, secret, refused)

    def more() -> bool:
        if not app.committed and courier.delivered == 0:
            spool.append(event(1))
            courier.wake()
        return bool(app.committed)

    await carry(courier, more, 3.0)


@pytest.mark.parametrize("code", [401, 403, 404, 405, 408, 409, 425, 429, 500, 502, 503, 302])
async def test_an_answer_that_is_not_about_the_events_skips_none_of_them(app, spool, secret, refused, code):
    app.answers = [code, code]
    for seq in (1, 2, 3):
        spool.append(event(seq))
    courier = Courier(spool, app.url, secret, refused)
    await carry(courier, lambda: app.committed)
    assert app.posts == [[1, 2, 3]] * 3
    assert app.committed == [1, 2, 3]
    assert courier.failures == 2
    assert not refused.exists()


async def test_nobody_at_the_address_keeps_everything(spool, secret, refused):
    spool.append(event(1))
    courier = Courier(spool, "http://127.0.0.1:9", secret, refused)
    await carry(courier, lambda: courier.failures >= 2)
    assert [one.seq for one in spool.unacked(10)[0]] == [1]


@pytest.mark.parametrize("content", [None, "密".encode()])
async def test_without_a_readable_secret_nothing_is_sent_and_nothing_lost(app, spool, secret, refused, content):
    if content is None:
        secret.unlink()
    else:
        secret.write_bytes(content)
    spool.append(event(1))
    courier = Courier(spool, app.url, secret, refused)
    await carry(courier, lambda: courier.failures >= 1)
    assert app.posts == []
    secret.write_text("s3cret", "ascii")
    await carry(courier, lambda: app.committed)


@pytest.mark.parametrize("code", [400, 413, 422])
async def test_an_event_the_app_will_never_take_is_put_aside_and_the_others_are_delivered(
    app, spool, secret, refused, code
):
    app.poison, app.poison_code = {2}, code
    for seq in (1, 2, 3):
        spool.append(event(seq))
    await carry(Courier(spool, app.url, secret, refused), lambda: 3 in app.committed)
    assert app.committed == [1, 3]
    (line,) = refused.read_bytes().splitlines()
    assert msgspec.json.decode(line)["seq"] == 2
    assert spool.unacked(10)[0] == []


async def test_an_outage_while_a_poison_event_is_looked_for_skips_nothing(app, spool, secret, refused):
    app.poison = {3}
    app.answers = [422, 200, 503]  # of all; of 1; of 2
    for seq in (1, 2, 3, 4):
        spool.append(event(seq))
    await carry(Courier(spool, app.url, secret, refused), lambda: 4 in app.committed)
    assert {1, 2, 4} <= set(app.committed)
    assert [msgspec.json.decode(line)["seq"] for line in refused.read_bytes().splitlines()] == [3]


async def test_a_poison_event_that_cannot_be_put_aside_is_not_skipped(app, spool, secret, tmp_path):
    app.poison = {1}
    spool.append(event(1))
    courier = Courier(spool, app.url, secret, tmp_path / "no such folder" / "refused")
    await carry(courier, lambda: courier.failures >= 2)
    assert [one.seq for one in spool.unacked(10)[0]] == [1]


async def test_a_spool_that_cannot_be_read_for_a_while_does_not_end_the_courier(
    app, spool, secret, refused, monkeypatch
):
    monkeypatch.setattr("telephony.delivery._LONGEST_DELAY_S", 0.05)
    spool.append(event(1))
    unacked, failed = spool.unacked, []

    def broken(limit: int):
        if len(failed) < 2:
            failed.append(limit)
            raise OSError(5, "Input/output error")
        return unacked(limit)

    monkeypatch.setattr(spool, "unacked", broken)
    await carry(Courier(spool, app.url, secret, refused), lambda: app.committed)
    assert len(failed) == 2
