"""Exchange with other platforms: each ticket once and by itself; every new state told back, nothing of the citizen."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import text

from app.intake.keys import PlatformNameError, new_key, platform_of
from app.intake.upper_file import FileFormatError, read_lines
from models.codes import Role
from models.verify import verify
from models.workflow_codes import TicketAction as A
from telephony.events import SECRET_HEADER
from tests.fixtures.life import DISPATCHER, UNIT, of_unit

SAID = "宁安北街的路灯坏了三天了"
TABLES = ("tickets", "ticket_events", "clocks", "holdings", "messages", "outbox", "citizens", "upper_changes")


def _item(number=1, **more):
    return {"upper_no": f"NX-{number}", "content": SAID, "phone": "13900000001", "caller_name": "张三", **more}


@pytest.fixture
def region(api, web_app):
    """The platform above: ``post`` and ``get`` with its key."""
    return Platform(api, new_key(web_app.state.settings.data_dir, "region"))


class Platform:
    def __init__(self, api, key):
        self.api, self.headers = api, {"Authorization": f"Bearer {key}"}

    async def post(self, *items, **more):
        body = {"items": list(items), **more}
        return await self.api.client.post("/api/exchange/tickets", json=body, headers=self.headers)

    async def get(self, since=0, **more):
        query = {"since": since, **more}
        return await self.api.client.get("/api/exchange/tickets", params=query, headers=self.headers)


async def _everything(api):
    return [await api.life.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]


async def test_tickets_of_the_platform_above_come_in_once(api, region):
    answer = (await region.post(_item(1), _item(2, channel="32", type="05"))).json()
    assert [answer["created"], answer["exists"], answer["refused"]] == [2, 0, 0]
    again = (await region.post(_item(2), _item(1), _item(3))).json()
    assert [one["result"] for one in again["results"]] == ["exists", "exists", "created"]
    assert [one["no"] for one in again["results"][:2]] == [one["no"] for one in reversed(answer["results"])]
    rows = await api.life.rows("SELECT upper_system, upper_no, channel, caller_name FROM tickets ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("region", "NX-1", "34", "张三"), ("region", "NX-2", "32", "张三"), ("region", "NX-3", "34", "张三")
    ]  # fmt: skip
    assert {row["actor"] for row in await api.life.rows("SELECT actor FROM ticket_events")} == {"exchange:region"}
    async with api.life.sessions() as db:
        assert [check.name for check in await verify(db) if check.breaches] == []


async def test_the_same_batch_sent_by_several_at_once_makes_each_ticket_once(api, region):
    answers = await asyncio.gather(*(region.post(*[_item(number) for number in range(8)]) for _ in range(4)))
    results = [one for answer in answers for one in answer.json()["results"]]
    assert sum(one["result"] == "created" for one in results) == 8
    assert {one["result"] for one in results} == {"created", "exists"}
    assert all(one["no"] for one in results)
    assert len(await api.life.rows("SELECT id FROM tickets")) == 8


async def test_one_bad_ticket_does_not_hold_up_the_others_and_leaves_nothing(api, region):
    bad = [
        (_item(2, content=""), "input.missing", "content"),
        (_item(3, content="长" * 4001), "input.invalid", "content"),
        (_item(4, category="999999"), "input.unknown", "category"),
        (_item(5, occurred_at="2099-01-01T00:00:00+08:00"), "input.time", "occurred_at"),
        (_item(6, content="<script>alert(1)</script>"), "input.markup", "content"),
        (_item(7, channel="10"), "input.invalid", "channel"),
        (_item(8, attachments=[1]), "input.invalid", "attachments"),
        (_item(9, status=80), "input.invalid", "status"),
        (_item(10, phone=13900000001), "input.invalid", "phone"),
        ("no object", "input.invalid", None),
        ({"content": SAID}, "input.invalid", "upper_no"),
        (_item(11, upper_no="A B"), "input.invalid", "upper_no"),
        (_item(12, content="a\0b"), "input.invalid", "content"),
    ]
    answer = await region.post(*[item for item, _, _ in bad], _item(1))
    assert answer.status_code == 200
    *refused, taken = answer.json()["results"]
    assert taken["result"] == "created"
    assert [(one["error"], one["faults"][0]["field"]) for one in refused] == [(kind, field) for _, kind, field in bad]
    assert not any(one["message"].isascii() for one in refused)
    assert len(await api.life.rows("SELECT id FROM tickets")) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400), (b"[]", 422), (b'{"items": []}', 422), (b"[" * 100_000, 400),
        (json.dumps({"items": [_item(n) for n in range(101)]}).encode(), 422), (b" " * 7_000_000, 413),
    ],
)  # fmt: skip
async def test_a_batch_that_is_none_is_refused_as_a_whole(api, region, body, status):
    before = await _everything(api)
    answer = await api.client.post(
        "/api/exchange/tickets", content=body, headers={**region.headers, "Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert not answer.json()["detail"].isascii()
    assert await _everything(api) == before


async def test_only_platforms_with_a_key_and_our_own_programs_get_in(api, web_app, region):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}, {SECRET_HEADER: "wrong"}):
        region.headers = headers
        assert (await region.post(_item())).status_code == 401
        assert (await region.get()).status_code == 401
    await api.as_(Role.DIRECTOR)  # nobody signs in here
    region.headers = {}
    assert (await region.get()).status_code == 401
    region.headers = {SECRET_HEADER: web_app.state.internal_secret}
    assert (await region.post(_item())).json()["type"] == "urn:hotline:input.missing"
    assert (await region.post(_item(), upper_system="110")).json()["created"] == 1
    assert await api.life.rows("SELECT upper_system FROM tickets") == [{"upper_system": "110"}]


async def test_every_new_state_is_told_back_in_order_without_anything_of_the_citizens(api, region):
    no = (await region.post(_item(1, category="010101", unit=UNIT))).json()["results"][0]["no"]
    life = api.life
    life.later(minutes=1)
    await life.do(A.SUBMIT, DISPATCHER, no)
    await life.do(A.APPROVE, DISPATCHER, no)
    await life.do(A.DISPATCH, DISPATCHER, no, unit=UNIT)
    life.later(minutes=20)
    await life.do(A.SIGN, of_unit(UNIT, Role.UNIT_SIGNER), no)
    first = (await region.get(limit=2)).json()
    assert ([one["status"] for one in first["items"]], first["more"]) == ([10, 20], True)
    rest = (await region.get(first["next"])).json()
    assert [(one["status"], one["status_name"]) for one in rest["items"]] == [
        (30, "待派单"), (40, "待签收"), (50, "办理中")
    ]  # fmt: skip
    assert [one["unit"] for one in first["items"] + rest["items"]] == [None] * 3 + [life.book.units[UNIT].name] * 2
    assert {one["upper_no"] for one in rest["items"]} == {"NX-1"}
    assert (await region.get(rest["next"])).json() == {"items": [], "next": rest["next"], "more": False}
    told = (await region.get()).text
    assert "13900000001" not in told
    assert "张三" not in told
    assert SAID not in told


async def test_a_platform_is_told_of_its_own_tickets_only_and_tickets_of_nobody_are_not_told(api, web_app, region):
    await region.post(_item(1))
    other = Platform(api, new_key(web_app.state.settings.data_dir, "110"))
    await other.post(_item(1), _item(2))
    await api.life.begin()
    assert [one["upper_system"] for one in (await region.get(upper_system="110")).json()["items"]] == ["region"]
    assert len((await other.get()).json()["items"]) == 2
    other.headers = {SECRET_HEADER: web_app.state.internal_secret}
    assert len((await other.get()).json()["items"]) == 3
    assert len((await other.get(upper_system="region")).json()["items"]) == 1


async def test_whoever_reads_on_from_a_cursor_misses_nothing_that_is_committed_later(api, region):
    """One change waits for its commit while a later one is done: the waiting one must not get the smaller number."""
    await region.post(_item(1), _item(2))
    cursor = (await region.get()).json()["next"]
    async with api.life.sessions() as slow, api.life.sessions() as quick:
        await slow.execute(text("UPDATE tickets SET status = 20 WHERE upper_no = 'NX-1'"))
        await quick.execute(text("UPDATE tickets SET status = 20 WHERE upper_no = 'NX-2'"))
        await quick.commit()
        page = (await region.get(cursor)).json()
        assert [one["upper_no"] for one in page["items"]] == ["NX-2"]
        await slow.commit()
    later = (await region.get(page["next"])).json()
    assert [one["upper_no"] for one in later["items"]] == ["NX-1"]


# ---- keys


def test_a_new_key_of_a_platform_makes_the_old_one_worthless_and_no_key_is_kept(tmp_path):
    first, other, second = new_key(tmp_path, "region"), new_key(tmp_path, "110"), new_key(tmp_path, "region")
    assert [platform_of(tmp_path, key) for key in (first, other, second, "")] == [None, "110", "region", None]
    kept = tmp_path / "secrets" / "exchange_keys"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert second not in kept.read_text()
    with pytest.raises(PlatformNameError):
        new_key(tmp_path, "a b")


# ---- files

TABLE = """上级编号,诉求内容,联系电话,事发时间,保密,紧急程度,协办单位
NX-1,宁安北街的路灯坏了三天了,13900000001,2026/1/4 8:05,是,,
NX-2,"两行的
内容，很长",,,否,2,640106-ZJ;640106-ZF

