"""Ratings over HTTP: from a platform that knows the secret, judged by the hotline, published to everybody."""

from __future__ import annotations

from datetime import datetime

import pytest

from models.codes import Role
from telephony.events import SECRET_HEADER
from tests.app.people import sign_in_as
from tests.fixtures.life import SHANGHAI, UNIT

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=SHANGHAI)
RATING = {
    "source": "window", "external_id": "P1", "unit": UNIT, "item": "施工许可证核发", "rating": 2, "words": "跑了三趟",
    "real_name": True, "rater_name": "王五", "rater_phone": "13900000009",
}  # fmt: skip


@pytest.fixture
def at_ten(web_app):
    web_app.state.now = lambda: NOW


@pytest.fixture
def platform(client, web_app, at_ten):
    async def send(**values):
        headers = {SECRET_HEADER: web_app.state.internal_secret}
        return await client.post("/api/exchange/evaluations", json={**RATING, **values}, headers=headers)

    return send


@pytest.fixture
def sign_in(client, city_db):
    async def signed(role, unit=None):
        await sign_in_as(client, city_db, role, unit)

    return signed


async def test_only_a_platform_with_the_secret_hands_ratings_over(client, at_ten):
    answer = await client.post("/api/exchange/evaluations", json=RATING)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:hotline:auth.required")


async def test_a_rating_is_taken_in_once_and_never_tells_who_rated(platform):
    first, second = await platform(), await platform()
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.json()["ticket_no"]
    assert "王五" not in first.text
    assert "13900000009" not in first.text


@pytest.mark.parametrize(
    ("values", "status", "kind"),
    [
        ({"rating": 6}, 422, "input.invalid"),
        ({"unit": "nobody"}, 422, "input.unknown"),
        ({"words": "x" * 2001}, 422, "input.invalid"),
        ({"extra": 1}, 422, "input.invalid"),
    ],
    ids=["rating", "unit", "long", "extra"],
)
async def test_a_rating_that_cannot_be_is_refused_with_a_stable_id(platform, values, status, kind):
    answer = await platform(**values)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:hotline:{kind}")


async def test_it_is_listed_judged_and_published(client, platform, sign_in):
    taken = (await platform()).json()
    await sign_in(Role.DISPATCHER)
    (listed,) = (await client.get("/api/evaluations?state_code=verify")).json()
    assert listed["id"] == taken["id"]
    verdict = {"verdict": "c", "reason": "缺乏依据"}
    answer = await client.post(f"/api/evaluations/{taken['id']}/verdict", json=verdict)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hotline:evaluation.not_called_back")
    no = taken["ticket_no"]
    tag = (await client.get(f"/api/tickets/{no}")).headers["ETag"]
    said = {"result": "reached", "at": NOW.isoformat(), "number": "13900000009"}
    answer = await client.post(f"/api/tickets/{no}/actions/contact", json=said, headers={"If-Match": tag})
    assert answer.status_code == 200
    answer = await client.post(f"/api/evaluations/{taken['id']}/verdict", json=verdict)
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    await sign_in(Role.DISPATCH_SUPERVISOR)
    answer = await client.post(f"/api/evaluations/{taken['id']}/publication", json={"reply": "已向王先生说明"})
    assert answer.status_code == 200
    public = await client.get("/api/public/evaluations?since=2026-11-01T00:00:00&until=2026-12-01T00:00:00")
    (line,) = public.json()
    assert (line["bad"], line["callback_rate"], line["replies"]) == (1, 1.0, ["已向某先生说明"])


async def test_an_impossible_stretch_of_time_is_refused(client, at_ten):
    answer = await client.get("/api/public/evaluations?since=2026-12-01T00:00:00&until=2026-11-01T00:00:00")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.time")


async def test_a_unit_does_not_list_who_rated_it(client, platform, sign_in):
    await platform()
    await sign_in(Role.UNIT_HANDLER, unit=UNIT)
    assert (await client.get("/api/evaluations")).status_code == 403
