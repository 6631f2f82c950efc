"""Live updates: which tickets have changed, told to those who may see them."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import text

from app.auth.guards import COOKIE
from app.main import create_app
from app.pages.live import LiveNews as Listener
from app.tickets.live import LiveNews, TicketNews
from app.tickets.scope import Scope
from models.codes import Role
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import DISPATCHER, OTHER, THIRD, UNIT, new_ticket, of_unit

CITY = Scope(city=True)
RELOAD = LiveNews(reload=True)


class Page:
    """An open stream."""

    def __init__(self, news: TicketNews, scope: Scope, again=None) -> None:
        async def same() -> Scope:
            return scope

        self._changes = news.changes(scope, again or same)

    async def next(self) -> LiveNews | None:
        async with asyncio.timeout(10):
            return await anext(self._changes)

    async def nothing(self, seconds: float = 1.0) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await anext(self._changes)

    async def close(self) -> None:
        await self._changes.aclose()


@pytest.fixture
async def news(seeded_url, city_sessions):
    """Listens, as the web app does."""
    told = TicketNews(city_sessions)
    listener = Listener(seeded_url, told.note)
    changes = listener.changes()
    await anext(changes)
    listener.start()
    async with asyncio.timeout(10):
        await anext(changes)  # it listens
    await changes.aclose()
    yield told
    await listener.stop()


async def _open(news, *scopes) -> list[Page]:
    pages = [Page(news, scope) for scope in scopes]
    for page in pages:
        assert await page.next() == RELOAD  # who comes looks at everything first
    return pages


def of(*units: str) -> Scope:
    return Scope(city=False, units=units)


async def test_a_page_is_told_which_tickets_have_changed(life, news):
    (page,) = await _open(news, CITY)
    await life.begin()
    assert await page.next() == LiveNews(nos=[life.no])
    await life.do(A.APPROVE, DISPATCHER)
    assert await page.next() == LiveNews(nos=[life.no])
    await page.close()
    assert news._readers == set()


async def test_the_plain_page_is_told_that_a_ticket_has_changed(seeded_url, life):
    listener = Listener(seeded_url)
    changes = listener.changes()
    await anext(changes)
    listener.start()
    async with asyncio.timeout(10):
        await anext(changes)
        await life.begin()
        assert await anext(changes) == "changed"
    await changes.aclose()
    await listener.stop()


async def test_a_unit_is_told_of_its_own_tickets_and_of_no_others(life, news):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    unit, other, city = await _open(news, of(UNIT), of(OTHER, THIRD), CITY)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    assert await unit.next() == LiveNews(nos=[life.no])
    await life.do(A.SIGN, of_unit(UNIT, Role.UNIT_SIGNER))
    assert await unit.next() == LiveNews(nos=[life.no])
    assert (await city.next()).nos == [life.no]
    await other.nothing()


async def test_a_unit_hears_nothing_of_a_ticket_that_is_only_proposed_to_it(life, news):
    (unit,) = await _open(news, of(UNIT))
    await life.begin(host_unit=UNIT)
    await unit.nothing()


async def test_helpers_and_those_who_once_had_it_are_told_too(life, news):
    await life.begin(co_units=[OTHER])
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    await life.do(
        A.REQUEST_RETURN, of_unit(UNIT, Role.UNIT_SIGNER), code="R01", reason="非本单位职责", basis="三定",
        attachments=[await life.file()],
    )  # fmt: skip
    await life.do(A.APPROVE_RETURN, DISPATCHER, reason="成立")
    unit, other, third = await _open(news, of(UNIT), of(OTHER), of(THIRD))
    await life.do(A.DISPATCH, DISPATCHER, unit=THIRD)
    for page in (unit, other, third):
        assert await page.next() == LiveNews(nos=[life.no])


async def test_several_changes_at_once_are_one_message(life, news):
    (page,) = await _open(news, CITY)
    async with life.sessions() as db:
        for number in range(20):
            await new_ticket(db, life.book, f"YC20261102{number:05d}", life.now)
        await db.commit()
    told = await page.next()
    assert len(told.nos) == 20
    await page.nothing(0.5)


async def test_of_very_many_a_page_is_only_told_to_look_again(life, news, monkeypatch):
    monkeypatch.setattr("app.tickets.live._MOST", 5)
    (page,) = await _open(news, CITY)
    async with life.sessions() as db:
        for number in range(6):
            await new_ticket(db, life.book, f"YC20261102{number:05d}", life.now)
        await db.commit()
    assert await page.next() == RELOAD


async def test_one_statement_tells_of_thousands_in_messages_that_postgresql_takes(seeded_url, life):
    async with life.sessions() as db:
        await new_ticket(db, life.book, "T", life.now)
        with psycopg.connect(seeded_url, autocommit=True) as listener:
            listener.execute("LISTEN hotline_tickets")
            await db.execute(
                text("INSERT INTO tickets SELECT (jsonb_populate_record(t, "
                     "jsonb_build_object('id', t.id + n, 'no', n))).* FROM tickets t, generate_series(1, 1200) n")
            )  # fmt: skip
            await db.commit()
            await db.execute(text("UPDATE tickets SET warn_state = 1"))
            await db.execute(text("UPDATE tickets SET warn_state = 1 WHERE false"))
            await db.commit()
            told = [message.payload.split(",") for message in listener.notifies(timeout=2)]
    assert [len(ids) for ids in told if len(ids) > 1] == [500, 500, 200, 500, 500, 201]
    assert all(payload for payload in told)


async def test_a_message_holds_nothing_but_numbers(seeded_url, life):
    with psycopg.connect(seeded_url, autocommit=True) as listener:
        listener.execute("LISTEN hotline_tickets")
        await life.begin(caller_name="张三丰")
        payloads = [message.payload for message in listener.notifies(timeout=1)]
    assert payloads
    assert all(payload.replace(",", "").isdigit() for payload in payloads)


async def test_after_the_listening_broke_off_everything_is_looked_at_again(life, news):
    (page,) = await _open(news, of(UNIT))
    async with life.sessions() as db:
        await db.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE query LIKE 'LISTEN%' AND datname = current_database()")
        )  # fmt: skip
        await db.commit()
    assert await page.next() == RELOAD


async def test_when_the_database_is_away_a_page_is_told_to_look_again(city_sessions, monkeypatch):
    news = TicketNews(city_sessions)
    (page,) = await _open(news, of(UNIT))
    monkeypatch.setattr("app.tickets.live._UNITS", text("SELECT 1 / 0"))
    news.note([1])
    assert await page.next() == RELOAD


async def test_who_is_no_longer_signed_in_is_told_nothing_more(city_sessions, monkeypatch):
    monkeypatch.setattr("app.tickets.live._HEARTBEAT_S", 0.01)
    sights = iter([of(UNIT), None])

    async def again() -> Scope | None:
        return next(sights)

    page = Page(TicketNews(city_sessions), of(OTHER), again)
    assert await page.next() == RELOAD
    assert await page.next() is None
    with pytest.raises(StopAsyncIteration):
        await page.next()


class Busy:
    """A stream on which something happens each second, in a time that is set."""

    def __init__(self, sessions, scope: Scope, sights: list[Scope | None]) -> None:
        self.time, self.asked_at = 0.0, []
        self._sights = iter(sights)
        self.news = TicketNews(sessions, lambda: self.time)
        self.page = Page(self.news, scope, self._again)

    async def _again(self) -> Scope | None:
        self.asked_at.append(self.time)
        return next(self._sights)

    async def second(self, no: str) -> LiveNews | None:
        self.time += 1
        for reader in self.news._readers:
            reader.nos.add(no)
            reader.news.set()
        return await self.page.next()


async def test_a_busy_stream_is_asked_about_as_often_as_a_quiet_one_and_ends_with_the_session(city_sessions):
    busy = Busy(city_sessions, CITY, [CITY, None])
    assert await busy.page.next() == RELOAD
    for number in range(29):
        assert await busy.second(str(number)) == LiveNews(nos=[str(number)])
    with pytest.raises(StopAsyncIteration):
        await busy.second("29")
    assert busy.asked_at == [15.0, 30.0]


async def test_what_was_gathered_for_a_wider_sight_is_not_told_to_a_narrower_one(city_sessions):
    busy = Busy(city_sessions, CITY, [of(UNIT)])
    assert await busy.page.next() == RELOAD
    busy.time = 20.0
    assert await busy.second("T") == RELOAD
    (reader,) = busy.news._readers
    assert (reader.scope, reader.nos) == (of(UNIT), set())


async def test_without_readers_nobody_asks_who_may_see_what(city_sessions):
    news = TicketNews(city_sessions)
    news.note([1, 2, 3])
    news.note(None)
    assert news._teller is None


@asynccontextmanager
async def _running(app_settings, api):
    """The app on this test's own loop (the test client has another one), listening."""
    app = create_app(app_settings)
    app.state.now = lambda: api.life.now
    listening = app.state.live.changes()
    await anext(listening)
    async with app.lifespan():
        async with asyncio.timeout(10):
            await anext(listening)
        await listening.aclose()
        yield app


