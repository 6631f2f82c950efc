"""The plain page, and the news it lives from."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import text

from app.auth.guards import COOKIE
from app.pages.live import LiveNews

from .people import session_of, sign_in_as
from .telling import bring, whole


async def test_the_page_needs_no_sign_in_and_nothing_from_elsewhere(client):
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    linked = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert {"/static/page.js", "/static/page.css"} <= set(linked)
    for address in linked:
        if address.startswith("/"):
            assert (await client.get(address)).status_code == 200
        else:
            assert address.startswith(("data:", "#"))
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/health/live", "/auth/me", "/nowhere"])
async def test_every_answer_says_what_a_browser_may_not_do(client, path):
    headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/static/../main.py", "/static/%2e%2e/live.py", "/static//etc/passwd"])
async def test_nothing_but_the_pages_files_is_served(client, path):
    assert (await client.get(path)).status_code == 404


@pytest.fixture
async def news(seeded_url):
    live = LiveNews(seeded_url)
    yield live
    await live.stop()


async def _next(changes) -> str:
    async with asyncio.timeout(10):
        return await anext(changes)


async def _open(news, pages: int = 1) -> list:
    """Open pages: the first word is for those who come, the next tells that the listening began."""
    opened = [news.changes() for _ in range(pages)]
    assert [await _next(page) for page in opened] == ["changed"] * pages
    news.start()
    assert [await _next(page) for page in opened] == ["changed"] * pages
    return opened


async def test_a_page_is_told_of_a_call_that_another_process_wrote(news, city_db):
    (changes,) = await _open(news)
    await bring(city_db, whole("路灯不亮"))
    assert await _next(changes) == "changed"
    await changes.aclose()
    assert news._readers == set()


async def test_every_open_page_is_told(news, city_db):
    pages = await _open(news, 2)
    await bring(city_db, whole("路灯不亮"))
    assert [await _next(page) for page in pages] == ["changed", "changed"]
    for page in pages:
        await page.aclose()


async def test_when_nothing_happens_the_page_hears_that_we_are_still_there(monkeypatch):
    monkeypatch.setattr("app.pages.live._HEARTBEAT_S", 0.01)
    changes = LiveNews("postgresql://nowhere").changes()
    assert [await _next(changes), await _next(changes)] == ["changed", "still"]
    await changes.aclose()


async def test_news_go_on_after_the_database_hung_up(news, city_db):
    (changes,) = await _open(news)
    await city_db.execute(
        text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
             "WHERE query LIKE 'LISTEN hotline_live%' AND datname = current_database()")
    )  # fmt: skip
    await city_db.commit()
    assert await _next(changes) == "changed"  # it listens again, and tells what may have been missed
    await bring(city_db, whole("路灯不亮"))
    assert await _next(changes) == "changed"
    await changes.aclose()


async def test_the_stream_is_for_those_who_are_signed_in(client, city_db):
    assert (await client.get("/live")).status_code == 401


async def test_an_open_page_gets_an_event_at_once_and_may_go_away(client, city_db, web_app):
    user = await sign_in_as(client, city_db, "agent")
    cookie = f"{COOKIE}={await session_of(city_db, user)}"
    sent: asyncio.Queue = asyncio.Queue()
    gone = asyncio.Event()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/live", "raw_path": b"/live", "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("hotline.test", 80), "headers": [(b"host", b"hotline.test"), (b"cookie", cookie.encode())],
        "app": web_app, "state": {},
    }  # fmt: skip

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    stream = asyncio.create_task(web_app(scope, receive, sent.put))
    async with asyncio.timeout(10):
        start = await sent.get()
        assert start["status"] == 200
        assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
        body = b""
        while b"\r\n\r\n" not in body:
            body += (await sent.get())["body"]
        gone.set()
        await stream
    assert body.startswith(b"event: changed\r\ndata: changed\r\n")
    assert web_app.state.live._readers == set()
