"""Whether it lives, whether it can serve, what it counts."""

from __future__ import annotations

import psycopg
import pytest
from httpx import ASGITransport, AsyncClient
from litestar.testing import AsyncTestClient

from app.main import create_app
from telephony.events import SECRET_HEADER

from .people import sign_in_as


async def test_with_its_database_it_lives_and_is_ready(client):
    assert (await client.get("/health/live")).json() == {"status": "live"}
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "database": "ok"})


async def test_without_its_database_it_lives_but_is_not_ready(app_settings, tmp_path):
    away = app_settings.model_copy(update={"database_url": f"postgresql://postgres:@/x?host={tmp_path}"})
    async with AsyncTestClient(create_app(away)) as client:
        assert (await client.get("/health/live")).status_code == 200
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unready", "database": "unreachable"})


async def test_on_a_database_of_another_version_it_is_not_ready(client, seeded_url):
    with psycopg.connect(seeded_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "unready", "database": "other version"})


async def test_on_an_empty_database_it_is_not_ready(app_settings, empty_database_url):
    settings = app_settings.model_copy(update={"database_url": empty_database_url})
    async with AsyncTestClient(create_app(settings)) as client:
        assert (await client.get("/health/ready")).status_code == 503


async def test_metrics_count_requests_by_route_and_show_no_personal_data(client, city_db):
    await sign_in_as(client, city_db, "director")
    await client.get("/api/tickets/13900000001")
    await client.get("/api/calls/c13900000001/recordings/citizen/1")
    await client.get("/13900000001")
    await client.post("/auth/sign-in", json={"login": "13900000001", "password": "x"})
    await sign_in_as(client, city_db, "system_admin")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'hotline_http_request_seconds_count{route="/api/tickets/{no}",status="404"}' in answer.text
    assert "1390000" not in answer.text


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.1", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 401),
        ("192.0.2.1", {SECRET_HEADER: "wrong"}, 401),
    ],
)
async def test_metrics_are_for_this_machine_and_not_for_whom_a_proxy_passes_on(client, web_app, peer, headers, status):
    transport = ASGITransport(web_app, client=(peer, 1))
    async with AsyncClient(transport=transport, base_url="http://hotline.test") as asker:
        assert (await asker.get("/metrics", headers=headers)).status_code == status
        secret = {SECRET_HEADER: web_app.state.internal_secret}
        assert (await asker.get("/metrics", headers=secret)).status_code == 200
