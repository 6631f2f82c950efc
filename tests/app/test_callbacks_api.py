"""The list of citizens whom a person has to call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.codes import Role

from .callback_loop import Loop


@pytest.fixture
def loop(life):
    return Loop(life)


async def answered(loop, no=None, **values):
    loop.life.no = no or loop.life.no
    await loop.life.begin(**values)
    await loop.life.to_handling()
    await loop.life.to_callback()
    await loop.work()


async def tasks(api, **asked):
    answer = await api.client.get("/api/callbacks", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_task_tells_whom_to_call_why_and_until_when_but_not_the_number(loop, api):
    await answered(loop, profile="E2", urgency=2)
    await api.as_(Role.CALLBACK)
    page = await tasks(api)
    (row,) = await loop.life.rows("SELECT id FROM callbacks WHERE mode = 'human'")
    ticket = await loop.life.ticket()
    assert page == {
        "items": [
            {
                "id": row["id"], "ticket_no": loop.life.no, "title": "小区路灯不亮",
                "unit": "银川市金凤区住房城乡建设和交通局", "number": "139****0001",
                "planned_at": "2026-11-02T11:30:00+08:00", "due": "2026-11-05T18:00:00+08:00", "round": 1, "tries": 0,
                "why": ["紧急"], "version": ticket.version,
            }
        ],
        "next": None,
    }  # fmt: skip


async def test_what_is_recorded_leaves_the_list_and_the_next_try_enters_it(loop, api):
    await answered(loop, profile="E2", urgency=2)
    await api.as_(Role.CALLBACK)
    (task,) = (await tasks(api))["items"]
    said = {"callback_result": "not_reached", "mode": "human", "callback_id": task["id"]}
    assert (await api.act("record_callback", version=task["version"], **said)).status_code == 200
    (task,) = (await tasks(api))["items"]
    assert (task["tries"], task["planned_at"]) == (1, "2026-11-02T14:00:00+08:00")
    assert task["why"] == ["紧急", "未接通"]
    assert (await tasks(api, until="2026-11-02T13:59:00+08:00"))["items"] == []
    loop.life.later(hours=3)
    said = {"callback_result": "answered", "satisfied": 5, "solved": 1, "mode": "human", "callback_id": task["id"]}
    assert (await api.act("record_callback", version=task["version"], **said)).json()["status"] == 80
    assert (await tasks(api))["items"] == []


async def test_who_is_not_content_is_a_task_with_its_reasons(loop, api):
    await answered(loop)
    await api.as_(Role.DIRECTOR)
    assert (await tasks(api))["items"] == []  # a machine calls him
    await loop.rated(1, 3)
    await loop.reworked()
    await loop.rated(2, 3)
    (task,) = (await tasks(api))["items"]
    assert task["why"] == ["督办", "重办", "不满意"]


async def test_of_a_report_whoever_may_not_know_the_caller_sees_no_digit(loop, api):
    await answered(loop, type="04", profile="E2", urgency=2)
    await api.as_(Role.TEAM_LEADER)
    assert (await tasks(api))["items"][0]["number"] == "*" * 11
    await api.as_(Role.CALLBACK)
    assert (await tasks(api))["items"][0]["number"] == "139****0001"


async def test_a_number_in_the_title_is_covered_as_the_number_itself_is(loop, api):
    await answered(loop, type="04", profile="E2", urgency=2, title="请打13900000001", contact_phone="13811112222")
    for role, title, number in (
        (Role.TEAM_LEADER, f"请打{'*' * 11}", "*" * 11), (Role.CALLBACK, "请打139****0001", "138****2222")
    ):  # fmt: skip
        await api.as_(role)
        (task,) = (await tasks(api))["items"]
        assert (task["title"], task["number"]) == (title, number)


async def test_pages_follow_each_other_the_earliest_first(loop, api):
    for number in range(5):
        loop.life.now -= timedelta(hours=2)
        await answered(loop, f"YC202611020000{number}", profile="E2", urgency=2)
    await api.as_(Role.CALLBACK)
    seen, cursor = [], None
    for _ in range(3):
        page = await tasks(api, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [(task["planned_at"], task["id"]) for task in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert seen == sorted(seen)
    assert len(seen) == 5
