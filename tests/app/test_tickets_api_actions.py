"""Acting on tickets over HTTP: what is open to whom, one of two wins, and what is refused changes nothing."""

from __future__ import annotations

import asyncio

import pytest

from models.codes import Role
from models.workflow_codes import TicketAction
from tests.fixtures.life import DISPATCHER, OTHER, UNIT, new_ticket

SIGN = {"no", "version", "status", "status_name", "unit", "unit_code", "sub_unit", "due", "citizen_due", "warn_state",
        "supervise_level"}  # fmt: skip


async def _actions(api) -> dict:
    answer = await api.get(f"/{api.life.no}/actions")
    assert answer.status_code == 200
    return {option["action"]: option for option in answer.json()}


async def test_a_user_is_told_every_action_and_why_not(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    options = await _actions(api)
    assert set(options) == {str(action) for action in TicketAction}
    assert options["approve"] == {
        "action": "approve", "label": "审核通过", "allowed": True, "fields": [], "target": 30, "target_name": "待派单",
        "why_not": None, "error": None, "guard": None,
    }  # fmt: skip
    sign = options["sign"]
    assert (sign["allowed"], sign["why_not"], sign["error"]) == (
        False, "您的角色不能签收这张工单", "workflow.not_permitted"
    )  # fmt: skip
    dispatch = options["dispatch"]
    assert (dispatch["why_not"], dispatch["error"]) == ("工单处于“待审核”，不能派单", "workflow.wrong_state")
    withdraw = options["withdraw"]
    assert (withdraw["error"], withdraw["guard"]) == ("workflow.guard", "no_withdrawal_request")


async def test_the_form_of_an_action_names_its_fields_in_chinese(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    form = (await _actions(api))["not_accept"]["fields"]
    assert form == [
        {"name": "code", "label": "理由代码", "required": True},
        {"name": "reason", "label": "理由", "required": True},
        {"name": "route", "label": "告知途径", "required": False},
    ]


async def test_a_supervision_may_be_raised_as_long_as_a_level_is_left(api):
    await api.life.begin()
    await api.life.to_handling()
    await api.as_(Role.SUPERVISION)
    for level in (1, 2, 3):
        assert (await _actions(api))["supervise"]["allowed"]
        assert (await api.act("supervise", level=level, reason="进展缓慢")).status_code == 200
    assert (await _actions(api))["supervise"]["guard"] == "supervised_already"


async def test_an_action_changes_the_ticket_and_tells_its_new_state(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    version = (await api.life.ticket()).version
    answer = await api.act("approve")
    assert answer.status_code == 200
    assert set(answer.json()) == SIGN
    assert {key: answer.json()[key] for key in ("no", "status", "status_name", "version")} == {
        "no": api.life.no, "status": 30, "status_name": "待派单", "version": version + 1
    }  # fmt: skip
    assert answer.headers["etag"] == f'"{version + 1}"'
    answer = await api.act("dispatch", unit=UNIT)
    assert (answer.json()["unit_code"], answer.json()["status"]) == (UNIT, 40)
    assert answer.json()["unit"] == api.life.book.units[UNIT].name
    rows = await api.life.rows("SELECT actor FROM ticket_events ORDER BY seq DESC LIMIT 1")
    assert rows[0]["actor"] == "user:dispatcher"
    assert not await api.life.faults()


async def test_the_etag_of_the_actions_is_the_version_to_act_on(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    tag = (await api.get(f"/{api.life.no}/actions")).headers["etag"]
    assert (await api.act("approve", version=tag)).status_code == 200


async def test_without_a_version_nothing_is_done(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    before = await api.untouched()
    answer = await api.client.post(f"/api/tickets/{api.life.no}/actions/approve", json={})
    assert (answer.status_code, answer.json()["type"]) == (428, "urn:hotline:precondition.required")
    assert "If-Match" in answer.json()["detail"]
    for tag in ("*", 'W/"1"', "1", '"1", "2"', '"x"'):
        answer = await api.act("approve", version=tag)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:hotline:precondition.invalid")
    assert await api.untouched() == before


async def test_a_stale_version_is_told_the_present_state(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    stale = (await api.life.ticket()).version
    await api.act("approve")
    before = await api.untouched()
    answer = await api.act("dispatch", version=stale, unit=UNIT)
    assert (answer.status_code, answer.json()["type"]) == (412, "urn:hotline:ticket.changed")
    assert {key: answer.json()[key] for key in ("version", "ticket_status", "ticket_status_name")} == {
        "version": stale + 1, "ticket_status": 30, "ticket_status_name": "待派单"
    }  # fmt: skip
    assert answer.headers["etag"] == f'"{stale + 1}"'
    assert await api.untouched() == before


async def test_of_two_at_the_same_instant_one_wins_and_the_other_is_told(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    version = (await api.life.ticket()).version
    answers = await asyncio.gather(
        api.act("approve", version=version), api.act("send_back", version=version, reason="请补录")
    )
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 412)
    assert {key: lost.json()[key] for key in ("version", "ticket_status")} == {
        "version": won.json()["version"], "ticket_status": won.json()["status"]
    }  # fmt: skip
    assert not await api.life.faults()


@pytest.mark.parametrize(
    ("role", "action", "fields", "status", "kind", "guard"),
    [
        (Role.DISPATCHER, "dispatch", {"unit": UNIT}, 409, "workflow.wrong_state", None),
        (Role.DISPATCHER, "withdraw", {"reason": "诉求人要求"}, 409, "workflow.guard", "no_withdrawal_request"),
        (Role.AGENT, "approve", {}, 403, "workflow.not_permitted", None),
        (Role.LEADER, "approve", {}, 403, "workflow.not_permitted", None),
        (Role.OBSERVER, "approve", {}, 403, "workflow.not_permitted", None),
        (Role.DISPATCHER, "explode", {}, 404, "ticket.no_such_action", None),
        (Role.DISPATCHER, "not_accept", {"code": "N1"}, 422, "input.missing", None),
        (Role.DISPATCHER, "not_accept", {"code": "N99", "reason": "无关"}, 422, "input.unknown", None),
        (Role.DISPATCHER, "approve", {"reason": "多余"}, 422, "input.unexpected", None),
        (Role.DISPATCHER, "send_back", {"reason": "<script>alert(1)</script>"}, 422, "input.markup", None),
        (Role.DISPATCHER, "send_back", {"reason": " \n "}, 422, "input.missing", None),
        (Role.DISPATCHER, "send_back", {"reason": "a\0b"}, 422, "input.invalid", None),
        (Role.DISPATCHER, "send_back", {"reason": "长" * 1001}, 422, "input.invalid", None),
        (Role.DISPATCHER, "send_back", {"reason": 7}, 422, "input.invalid", None),
        (Role.DISPATCHER, "send_back", {"grund": "x"}, 422, "input.invalid", None),
        (Role.DISPATCHER, "amend", {"urgency": 9}, 422, "input.invalid", None),
        (Role.DISPATCHER, "amend", {"occurred_at": "gestern"}, 422, "input.invalid", None),
        (Role.DISPATCHER, "amend", {"occurred_at": "2030-01-01T00:00:00Z"}, 422, "input.time", None),
        (Role.DISPATCHER, "amend", {"category": "999999"}, 422, "input.unknown", None),
    ],
)
async def test_what_is_refused_has_its_stable_id_and_changes_nothing(api, role, action, fields, status, kind, guard):
    await api.life.begin()
    await api.as_(role)
    before = await api.untouched()
    answer = await api.act(action, **fields)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"urn:hotline:{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert not problem["detail"].isascii()
    assert problem.get("guard") == guard
    if kind.startswith("workflow"):
        assert (problem["ticket_status"], problem["version"]) == (20, (await api.life.ticket()).version)
    if status == 422:
        (fault,) = problem["faults"]
        assert fault["field"] is not None
        assert not fault["message"].isascii()
    assert await api.untouched() == before


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 422), (b"{", 400), (b"[]", 422), (b'"x"', 422), (b"\xff", 400), (b"x" * 300_000, 413)]
)
async def test_a_body_that_is_none_is_refused(api, body, status):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    before = await api.untouched()
    answer = await api.client.post(
        f"/api/tickets/{api.life.no}/actions/approve", content=body,
        headers={"If-Match": '"2"', "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == status
    assert not answer.json()["detail"].isascii()
    assert await api.untouched() == before


async def test_a_ticket_out_of_sight_is_not_there_at_all(api):
    await api.life.begin()
    await api.life.to_handling()
    await api.as_(Role.UNIT_SIGNER, unit=OTHER)
    before = await api.untouched()
    foreign = [await api.get(f"/{api.life.no}/actions"), await api.act("request_return", code="R01")]
    await api.as_(Role.UNIT_SIGNER, unit=OTHER)
    nowhere = [await api.get("/YC000/actions"), await api.act("request_return", "YC000", version=1, code="R01")]
    for hidden, missing in zip(foreign, nowhere, strict=True):
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.json()["detail"] == missing.json()["detail"] == "没有这张工单"
        assert hidden.json().keys() == missing.json().keys()
    assert await api.untouched() == before


async def test_a_unit_acts_on_what_it_holds(api):
    await api.life.begin()
    await api.life.do(TicketAction.APPROVE, DISPATCHER)
    await api.as_(Role.UNIT_SIGNER, unit=UNIT)
    assert (await api.act("sign")).status_code == 404  # proposed to it, not dispatched
    await api.life.do(TicketAction.DISPATCH, DISPATCHER, unit=UNIT)
    answer = await api.act("sign")
    assert (answer.status_code, answer.json()["status"]) == (200, 50)


async def test_what_a_unit_gave_back_it_may_look_at_and_not_touch(api):
    await api.life.begin()
    await api.life.to_handling()
    await api.as_(Role.UNIT_SIGNER, unit=UNIT)
    answer = await api.act(
        "request_return", code="R01", reason="非本单位职责", basis="三定方案", attachments=[await api.life.file()]
    )
    assert answer.status_code == 200
    await api.life.do(TicketAction.APPROVE_RETURN, DISPATCHER, reason="理由成立")
    options = await _actions(api)
    assert not any(option["allowed"] for option in options.values())
    answer = await api.act("progress", text="再看看")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:hotline:workflow.wrong_state")


async def test_a_page_of_another_origin_cannot_act(api):
    await api.life.begin()
    await api.as_(Role.DISPATCHER)
    answer = await api.client.post(
        f"/api/tickets/{api.life.no}/actions/approve", json={},
        headers={"If-Match": '"2"', "Origin": "http://elsewhere.test"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert (await api.life.ticket()).status == 20


async def _batch(api, *items):
    answer = await api.client.post("/api/tickets/batch-sign", json={"tickets": list(items)})
    assert answer.status_code == 200
    return answer.json()


async def test_many_are_signed_for_at_once_and_each_has_its_own_answer(api):
    life = api.life
    numbers = [f"YC2026110200{number:03d}" for number in range(1, 6)]
    async with life.sessions() as db:
        for number in numbers:
            await new_ticket(db, life.book, number, life.now)
        await db.commit()
    for number in numbers[:3]:
        await life.do(TicketAction.APPROVE, DISPATCHER, number)
        await life.do(TicketAction.DISPATCH, DISPATCHER, number, unit=UNIT)
    await life.do(TicketAction.APPROVE, DISPATCHER, numbers[3])
    await life.do(TicketAction.DISPATCH, DISPATCHER, numbers[3], unit=OTHER)
    version = (await life.ticket(numbers[0])).version
    await api.as_(Role.UNIT_SIGNER, unit=UNIT)
    await api.act("sign", numbers[2])
    results = await _batch(
        api,
        *[{"no": number, "version": version} for number in numbers[:4]],
        {"no": numbers[0], "version": version + 1},
        {"no": numbers[1], "version": version + 5},
        {"no": "nowhere", "version": 1},
    )
    assert [(result["no"], result["signed"]) for result in results] == [
        (numbers[0], True), (numbers[1], True), (numbers[2], False), (numbers[3], False), (numbers[0], False),
        (numbers[1], False), ("nowhere", False),
    ]  # fmt: skip
    assert (results[0]["status"], results[0]["version"]) == (50, version + 1)
    assert [result["error"]["type"].removeprefix("urn:hotline:") for result in results[2:]] == [
        "ticket.changed", "ticket.missing", "workflow.wrong_state", "ticket.changed", "ticket.missing"
    ]  # fmt: skip
    assert results[2]["error"]["version"] == version + 1
    assert [(await life.ticket(number)).status for number in numbers] == [50, 50, 50, 40, 20]
    assert not await life.faults()


@pytest.mark.parametrize("tickets", [[], [{"no": "a"}], [{"no": "a", "version": 0}], [{"no": "a", "version": 1}] * 101])
async def test_a_batch_that_is_none_is_refused(api, tickets):
    await api.as_(Role.UNIT_SIGNER, unit=UNIT)
    answer = await api.client.post("/api/tickets/batch-sign", json={"tickets": tickets})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.invalid")
