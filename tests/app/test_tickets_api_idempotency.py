"""One key, one creation: asked for again, by two at once, and after a crash."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import pytest
from litestar import post
from litestar.params import JSONBody
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from app.api.idempotency import Answer, KeyInvalidError, KeyReusedError, fingerprint_of, once
from app.jobs.keys import sweep_keys
from app.main import create_app
from app.problems import AnyRequest

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Made(msgspec.Struct):
    number: int


async def _create(db, actor="user:a", key="k1", fingerprint="f", now=NOW, *, begun=None, end=None, fail=False):
    async def work() -> Answer:
        result = await db.execute(
            text("INSERT INTO citizens (phone, created_at) VALUES (gen_random_uuid(), now()) RETURNING id")
        )  # fmt: skip
        if begun is not None:
            begun.set()
            await end.wait()
        if fail:
            raise RuntimeError("died in the middle")
        made = result.scalar_one()
        return Answer.of(Made(made), ETag='"1"', Location=f"/things/{made}")

    return await once(db, actor, key, fingerprint, now, work)


async def _created(db) -> int:
    found = (await db.execute(text("SELECT count(*) FROM citizens"))).scalar_one()
    await db.rollback()
    return found


async def test_the_same_request_again_is_given_the_same_answer(db):
    first = await _create(db)
    again = await _create(db, now=NOW + timedelta(hours=23))
    assert (again.status, again.body, dict(again.headers)) == (first.status, first.body, dict(first.headers))
    assert (first.repeated, again.repeated) == (False, True)
    assert await _created(db) == 1


async def test_two_at_once_create_one(db_sessions):
    begun, end = asyncio.Event(), asyncio.Event()

    async def one() -> Answer:
        async with db_sessions() as db:
            return await _create(db, begun=begun, end=end)

    asking = [asyncio.create_task(one()) for _ in range(4)]
    await begun.wait()
    await asyncio.sleep(0.1)  # the others come to the key that is being written
    end.set()
    answers = await asyncio.gather(*asking)
    assert len({answer.body for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]
    async with db_sessions() as db:
        assert await _created(db) == 1


async def test_what_failed_in_the_middle_has_made_nothing_and_may_be_tried_again(db, db_sessions):
    with pytest.raises(RuntimeError):
        await _create(db, fail=True)
    assert await _created(db) == 0
    async with db_sessions() as other:
        assert not (await _create(other)).repeated
    assert await _created(db) == 1


async def test_a_process_that_is_killed_leaves_neither_the_thing_nor_the_key(db, db_sessions):
    async with db_sessions() as dying:
        begun = asyncio.Event()
        task = asyncio.create_task(_create(dying, begun=begun, end=asyncio.Event()))
        await begun.wait()
        waiting = asyncio.create_task(_create(db))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not (await waiting).repeated
    assert await _created(db) == 1


async def test_the_same_key_with_something_else_is_refused(db):
    await _create(db)
    with pytest.raises(KeyReusedError) as refused:
        await _create(db, fingerprint="another")
    assert (refused.value.id, refused.value.status) == ("idempotency.reused", 422)
    assert await _created(db) == 1


async def test_anothers_key_is_another_key(db):
    bodies = {(await _create(db, actor)).body for actor in ("user:a", "user:b")}
    assert len(bodies) == 2


async def test_without_a_key_each_request_creates(db):
    for _ in range(2):
        assert not (await _create(db, key=None)).repeated
    assert await _created(db) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "键", "k" * 129, "a\n"])
async def test_a_key_that_is_none_is_refused(db, key):
    with pytest.raises(KeyInvalidError):
        await _create(db, key=key)
    assert await _created(db) == 0


async def test_a_day_later_the_key_is_free_swept_or_not(db):
    await _create(db)
    assert not (await _create(db, now=NOW + timedelta(hours=24))).repeated
    await _create(db, key="k2", now=NOW + timedelta(hours=30))
    assert await sweep_keys(db, NOW + timedelta(hours=48)) == 1
    assert (await db.execute(text("SELECT key FROM idempotency_keys"))).scalars().all() == ["k2"]


async def test_over_http_the_answer_and_its_headers_come_again(app_settings):
    numbers = count(1)

    @post("/things")
    async def create(request: AnyRequest, data: JSONBody[dict[str, int]]) -> object:
        async def work() -> Answer:
            number = next(numbers)
            return Answer.of(Made(number + data["plus"]), ETag='"1"', Location=f"/things/{number}")

        async with request.app.state.sessions() as db:
            key = request.headers.get("idempotency-key")
            return (await once(db, "user:a", key, await fingerprint_of(request), NOW, work)).response()

    app = create_app(app_settings)
    app.register(create)
    async with AsyncTestClient(app) as client:
        answers = [
            await client.post("/things", json={"plus": plus}, headers={"Idempotency-Key": "k"}) for plus in (1, 1, 2)
        ]
    first, again, reused = answers
    assert (first.status_code, first.json(), first.headers["location"]) == (201, {"number": 2}, "/things/1")
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, {"number": 2}, '"1"')
    assert again.headers["content-type"] == first.headers["content-type"] == "application/json"
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert (reused.status_code, reused.json()["type"]) == (422, "urn:hotline:idempotency.reused")
