"""Ratings over HTTP: from a platform that knows the secret, judged by the hotline, published to everybody."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from app.evaluations.schemas import NewRating
from app.evaluations.services import Verdict, judge
from app.evaluations.taking import take_rating
from app.intake.keys import new_key
from models.codes import Role
from models.workflow_codes import EvaluationClass
from models.workflow_codes import TicketAction as A
from telephony.events import SECRET_HEADER
from tests.app.people import sign_in_as
from tests.fixtures.life import CHIEF, DISPATCHER, SHANGHAI, UNIT

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=SHANGHAI)
RATING = {
    "source": "window", "external_id": "P1", "unit": UNIT, "item": "施工许可证核发", "rating": 2, "words": "跑了三趟",
    "real_name": True, "rater_name": "王五", "rater_phone": "13900000009",
}  # fmt: skip
ALL_DIGITS = "*" * 11


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


async def test_a_platforms_key_opens_the_door_and_is_the_source_whatever_it_says(client, web_app, at_ten, city_db):
    sent = {name: value for name, value in RATING.items() if name != "source"}
    answers = []
    for platform in ("gov-app", "window"):
        headers = {"Authorization": f"Bearer {new_key(web_app.state.settings.data_dir, platform)}"}
        answers += [
            await client.post("/api/exchange/evaluations", json=body, headers=headers)
            for body in (sent, {**sent, "source": "somebody else"})
        ]
    assert [answer.status_code for answer in answers] == [201] * 4
    first, again, other, _ = [answer.json()["id"] for answer in answers]
    assert first == again != other
    rows = await city_db.execute(text("SELECT source, external_id FROM service_evaluations ORDER BY id"))
    assert [tuple(row) for row in rows] == [("gov-app", "gov-app/P1"), ("window", "window/P1")]


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {SECRET_HEADER: "wrong"}], ids=str)
async def test_a_wrong_key_or_secret_hands_nothing_over(client, at_ten, headers):
    answer = await client.post("/api/exchange/evaluations", json=RATING, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:hotline:auth.required")


async def test_who_has_the_secret_says_where_it_was_given(platform):
    answer = await platform(source=None)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.missing")


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


async def test_who_may_read_words_sees_the_raters_number_covered_and_an_observer_no_words(client, platform, sign_in):
    await platform(words="跑了三趟，打13900000009没人接", item="查询13900000009")
    await sign_in(Role.DISPATCHER)
    (seen,) = (await client.get("/api/evaluations")).json()
    assert (seen["words"], seen["item"]) == (f"跑了三趟，打{ALL_DIGITS}没人接", f"查询{ALL_DIGITS}")
    await sign_in(Role.CALLBACK)
    (seen,) = (await client.get("/api/evaluations")).json()
    assert seen["words"] == "跑了三趟，打139****0009没人接"
    await sign_in(Role.OBSERVER)
    (seen,) = (await client.get("/api/evaluations")).json()
    assert (seen["words"], seen["item"], seen["rating"], seen["unit"]) == ("", "", 2, UNIT)


@pytest.mark.parametrize("confidential", [True, False])
async def test_the_rated_unit_sees_not_a_digit_of_who_rated_it_nor_his_name(api, confidential):
    life = api.life
    async with life.sessions() as db:
        new = NewRating(**{**RATING, "words": "请打13900000009"})
        row, life.no = await take_rating(db, life.book, new, life.now)
        await db.commit()
    spare = "13733334444"
    await life.do(A.CONTACT, DISPATCHER, result="reached", at=life.now, number=spare, text=f"改用{spare}联系")
    async with life.sessions() as db:
        await judge(db, life.book, row.id, Verdict(EvaluationClass.CLEAR, "属实"), DISPATCHER, life.now)
        await db.commit()
    if not confidential:
        await life.do(A.UNMARK_CONFIDENTIAL, CHIEF, reason="误标")
    for role in (Role.UNIT_HANDLER, Role.UNIT_SIGNER):
        await api.as_(role, unit=UNIT)
        ticket = (await api.get(f"/{life.no}")).json()
        assert (ticket["relation"], ticket["caller_phone"], ticket["caller_name"]) == ("host", ALL_DIGITS, "（已脱敏）")
        assert {part["number"] for part in ticket["contacts"]} == {ALL_DIGITS}
        assert {part["recipient"] for part in ticket["messages"]} == {ALL_DIGITS}
        for path in ("", f"/{life.no}", f"/{life.no}/timeline"):
            said = (await api.get(path)).text
            assert not [part for part in ("0009", "139*", "4444", "137*", "王五", "王*") if part in said], path
    await api.as_(Role.CALLBACK)
    ticket = (await api.get(f"/{life.no}")).json()
    assert (ticket["caller_phone"], ticket["caller_name"]) == ("139****0009", "王*")


async def test_an_impossible_stretch_of_time_is_refused(client, at_ten):
    answer = await client.get("/api/public/evaluations?since=2026-12-01T00:00:00&until=2026-11-01T00:00:00")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.time")


async def test_a_unit_does_not_list_who_rated_it(client, platform, sign_in):
    await platform()
    await sign_in(Role.UNIT_HANDLER, unit=UNIT)
    assert (await client.get("/api/evaluations")).status_code == 403