@asynccontextmanager
async def _stream(app, cookie: str):
    """/api/live over ASGI; yields a function that gives the next event's name and data."""
    sent: asyncio.Queue = asyncio.Queue()
    gone = asyncio.Event()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/api/live", "raw_path": b"/api/live", "root_path": "", "query_string": b"",
        "client": ("127.0.0.1", 1), "server": ("hotline.test", 80),
        "headers": [(b"host", b"hotline.test"), (b"cookie", f"{COOKIE}={cookie}".encode())], "app": app,
        "state": {},
    }  # fmt: skip

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    stream = asyncio.create_task(app(scope, receive, sent.put))
    async with asyncio.timeout(20):
        start = await sent.get()
    assert start["status"] == 200
    buffer = b""

    async def event() -> tuple[str, str]:
        nonlocal buffer
        async with asyncio.timeout(20):
            while b"\r\n\r\n" not in buffer:
                piece = await sent.get()
                if not piece.get("more_body"):
                    return "end", ""
                buffer += piece["body"]
        whole, _, buffer = buffer.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in whole.decode().splitlines())
        return lines["event"], lines["data"]

    yield event
    gone.set()
    await stream


async def test_over_http_a_units_user_gets_events_of_its_tickets_only(api, app_settings):
    await api.life.begin()
    await api.life.do(A.APPROVE, DISPATCHER)
    await api.as_(Role.UNIT_SIGNER, unit=UNIT)
    mine = api.cookies[str(Role.UNIT_SIGNER), UNIT]
    await api.as_(Role.UNIT_SIGNER, unit=OTHER)
    theirs = api.cookies[str(Role.UNIT_SIGNER), OTHER]
    async with (
        _running(app_settings, api) as app,
        _stream(app, mine) as unit,
        _stream(app, theirs) as other,
    ):
        for event in (unit, other):
            assert await event() == ("tickets", '{"nos":[],"reload":true}')
        await api.life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
        name, data = await unit()
        assert (name, json.loads(data)) == ("tickets", {"nos": [api.life.no], "reload": False})
        told = []
        with suppress(TimeoutError):
            async with asyncio.timeout(1.5):
                while True:
                    told.append(json.loads((await other())[1])["nos"])
        assert not any(told)


async def test_over_http_the_stream_ends_with_the_session(api, app_settings, monkeypatch):
    monkeypatch.setattr("app.tickets.live._HEARTBEAT_S", 0.1)
    await api.as_(Role.DISPATCHER)
    async with _running(app_settings, api) as app, _stream(app, api.cookies[str(Role.DISPATCHER), None]) as event:
        assert (await event())[0] == "tickets"
        assert await event() == ("still", "still")
        async with api.life.sessions() as db:
            await db.execute(text("UPDATE web_sessions SET revoked_at = :now"), {"now": datetime.now(UTC)})
            await db.commit()
        while (await event())[0] == "still":
            pass
        assert app.state.ticket_news._readers == set()


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.AUDITOR, Role.KNOWLEDGE_EDITOR])
async def test_who_sees_no_tickets_is_told_of_none(api, role):
    await api.as_(role)
    assert (await api.client.get("/api/live")).status_code == 403
    api.client.cookies.clear()
    assert (await api.client.get("/api/live")).status_code == 401
