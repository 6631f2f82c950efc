"""Signing in and out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from app.auth.guards import COOKIE
from app.auth.passwords import hash_password, matches
from app.auth.services import (
    BusyError,
    HashingQueue,
    LockedError,
    WrongPasswordError,
    identity_of,
    sign_in,
    sign_out,
    token_hash,
)
from app.main import create_app
from models.codes import Role

from .people import PASSWORD, add_user, session_of
from .telling import rows

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_password_is_kept_as_an_argon2id_hash_of_its_own():
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert matches(first, PASSWORD)
    assert not matches(first, PASSWORD + " ")


def test_nobody_has_a_password_not_even_the_one_that_keeps_the_time():
    assert not matches(None, PASSWORD)
    assert not matches(None, "nobody has this password")


async def test_a_session_begins_with_the_right_password_and_ends_with_signing_out(db, direct):
    user = await add_user(db, "wang", "agent", "quality", unit=None)
    token = await sign_in(db, "wang", PASSWORD, NOW, HOUR)
    who = await identity_of(direct, token, NOW)
    assert (who.user_id, who.login, who.name, who.actor) == (user.id, "wang", "用户wang", "user:wang")
    assert who.roles == {Role.AGENT, Role.QUALITY}
    assert await identity_of(direct, token + "x", NOW) is None
    await sign_out(db, token, NOW)
    assert await identity_of(direct, token, NOW) is None


async def test_the_database_does_not_know_the_token(db):
    await add_user(db, "wang", "agent")
    token = await sign_in(db, "wang", PASSWORD, NOW, HOUR)
    assert await rows(db, "SELECT token_hash, expires_at FROM web_sessions") == [(token_hash(token), NOW + HOUR)]
    assert token not in token_hash(token)


async def test_a_session_is_over_when_its_time_is(db, direct):
    await add_user(db, "wang", "agent")
    token = await sign_in(db, "wang", PASSWORD, NOW, HOUR)
    assert await identity_of(direct, token, NOW + HOUR - timedelta(seconds=1)) is not None
    assert await identity_of(direct, token, NOW + HOUR) is None


async def test_a_user_who_is_no_longer_active_is_out_at_once_and_stays_out(db, direct):
    await add_user(db, "wang", "agent")
    token = await sign_in(db, "wang", PASSWORD, NOW, HOUR)
    await db.execute(text("UPDATE users SET active = false"))
    await db.commit()
    assert await identity_of(direct, token, NOW) is None
    with pytest.raises(WrongPasswordError):
        await sign_in(db, "wang", PASSWORD, NOW, HOUR)


async def _fails(db, now, password="wrong") -> str:
    with pytest.raises((WrongPasswordError, LockedError)) as caught:
        await sign_in(db, "wang", password, now, HOUR)
    return caught.value.id


async def test_from_the_fifth_wrong_password_on_the_login_is_locked_ever_longer(db):
    await add_user(db, "wang", "agent")
    for before, seconds in ((3, 0), (4, 5), (5, 10), (6, 20), (11, 640), (12, 900), (1000, 900)):
        await db.execute(text("UPDATE users SET failures = :n, locked_until = NULL"), {"n": before})
        assert await _fails(db, NOW) == "auth.wrong_password"
        over = NOW + timedelta(seconds=seconds) if seconds else None
        assert await rows(db, "SELECT failures, locked_until FROM users") == [(before + 1, over)]
        db.expire_all()


async def test_while_a_login_is_locked_the_right_password_is_refused_and_afterwards_all_is_forgotten(db):
    over = NOW + timedelta(seconds=20)
    await add_user(db, "wang", "agent", failures=7, locked_until=over)
    assert await _fails(db, over - timedelta(seconds=1), PASSWORD) == "auth.locked"
    await sign_in(db, "wang", PASSWORD, over, HOUR)
    assert await rows(db, "SELECT failures, locked_until FROM users") == [(0, None)]


async def test_signing_in_and_being_refused_are_in_the_audit_log(db):
    user = await add_user(db, "wang", "agent")
    await _fails(db, NOW)
    await sign_in(db, "wang", PASSWORD, NOW, HOUR)
    assert await rows(db, "SELECT actor, action, subject, at FROM audit_log ORDER BY seq") == [
        ("user:wang", "auth.refused", f"user:{user.id}", NOW),
        ("user:wang", "auth.signed_in", f"user:{user.id}", NOW),
    ]


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(client, city_db):
    await add_user(city_db, "wang", "agent")
    answers = [
        await client.post("/auth/sign-in", json={"login": login, "password": "wrong"}) for login in ("wang", "li")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["type"] == "urn:hotline:auth.wrong_password"
    assert all(COOKIE not in answer.cookies for answer in answers)


async def test_a_locked_login_is_told_so_with_429(client, city_db):
    await add_user(city_db, "wang", "agent", locked_until=datetime.now(UTC) + HOUR)
    answer = await client.post("/auth/sign-in", json={"login": "wang", "password": PASSWORD})
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:hotline:auth.locked")


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"login": "a"},
        {"login": "", "password": "x"},
        {"login": "a", "password": "x" * 257},
        {"login": 1, "password": "x"},
    ],
)
async def test_credentials_that_are_none_are_refused(client, credentials):
    answer = await client.post("/auth/sign-in", json=credentials)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.invalid")


async def test_a_browser_signs_in_asks_who_it_is_and_signs_out(client, city_db):
    await add_user(city_db, "wang", "unit_signer", unit="640106")
    answer = await client.post("/auth/sign-in", json={"login": "wang", "password": PASSWORD})
    assert answer.status_code == 204
    assert (await client.get("/auth/me")).json() == {
        "login": "wang", "name": "用户wang", "unit": "640106", "roles": ["unit_signer"], "role_names": ["单位签收员"],
        "permissions": ["content.read", "tickets.unit"],
    }  # fmt: skip
    stolen = client.cookies[COOKIE]
    answer = await client.post("/auth/sign-out")
    assert answer.status_code == 204
    assert COOKIE not in client.cookies
    assert (await client.get("/auth/me")).status_code == 401
    answer = await client.get("/auth/me", headers={"Cookie": f"{COOKIE}={stolen}"})
    assert answer.status_code == 401  # ended on the server, not only in the browser


@pytest.mark.parametrize("secure", [False, True])
async def test_the_cookie_is_out_of_scripts_reach_and_behind_tls_only_sent_over_it(app_settings, city_db, secure):
    await add_user(city_db, "wang", "agent")
    settings = app_settings.model_copy(update={"secure_cookies": secure, "session_hours": 2.0})
    async with AsyncTestClient(create_app(settings)) as client:
        answer = await client.post("/auth/sign-in", json={"login": "wang", "password": PASSWORD})
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert flags == {"httponly", "samesite=lax", "path=/", "max-age=7200"} | ({"secure"} if secure else set())


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 204),
        ("http://hotline.test", 204),
        ("http://evil.test", 403),
        ("http://hotline.test.evil.test", 403),
        ("http://hotline.test:8080", 403),
        ("null", 403),
    ],
)
async def test_what_changes_something_must_come_from_our_own_pages(client, city_db, origin, status):
    user = await add_user(city_db, "wang", "agent")
    client.cookies.set(COOKIE, await session_of(city_db, user))
    headers = {} if origin is None else {"Origin": origin}
    assert (await client.get("/auth/me", headers=headers)).status_code == 200
    answer = await client.post("/auth/sign-out", headers=headers)
    assert answer.status_code == status
    assert (await client.get("/auth/me")).status_code == (401 if status == 204 else 200)


async def test_so_many_hash_at_once_and_so_many_wait_and_the_next_is_told_to_come_again():
    queue = HashingQueue(parallel=1, waiting=1)
    go, order = asyncio.Event(), []

    async def one(name):
        async with queue.turn():
            order.append(name)
            await go.wait()

    first, second = asyncio.create_task(one("first")), asyncio.create_task(one("second"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["first"]
    with pytest.raises(BusyError):
        await one("third")
    go.set()
    await asyncio.gather(first, second)
    await one("fourth")
    assert order == ["first", "second", "fourth"]


async def test_a_flood_of_unknown_logins_is_answered_429(client, web_app, city_db):
    web_app.state.hashing = HashingQueue(parallel=0, waiting=0)
    answer = await client.post("/auth/sign-in", json={"login": "nobody", "password": "x"})
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:hotline:auth.busy")
