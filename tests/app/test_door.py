"""The door between telephony and app: an answer of 200 means that it is committed."""

from __future__ import annotations

import msgspec
import psycopg
import pytest
from litestar.testing import AsyncTestClient

from app.main import create_app
from app.metrics import CALL_EVENTS
from telephony.events import CALL_EVENTS_PATH, SECRET_HEADER, Delivery, Envelope

from .telling import Story, whole


@pytest.fixture
def headers(web_app):
    return {SECRET_HEADER: web_app.state.internal_secret, "Content-Type": "application/json"}


def _body(*events: Envelope) -> bytes:
    return msgspec.json.encode(Delivery(list(events)))


def _stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT count(*) FROM call_events").fetchone()[0]


async def test_what_is_acknowledged_is_committed_and_told_again_it_is_a_repetition(client, headers, seeded_url):
    story = whole("路灯不亮")
    answer = await client.post(CALL_EVENTS_PATH, content=_body(*story.told), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 6, "repeated": 0})
    assert _stored(seeded_url) == 6  # seen by another connection
    answer = await client.post(CALL_EVENTS_PATH, content=_body(*story.told), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 0, "repeated": 6})


@pytest.mark.parametrize("given", [None, "", "wrong", "密钥"])
async def test_without_the_secret_nothing_is_taken(client, headers, seeded_url, given):
    del headers[SECRET_HEADER]
    if given is not None:
        headers[SECRET_HEADER] = given.encode()
    answer = await client.post(CALL_EVENTS_PATH, content=_body(*whole("路灯").told), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:hotline:auth.required", "title": "请先登录", "status": 401, "detail": "内部接口密钥错误",
        "instance": CALL_EVENTS_PATH,
    }  # fmt: skip
    assert _stored(seeded_url) == 0


async def test_a_signed_in_user_is_not_telephony(client, headers):
    del headers[SECRET_HEADER]
    answer = await client.post(CALL_EVENTS_PATH, content=_body(), headers={**headers, "Cookie": "hotline_session=x"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"events": [{}]}', b'{"events": [{"call_id": "c", "seq": 0, "at": "x"}]}', b"\xff\xfe"],
)
async def test_a_body_that_is_no_delivery_is_refused_for_good(client, headers, body):
    answer = await client.post(CALL_EVENTS_PATH, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:hotline:request.invalid"
    assert answer.json()["detail"].startswith("通话事件格式错误")


async def test_words_the_database_cannot_hold_are_refused_for_good_and_not_for_ever_tried_again(
    client, headers, seeded_url
):
    story = Story()
    story.caption("路灯\0不亮")
    answer = await client.post(CALL_EVENTS_PATH, content=_body(*story.told), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:hotline:request.invalid")
    assert _stored(seeded_url) == 0


async def test_a_body_of_more_than_four_megabytes_is_too_large(client, headers):
    answer = await client.post(CALL_EVENTS_PATH, content=b" " * 4_000_001, headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["type"], answer.json()["title"]) == ("urn:hotline:http.413", "请求内容过大")


async def test_while_the_database_is_down_nothing_is_acknowledged(app_settings, tmp_path):
    away = app_settings.model_copy(update={"database_url": f"postgresql://postgres:@/x?host={tmp_path}"})
    app = create_app(away)
    async with AsyncTestClient(app) as client:
        headers = {SECRET_HEADER: app.state.internal_secret}
        answer = await client.post(CALL_EVENTS_PATH, content=_body(*whole("路灯").told), headers=headers)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["type"] == "urn:hotline:database.unavailable"


async def test_a_commit_that_fails_is_not_acknowledged(client, headers, seeded_url):
    with psycopg.connect(seeded_url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
            "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON call_events DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION no()"
        )
    answer = await client.post(CALL_EVENTS_PATH, content=_body(*whole("路灯").told), headers=headers)
    assert answer.status_code == 500  # not among the ones after which telephony puts an event aside
    assert _stored(seeded_url) == 0


async def test_kinds_are_counted_by_name_only_when_the_contract_has_them(client, headers):
    def counted(kind: str) -> float:
        return CALL_EVENTS.labels(kind)._value.get()

    before = counted("answered"), counted("other")
    story = Story()
    story.answered()
    story.tell({"type": "张三13900000001"})
    await client.post(CALL_EVENTS_PATH, content=_body(*story.told), headers=headers)
    assert (counted("answered"), counted("other")) == (before[0] + 1, before[1] + 1)
    assert "张三" not in (await client.get("/metrics")).text
