"""One ticket over HTTP: all that belongs to it, and what of it is covered for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from models.codes import Role
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import (
    AGENT,
    CALLER,
    CITIZEN,
    DISPATCHER,
    OTHER,
    SUPERVISOR,
    THIRD,
    UNIT,
    new_ticket,
    of_unit,
)

PHONE, CONTACT, SPARE = "13900000001", "13811112222", "13733334444"
DISTRICT = "640106"
"""The district, above UNIT and OTHER."""
MASKED = {PHONE: "139****0001", CONTACT: "138****2222", SPARE: "137****4444"}
NUMBERS = (PHONE, CONTACT, SPARE)


@pytest.fixture
async def full(api):
    """A ticket of UNIT with something in every list; OTHER and THIRD help, SUB works."""
    life = api.life
    await life.begin(
        contact_phone=CONTACT, caller_name="张三丰", co_units=[OTHER], demand=f"请回电{CONTACT}",
        content=f"路灯不亮，请打{PHONE}联系我", subject="路灯所",
    )  # fmt: skip
    async with life.sessions() as db:
        for no in ("YC2026110200002", "YC2026110200003"):
            await new_ticket(db, life.book, no, life.now)
        await db.commit()
    await life.do(A.LINK, AGENT, target_no="YC2026110200002", link_kind="same_place")
    await life.do(A.MERGE, DISPATCHER, "YC2026110200003", target_no=life.no, reason="同一事项")
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.DISPATCH, DISPATCHER, unit=UNIT, co_units=[OTHER], co_demand="请配合查看")
    life.later(minutes=30)
    await life.do(A.SIGN, of_unit(UNIT, Role.UNIT_SIGNER))
    handler = of_unit(UNIT, Role.UNIT_HANDLER)
    await life.do(A.CONTACT, handler, result="reached", at=life.now, number=SPARE, text=f"改用{SPARE}联系")
    await life.do(A.ADD_CO, DISPATCHER, unit=THIRD, text="请提供图纸")
    await life.do(A.CO_REPLY, of_unit(THIRD, Role.UNIT_HANDLER), text="图纸已提供")
    await life.do(A.SUPERVISE, SUPERVISOR, level=1, reason="领导关注")
    await life.do(A.REQUEST_EXTENSION, of_unit(UNIT, Role.UNIT_SIGNER), reason="备件未到")
    return api


async def _read(api):
    answer = await api.get(f"/{api.life.no}")
    assert answer.status_code == 200
    return answer.json()


async def test_a_ticket_comes_with_all_that_belongs_to_it(full):
    await full.as_(Role.DISPATCHER)
    answer = await full.get(f"/{full.life.no}")
    ticket = answer.json()
    assert answer.headers["etag"] == f'"{ticket["version"]}"'
    names = full.life.book.units
    assert ticket["relation"] == "city"
    assert (ticket["unit"], ticket["unit_code"]) == (names[UNIT].name, UNIT)
    assert [(holding["unit_code"], holding["kind_name"]) for holding in ticket["holdings"]] == [
        (full.life.book.hotline(), "热线受理"), (UNIT, "派单承办")
    ]  # fmt: skip
    assert [(co["unit"], co["demand"], co["reply"]) for co in ticket["co_handlings"]] == [
        (names[OTHER].name, "请配合查看", None), (names[THIRD].name, "请提供图纸", "图纸已提供")
    ]  # fmt: skip
    (contact,) = ticket["contacts"]
    assert (contact["unit"], contact["result_name"], contact["number"]) == (names[UNIT].name, "已联系", MASKED[SPARE])
    (request,) = ticket["requests"]
    assert (request["kind_name"], request["reason"], request["decision"]) == ("延期", "备件未到", None)
    (supervision,) = ticket["supervisions"]
    assert (supervision["level"], supervision["reason"]) == (1, "领导关注")
    assert {(link["no"], link["kind"], link["kind_name"]) for link in ticket["links"]} == {
        ("YC2026110200002", "same_place", "同一地点"), ("YC2026110200003", "child", "并入子单")
    }  # fmt: skip
    assert {message["recipient"] for message in ticket["messages"]} <= {MASKED[CONTACT]}
    assert ticket["messages"]
    assert [event["kind"] for event in ticket["events"]][:2] == ["created", "classified"]
    assert ticket["events"][-1]["kind_name"] == "申请延期"
    assert {event["actor_name"] for event in ticket["events"] if event["actor"] == "system"} == {"系统"}


async def test_a_merged_ticket_names_its_master(full):
    await full.as_(Role.DISPATCHER)
    child = (await full.get("/YC2026110200003")).json()
    assert [(link["no"], link["kind_name"]) for link in child["links"]] == [(full.life.no, "主单")]
    assert (child["status_name"], child["close_name"]) == ("并案", "重复并案")


async def test_a_running_clock_tells_what_is_left_of_it_in_working_time(full):
    await full.as_(Role.DISPATCHER)
    clocks = {clock["kind"]: clock for clock in (await _read(full))["clocks"]}
    assert clocks["finish"]["left"] == "还剩 5 个工作日 6 小时"  # at 09:30, until 18:00 five working days on
    assert (clocks["finish"]["overdue"], clocks["finish"]["standing"]) == (False, False)
    assert clocks["sign"]["left"] is None
    assert clocks["finish"]["started"].endswith("+08:00")
    full.life.later(days=30)
    ticket = await _read(full)
    finish = next(clock for clock in ticket["clocks"] if clock["kind"] == "finish")
    assert finish["overdue"]
    assert finish["left"].startswith("已超期")
    assert ticket["due_left"].startswith("已超期")
    assert "个工作日" in ticket["due_left"]
    full.life.later(days=300)
    assert (await _read(full))["due_left"] == "已超期 322 天 15 小时"  # nobody counts working days so far back


async def test_a_clock_that_stands_is_told_as_it_came_to_stand(full):
    life = full.life
    await life.do(A.REQUEST_PAUSE, of_unit(UNIT, Role.UNIT_HANDLER), reason="送检", until=life.now + timedelta(days=9),
                  attachments=[await life.file()])  # fmt: skip
    await full.as_(Role.DISPATCH_SUPERVISOR)
    before = next(clock for clock in (await _read(full))["clocks"] if clock["kind"] == "finish")["left"]
    assert (await full.act("approve_pause", reason="同意")).status_code == 200
    life.later(days=2)
    ticket = await _read(full)
    finish = next(clock for clock in ticket["clocks"] if clock["kind"] == "finish")
    assert (finish["standing"], finish["left"]) == (True, before)
    (pause,) = ticket["pauses"]
    assert (pause["reason"], pause["ended_at"]) == ("appraisal", None)
    assert [attachment["name"] for attachment in ticket["attachments"]] == ["现场.jpg"]


async def test_the_replies_and_callbacks_are_told(api):
    await api.life.begin()
    await api.life.to_handling()
    await api.life.to_callback()
    await api.life.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", satisfied=5, solved=1, mode="human")
    await api.as_(Role.UNIT_HANDLER, unit=UNIT)
    ticket = await _read(api)
    (reply,) = ticket["replies"]
    assert (reply["version"], reply["public_reply"], reply["solved_name"], reply["accepted"]) == (
        1, "路灯已修复", "已解决", True
    )  # fmt: skip
    assert ("非常满意", "已解决") in {
        (callback["satisfied_name"], callback["solved_name"]) for callback in ticket["callbacks"]
    }
    assert (ticket["status_name"], ticket["close_name"], ticket["satisfied_name"]) == ("办结", "办结-解决", "非常满意")


@pytest.mark.parametrize(
    ("unit", "relation"), [(UNIT, "host"), (DISTRICT, "host"), (OTHER, "co"), (THIRD, "past"), ("640104", None)]
)
async def test_each_unit_sees_it_as_what_it_is_to_it(full, unit, relation):
    await full.as_(Role.UNIT_HANDLER, unit=unit)
    answer = await full.get(f"/{full.life.no}")
    if relation is None:
        assert answer.status_code == 404
    else:
        assert answer.json()["relation"] == relation


async def test_what_was_passed_down_is_seen_by_who_works_on_it(api):
    below = next(unit for unit in api.life.book.units.values() if unit.parent == DISTRICT and unit.kind == "street")
    await api.life.begin()
    await api.life.to_handling(DISTRICT)
    await api.life.do(A.SUB_DISPATCH, of_unit(DISTRICT, Role.UNIT_HANDLER), unit=below.code, text="请现场处理")
    await api.as_(Role.UNIT_HANDLER, unit=below.code)
    ticket = await _read(api)
    assert (ticket["relation"], ticket["sub_unit"]) == ("sub", below.name)
    (sub,) = ticket["sub_dispatches"]
    assert (sub["to_unit"], sub["state_name"], sub["demand"]) == (below.name, "待签收", "请现场处理")
    assert (await _reveal(api)).json()["caller_phone"] == PHONE
    await api.life.do(A.RECALL_SUB, of_unit(DISTRICT, Role.UNIT_HANDLER), reason="改由本级办理")
    assert (await _read(api))["relation"] == "past"
    assert (await _reveal(api)).status_code == 403


async def test_links_tell_a_unit_of_no_ticket_it_may_not_see(full):
    await full.as_(Role.UNIT_HANDLER, unit=UNIT)
    assert (await _read(full))["links"] == []
    answer = await full.get(f"/{full.life.no}")
    assert "YC2026110200002" not in answer.text.replace('"target_no":"YC2026110200002"', "")


EVERY = [
    *[(role, None) for role in Role if not role.startswith("unit_")],
    *[(role, unit) for role in Role if role.startswith("unit_") for unit in (UNIT, DISTRICT, OTHER, THIRD)],
    (Role.DISTRICT_ADMIN, DISTRICT),
]


@pytest.mark.parametrize("confidential", [False, True])
async def test_no_whole_number_is_in_any_answer_to_anybody(full, confidential):
    if confidential:
        await full.life.do(A.MARK_CONFIDENTIAL, AGENT, reason="诉求人要求")
    told = 0
    for role, unit in EVERY:
        await full.as_(role, unit=unit)
        for path in ("", f"/{full.life.no}", f"/{full.life.no}/actions", f"/{full.life.no}/timeline"):
            answer = await full.get(path)
            assert not [number for number in NUMBERS if number in answer.text], (role, unit, path)
            told += answer.status_code == 200
    assert told > 60


HIDDEN = "（已脱敏）"
ALL_DIGITS = "*" * 11
SHOWN = [  # role, unit → number, name, content; the same of a confidential ticket
    (Role.AGENT, None, (MASKED[PHONE], "张**", True), (ALL_DIGITS, HIDDEN, True)),
    (Role.DISPATCHER, None, (MASKED[PHONE], "张**", True), (ALL_DIGITS, HIDDEN, True)),
    (Role.CALLBACK, None, (MASKED[PHONE], "张**", True), (MASKED[PHONE], "张**", True)),
    (Role.DIRECTOR, None, (MASKED[PHONE], "张**", True), (MASKED[PHONE], "张**", True)),
    (Role.LEADER, None, (MASKED[PHONE], "张**", True), (ALL_DIGITS, HIDDEN, True)),
    (Role.OBSERVER, None, (MASKED[PHONE], HIDDEN, False), (ALL_DIGITS, HIDDEN, False)),
    (Role.UNIT_HANDLER, UNIT, (MASKED[PHONE], "张**", True), (MASKED[PHONE], "张**", True)),
    (Role.UNIT_SIGNER, UNIT, (MASKED[PHONE], "张**", True), (ALL_DIGITS, HIDDEN, True)),
    (Role.UNIT_HANDLER, OTHER, (MASKED[PHONE], "张**", True), (ALL_DIGITS, HIDDEN, True)),
    (Role.UNIT_HANDLER, THIRD, (MASKED[PHONE], "张**", True), (ALL_DIGITS, HIDDEN, True)),
]


@pytest.mark.parametrize("confidential", [False, True])
async def test_each_role_sees_the_fields_that_are_its(full, confidential):
    if confidential:
        await full.life.do(A.MARK_CONFIDENTIAL, AGENT, reason="诉求人要求")
    found, expected = {}, {}
    for role, unit, ordinary, protected in SHOWN:
        await full.as_(role, unit=unit)
        ticket = await _read(full)
        found[role, unit] = (ticket["caller_phone"], ticket["caller_name"], "路灯" in ticket["content"])
        expected[role, unit] = protected if confidential else ordinary
        whole = [number for number in NUMBERS if number in str(ticket)]
        assert not whole
    assert found == expected


@pytest.mark.parametrize(
    ("role", "unit", "told"),
    [
        (Role.DISPATCHER, None, f"诉求人{MASKED[PHONE]}称属其管辖"),
        (Role.UNIT_HANDLER, UNIT, f"诉求人{MASKED[PHONE]}称属其管辖"),
        (Role.UNIT_HANDLER, OTHER, f"诉求人{MASKED[PHONE]}称属其管辖"),
        (Role.OBSERVER, None, HIDDEN),
    ],
)
async def test_why_it_was_dispatched_is_somebodys_words_too(api, role, unit, told):
    await api.life.begin()
    await api.life.do(A.APPROVE, DISPATCHER)
    await api.as_(role, unit=unit)
    if unit is None:
        assert (await _read(api))["dispatch_basis"] is None
    reason = f"诉求人{PHONE}称属其管辖"
    await api.life.do(A.DISPATCH, DISPATCHER, unit=UNIT, co_units=[OTHER], reason=reason)
    assert (await _read(api))["dispatch_basis"] == told
    assert [line["dispatch_basis"] for line in (await api.get("")).json()] == [told]


async def test_an_observer_reads_nobodys_words_in_any_list(full):
    await full.as_(Role.OBSERVER)
    ticket = await _read(full)
    answer = (await full.get(f"/{full.life.no}")).text
    for words in ("路灯不亮", "请配合查看", "图纸", "领导关注", "备件未到", "改用", "同一事项"):
        assert words not in answer
    assert len(ticket["events"]) > 8
    lines = (await full.get(f"/{full.life.no}/timeline")).json()["lines"]
    assert not [line for line in lines if "领导关注" in line]
    assert any("督办" in line for line in lines)


async def test_the_timeline_is_read_in_chinese_oldest_first(full):
    await full.as_(Role.UNIT_SIGNER, unit=UNIT)
    answer = await full.get(f"/{full.life.no}/timeline")
    lines = answer.json()["lines"]
    assert "受理登记" in lines[0]
    assert "申请延期" in lines[-1]
    assert any(MASKED[SPARE] in line for line in lines)
    (audit,) = await full.life.rows("SELECT action, detail FROM audit_log")
    assert (audit["action"], audit["detail"]) == ("ticket.read", {"as": "host"})


async def _reveal(api, reason="需回电核实", **more):
    return await api.client.post(f"/api/tickets/{api.life.no}/reveal", json={"reason": reason, **more})


@pytest.mark.parametrize(
    ("role", "unit", "ordinary", "confidential"),
    [
        (Role.AGENT, None, 403, 403),
        (Role.TEAM_LEADER, None, 403, 403),
        (Role.DISPATCHER, None, 403, 403),
        (Role.DISPATCH_SUPERVISOR, None, 200, 403),
        (Role.CALLBACK, None, 200, 200),
        (Role.DIRECTOR, None, 200, 200),
        (Role.SUPERVISION, None, 403, 403),
        (Role.QUALITY, None, 403, 403),
        (Role.LEADER, None, 403, 403),
        (Role.OBSERVER, None, 403, 403),
        (Role.SYSTEM_ADMIN, None, 403, 403),
        (Role.UNIT_HANDLER, UNIT, 200, 200),
        (Role.UNIT_SIGNER, UNIT, 403, 403),
        (Role.UNIT_APPROVER, UNIT, 403, 403),
        (Role.UNIT_HANDLER, DISTRICT, 403, 403),
        (Role.UNIT_HANDLER, OTHER, 403, 403),
        (Role.UNIT_HANDLER, THIRD, 403, 403),
        (Role.UNIT_HANDLER, "640104", 404, 404),
    ],
)
async def test_a_whole_number_is_shown_to_whoever_handles_it_or_calls_back_and_to_their_heads(
    full, role, unit, ordinary, confidential
):
    await full.as_(role, unit=unit)
    assert (await _reveal(full)).status_code == ordinary
    await full.life.do(A.MARK_CONFIDENTIAL, AGENT, reason="诉求人要求")
    assert (await _reveal(full)).status_code == confidential


async def test_what_is_shown_is_whole_and_kept_nowhere(full):
    await full.as_(Role.UNIT_HANDLER, unit=UNIT)
    answer = await _reveal(full)
    assert answer.json() == {
        "no": full.life.no, "caller_phone": PHONE, "contact_phone": CONTACT, "caller_name": "张三丰",
        "query_code": None,
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", [Role.DISPATCH_SUPERVISOR, Role.CALLBACK, Role.DIRECTOR])
async def test_the_hotline_is_shown_the_query_code_to_tell_it_to_a_citizen_who_lost_it(full, role):
    await full.as_(role)
    assert (await _reveal(full)).json()["query_code"] == "123456"


UNITS = (Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER, Role.UNIT_LIAISON, Role.DISTRICT_ADMIN)


@pytest.mark.parametrize("role", UNITS)
async def test_nobody_of_a_unit_is_ever_told_the_code_by_which_the_citizen_rates_it(full, role):
    code = "735512"
    async with full.life.sessions() as db:
        await db.execute(text("UPDATE tickets SET query_code = :code"), {"code": code})
        await db.commit()
    await full.as_(role, unit=UNIT)
    answers = [await full.get(path) for path in ("", f"/{full.life.no}", f"/{full.life.no}/timeline")]
    answers += [await full.get(f"/{full.life.no}/actions"), await _reveal(full)]
    assert not any(code in answer.text for answer in answers)
    assert (await full.get("", q=code)).json() == []


async def test_who_had_a_number_shown_and_why_is_written_down_and_who_was_refused_too(full):
    shown = await full.as_(Role.CALLBACK)
    await _reveal(full, "回访")
    refused = await full.as_(Role.QUALITY)
    answer = await _reveal(full, "质检抽查")
    assert answer.json()["type"] == "urn:hotline:phone.not_yours"
    subject = f"ticket:{full.life.no}"
    assert [tuple(row.values()) for row in await full.life.rows(
        "SELECT actor, action, subject, detail FROM audit_log ORDER BY seq"
    )] == [
        (f"user:{shown}", "ticket.phone_revealed", subject, {"reason": "回访", "as": "city"}),
        (f"user:{refused}", "ticket.phone_refused", subject, {"reason": "质检抽查", "as": "city"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "长" * 201}, {"reason": "回访", "x": 1}, {"reason": 1}]
)
async def test_without_a_reason_nothing_is_shown(full, body):
    await full.as_(Role.CALLBACK)
    answer = await full.client.post(f"/api/tickets/{full.life.no}/reveal", json=body)
    assert answer.status_code == 422
    assert await full.life.rows("SELECT 1 FROM audit_log") == []


async def test_an_agent_is_shown_the_number_while_the_ticket_is_at_the_hotline(api):
    await api.life.begin()
    await api.as_(Role.AGENT)
    assert (await _reveal(api)).json()["caller_phone"] == PHONE
    await api.life.to_handling()
    assert (await _reveal(api)).status_code == 403


async def test_a_unit_that_has_answered_has_no_more_to_call(api):
    await api.life.begin()
    await api.life.to_handling()
    await api.as_(Role.UNIT_HANDLER, unit=UNIT)
    assert (await _reveal(api)).status_code == 200
    await api.life.to_callback()
    assert (await _reveal(api)).status_code == 403
    await api.life.do(A.RECORD_CALLBACK, CITIZEN, callback_result="answered", satisfied=1, solved=3, reason="不亮")
    assert (await _reveal(api)).status_code == 200  # it is to be done again