NX-3,,,,,,
NX-4,时间不对的诉求,,明天,,,
NX-5,列数不对的诉求
NX-1,宁安北街的路灯坏了三天了,,,,,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_of_the_platform_above_is_taken_in_line_by_line(hotline, data_of, seeded_url, tmp_path, encoding):
    data = data_of(seeded_url)
    path = tmp_path / "upper.csv"
    path.write_bytes(TABLE.encode(encoding))
    ran = hotline("import", "tickets", str(path), "--system", "region", "--data", data)
    assert ran.code == 1, ran.err
    told = ran.json
    assert (told["lines"], told["created"], told["exists"]) == (6, 2, 1)
    assert [(one["line"], one.get("upper_no"), one["error"]) for one in told["refused"]] == [
        (6, None, "input.invalid"), (7, None, "input.invalid"), (8, None, "input.invalid")
    ]  # fmt: skip
    path.write_bytes("\n".join(TABLE.splitlines()[:4]).encode(encoding))
    ran = hotline("import", "tickets", str(path), "--system", "region", "--data", data)
    assert (ran.code, ran.json["created"], ran.json["exists"]) == (0, 0, 2)


def test_lines_of_a_table_are_appeals(tmp_path):
    path = tmp_path / "upper.csv"
    path.write_text(TABLE)
    found = dict(read_lines(path))
    assert found[2] == {
        "upper_no": "NX-1", "content": SAID, "phone": "13900000001", "occurred_at": "2026-01-04T08:05:00",
        "confidential": True,
    }  # fmt: skip
    assert found[3] == {
        "upper_no": "NX-2", "content": "两行的\n内容，很长", "confidential": False, "urgency": 2,
        "co_units": ["640106-ZJ", "640106-ZF"],
    }  # fmt: skip
    assert found[7]["occurred_at"] == "明天"


@pytest.mark.parametrize("content", ['[{"upper_no": "1"}, 5]', '{"upper_no": "1"}\n\n5x\n'])
def test_json_comes_as_a_list_or_line_by_line(tmp_path, content):
    path = tmp_path / "upper.json"
    path.write_text(content)
    found = list(read_lines(path))
    assert found[0] == (1, {"upper_no": "1"})
    assert len(found) == 2


@pytest.mark.parametrize(
    "content",
    [b"\xff\xff\xff", "编号,内容\n".encode(), "上级编号,标题\n".encode(), b"[{]", b"", b'upper_no,content\n"a'],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(tmp_path, content):
    path = tmp_path / "upper.csv"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        list(read_lines(path))


def test_a_key_is_made_by_a_command_and_shown_once(hotline, tmp_path):
    data = tmp_path / "data"
    ran = hotline("exchange-key", "region", "--data", str(data))
    assert platform_of(data, ran.json["key"]) == "region"
