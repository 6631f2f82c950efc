"""Taking appeals in over HTTP: agents, citizens, once however often it is sent, and nothing bad gets in."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from models.codes import Role
from models.verify import verify

from .telling import CONSULT

APPEAL = {"channel": "40", "content": CONSULT, "phone": "13900000001", "caller_name": "张三"}
FORM = {"content": "宁安北街的路灯坏了三天了", "phone": "13900000001", "consent": True}
TABLES = ("tickets", "ticket_events", "clocks", "holdings", "messages", "outbox", "citizens", "idempotency_keys")


async def _register(api, body=APPEAL, key=None):
    return await api.client.post("/api/tickets", json=body, headers={"Idempotency-Key": key} if key else {})


async def _submit(api, body=FORM, **headers):
    return await api.client.post("/api/public/appeals", json=body, headers=headers)


async def _everything(api):
    return [await api.life.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]


async def test_an_agent_writes_a_letter_down_and_reads_its_ticket(api):
    login = await api.as_(Role.AGENT)
    answer = await _register(api)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["status"], told["status_name"], told["version"]) == (10, "登记中", 1)
    assert answer.headers["Location"] == f"/api/tickets/{told['no']}"
    assert answer.headers["ETag"] == '"1"'
    found = (await api.get(f"/{told['no']}")).json()
    assert (found["channel"], found["registered_by"], found["content"]) == ("信函", f"user:{login}", CONSULT)
    assert found["citizen_due"] == told["citizen_due"]
    async with api.life.sessions() as db:
        assert [check.name for check in await verify(db) if check.breaches] == []


async def test_the_same_registration_sent_again_makes_one_ticket_also_by_many_at_once(api):
    await api.as_(Role.AGENT)
    answers = await asyncio.gather(*(_register(api, key="k-1") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["no"] for answer in answers}) == 1
    assert len(await api.life.rows("SELECT id FROM tickets")) == 1
    assert len(await api.life.rows("SELECT id FROM messages")) == 1
    other = await _register(api, {**APPEAL, "content": "另一件事情"}, key="k-1")
    assert (other.status_code, other.json()["type"]) == (422, "urn:hotline:idempotency.reused")


async def test_another_platforms_ticket_is_registered_once(api):
    await api.as_(Role.AGENT)
    body = {**APPEAL, "channel": "12", "upper_system": "110", "upper_no": "JQ-2026-1"}
    first = (await _register(api, body)).json()
    again = await _register(api, body)
    assert (again.status_code, again.json()["type"]) == (409, "urn:hotline:intake.already_registered")
    assert again.json()["no"] == first["no"]
    assert len(await api.life.rows("SELECT id FROM tickets")) == 1


@pytest.mark.parametrize("role", [Role.CALLBACK, Role.LEADER, Role.OBSERVER, Role.UNIT_SIGNER], ids=str)
async def test_who_may_not_take_appeals_in_is_refused(api, role):
    await api.as_(role, unit="640106-ZJ")
    assert (await _register(api)).status_code == 403


async def test_a_citizen_hands_an_appeal_in_and_keeps_its_number_and_code(api):
    answer = await _submit(api)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    (ticket,) = await api.life.rows("SELECT no, query_code, channel, registered_by, status FROM tickets")
    assert (told["no"], told["query_code"], told["feedback"]) == (ticket["no"], ticket["query_code"], True)
    assert (ticket["channel"], ticket["registered_by"], ticket["status"]) == ("22", None, 10)
    (event,) = await api.life.rows("SELECT actor, payload FROM ticket_events")
    assert (event["actor"], event["payload"]["consent"]) == ("citizen", True)


async def test_who_leaves_no_number_is_told_that_nobody_can_write_to_him(api):
    told = (await _submit(api, {"content": FORM["content"], "consent": True})).json()
    assert told["feedback"] is False
    assert await api.life.rows("SELECT id FROM messages") == []


async def test_one_address_may_send_a_few_and_then_has_to_wait(api):
    for _ in range(5):
        assert (await _submit(api)).status_code == 201
    refused = await _submit(api)
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:hotline:intake.too_many")
    api.life.later(seconds=refused.json()["retry_after_s"] - 2)
    assert (await _submit(api)).status_code == 429
    api.life.later(seconds=2)
    assert (await _submit(api)).status_code == 201
    assert len(await api.life.rows("SELECT id FROM tickets")) == 6


PUBLIC_BAD = {
    "no consent": ({"consent": False}, 422, "intake.consent_required"),
    "consent not said": ({"consent": None}, 422, "input.invalid"),
    "a few letters": ({"content": "你好"}, 422, "intake.nothing_said"),
    "the same again and again": ({"content": "啊啊啊啊啊啊啊啊"}, 422, "intake.nothing_said"),
    "another channel": ({"channel": "12"}, 422, "input.invalid"),
    "no channel at all": ({"channel": "99"}, 422, "input.invalid"),
    "an agent's field": ({"urgency": 1}, 422, "input.invalid"),
    "a script": ({"content": "请看<script src=//x></script>这里"}, 422, "input.markup"),
    "overlong": ({"content": "长" * 4001}, 422, "input.invalid"),
    "a number that is none": ({"phone": "不告诉你"}, 422, "input.invalid"),
}


@pytest.mark.parametrize("what", PUBLIC_BAD, ids=str)
async def test_a_citizens_form_that_cannot_be_is_refused_in_chinese_and_changes_nothing(api, what):
    change, status, kind = PUBLIC_BAD[what]
    before = await _everything(api)
    answer = await _submit(api, {**FORM, **change})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:hotline:{kind}")
    assert not answer.json()["detail"].isascii()
    assert await _everything(api) == before


STAFF_BAD = {
    "broken JSON": (b'{"channel": "40", "content": ', 400, "request.invalid"),
    "no JSON at all": (b"\x00\xff\xfe", 400, "request.invalid"),
    "a list": (b"[]", 422, "input.invalid"),
    "nothing": (b"", 422, "input.invalid"),
    "half a character": (b'{"channel": "40", "content": "\\ud800"}', 400, "request.invalid"),
    "a NUL": (b'{"channel": "40", "content": "a\\u0000b"}', 422, "input.invalid"),
    "overlong": (b'{"channel": "40", "content": "' + "长".encode() * 4001 + b'"}', 422, "input.invalid"),
    "huge": (b'{"channel": "40", "content": "' + b"x" * 300_000 + b'"}', 413, "http.413"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, 400, "request.invalid"),
    "a field nobody knows": (b'{"channel": "40", "content": "x", "status": 80}', 422, "input.invalid"),
    "a loop's channel": (b'{"channel": "24", "content": "x"}', 422, "input.invalid"),
    "too many files": (
        b'{"channel": "40", "content": "x", "attachments": [' + b"1," * 20 + b"1]}",
        422,
        "input.invalid",
    ),
    "a time without sense": (b'{"channel": "40", "content": "x", "occurred_at": "gestern"}', 422, "input.invalid"),
    "urgency by hand": (b'{"channel": "40", "content": "x", "urgency": 4}', 422, "input.invalid"),
}


@pytest.mark.parametrize("what", STAFF_BAD, ids=str)
async def test_a_registration_that_cannot_be_is_refused_in_chinese_and_changes_nothing(api, what):
    body, status, kind = STAFF_BAD[what]
    await api.as_(Role.AGENT)
    before = await _everything(api)
    answer = await api.client.post("/api/tickets", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:hotline:{kind}"), answer.text
    assert not answer.json()["detail"].isascii()
    assert await _everything(api) == before


async def test_a_time_to_come_is_refused(api):
    await api.as_(Role.AGENT)
    answer = await _register(api, {**APPEAL, "occurred_at": (api.life.now + timedelta(minutes=1)).isoformat()})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.time")
