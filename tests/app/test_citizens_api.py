"""The citizen's own routes: by number and code, in plain words, nothing of anybody else's, nothing to be guessed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.citizens.errors import LockedOutError
from app.citizens.lockout import OF_NUMBER, attempt_of, forget, take
from app.citizens.settings import CitizenSettings
from app.citizens.words import STEPS
from app.intake.allowance import Allowance
from models.codes import Role, TicketStatus
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import AGENT, CHIEF, DISPATCHER, new_ticket

from .callback_loop import Loop

CODE, NAME = "123456", "银川市金凤区住房城乡建设和交通局"


@pytest.fixture
def loop(life):
    return Loop(life)


@pytest.fixture
def ask(api, life):
    """As a citizen, without a session."""

    async def asked(path="/progress", no=None, *, code: str | None = CODE, **fields):
        api.client.cookies.clear()
        url = f"/api/public/tickets/{no or life.no}{path}"
        return await api.client.post(url, json={"code": code, **fields} if code else fields)

    return asked


def problem(answer):
    return answer.status_code, answer.json()["type"].removeprefix("urn:hotline:")


async def answered(loop, **values):
    await loop.life.begin(**values)
    await loop.life.to_handling()
    await loop.life.to_callback()
    await loop.work()


# ---- seeing


async def test_a_citizen_sees_how_it_stands_in_plain_words_and_nothing_of_the_house(loop, ask, life):
    await life.begin(caller_name="王某", address="宁安北街12号")
    answer = await ask()
    assert answer.json() == {
        "no": life.no, "step": "accepted", "state": "已受理，正在转派承办单位",
        "accepted_at": "2026-11-02T09:00:00+08:00", "unit": None, "due": "2026-11-09T18:00:00+08:00", "reply": None,
        "closed_at": None, "may": ["append", "withdraw"],
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    await life.to_handling()
    seen = (await ask()).json()
    assert (seen["step"], seen["unit"], seen["due"]) == ("handling", NAME, "2026-11-09T18:00:00+08:00")
    assert seen["may"] == ["append", "withdraw", "urge"]
    await life.to_callback()
    seen = (await ask()).json()
    assert (seen["state"], seen["reply"], seen["due"]) == ("已答复，请您评价", "路灯已修复", None)
    assert seen["may"] == ["append", "rate", "withdraw"]
    await loop.rated(5)
    seen = (await ask()).json()
    assert (seen["state"], seen["reply"], seen["may"]) == ("已办结", "路灯已修复", ["appeal"])


@pytest.mark.parametrize("status", list(TicketStatus))
async def test_every_state_can_be_shown_without_a_word_of_the_house(status):
    step, state = STEPS[status]
    assert step in {"accepted", "handling", "waiting", "answered", "redone", "reviewed", "closed", "ended"}
    assert not any(word in state for word in ("审核", "退单", "会商", "督办", "签收", "派单", "热线中心", "登记中"))


async def test_a_dispute_about_who_does_it_names_no_unit(ask, life):
    await life.begin()
    await life.do(A.APPROVE, DISPATCHER)
    await life.do(A.CONFER, DISPATCHER, reason="职责不清")
    seen = (await ask()).json()
    assert (seen["state"], seen["unit"]) == ("已受理，正在确定承办单位", None)


@pytest.mark.parametrize("protected", [{"type": "04"}, {"confidential": True}])
async def test_of_a_protected_ticket_the_answer_is_told_by_telephone_only(loop, ask, protected):
    await answered(loop, **protected)
    seen = (await ask()).json()
    assert seen["reply"] == "请致电12345查询"
    assert "路灯" not in str(seen)


async def test_what_was_merged_shows_the_masters_answer(loop, ask, life):
    await life.begin()
    await life.to_handling()
    async with life.sessions() as db:
        await new_ticket(db, life.book, "YC2026110200002", life.now, query_code="654321")
        await db.commit()
    await life.do(A.MERGE, AGENT, no="YC2026110200002", target_no=life.no, reason="同一事项")
    seen = (await ask(no="YC2026110200002", code="654321")).json()
    assert (seen["state"], seen["reply"], seen["may"]) == ("已与相同事项合并办理", None, [])
    await life.to_callback()
    seen = (await ask(no="YC2026110200002", code="654321")).json()
    assert seen["reply"] == "路灯已修复"


async def test_what_shows_him_to_be_the_citizen_is_never_in_an_address_which_servers_log(loop, api):
    await answered(loop)
    path = f"/api/public/tickets/{loop.life.no}/progress"
    for shown in ({"code": CODE}, {"token": loop.token()}):
        answer = await api.client.post(path, params=shown, json={})
        assert problem(answer) == (404, "citizen.wrong_code")
        assert (await api.client.post(path, json=shown)).status_code == 200
    routes = api.client.app.openapi_schema.to_schema()["paths"]
    asked = {
        (parameter["in"], parameter["name"])
        for path, route in routes.items() if path.startswith("/api/public/tickets")
        for operation in route.values() for parameter in operation.get("parameters", [])
    }  # fmt: skip
    assert asked == {("path", "no")}


# ---- codes cannot be guessed


async def test_a_wrong_code_and_a_number_that_does_not_exist_are_answered_alike(ask, life):
    await life.begin()
    wrong, missing, odd = await ask(code="000000"), await ask(no="YC2026110299999"), await ask(no="x")
    assert problem(wrong) == problem(missing) == problem(odd) == (404, "citizen.wrong_code")
    assert wrong.json()["detail"] == missing.json()["detail"]
    assert problem(await ask(code=None)) == (404, "citizen.wrong_code")
    assert problem(await ask(code="１２３４５６")) == (404, "citizen.wrong_code")


async def test_after_five_wrong_codes_the_right_one_is_not_heard_for_a_while_and_a_number_that_is_none_locks_alike(
    ask, life
):
    await life.begin()
    for no in (life.no, "YC2026110299999"):
        for _ in range(5):
            assert problem(await ask(no=no, code="000000")) == (404, "citizen.wrong_code")
        locked = await ask(no=no)
        assert problem(locked) == (429, "citizen.locked")
        assert locked.json()["retry_after_s"] == 15 * 60 + 1
    life.later(minutes=14)
    assert problem(await ask()) == (429, "citizen.locked")
    life.later(minutes=2)
    assert (await ask()).status_code == 200
    assert (await ask()).status_code == 200


async def test_wrong_codes_of_another_day_are_forgotten(ask, life):
    await life.begin()
    for _ in range(4):
        for _ in range(4):
            await ask(code="000000")
        life.later(hours=2)
    assert (await ask()).status_code == 200


async def test_right_codes_never_lock_and_refused_deeds_are_no_wrong_codes(ask, life):
    await life.begin()
    await life.to_handling()
    for _ in range(8):
        assert (await ask()).status_code == 200
        assert problem(await ask("/appeal", reason="不服")) == (409, "citizen.not_now")


async def test_one_address_that_tries_many_numbers_is_locked_out_of_all(ask, life):
    await life.begin()
    for number in range(20):
        await ask(no=f"YC20261102{number:05d}", code="000000")
    assert problem(await ask(no="YC2026110277777")) == (429, "citizen.locked")
    assert problem(await ask()) == (429, "citizen.locked")


async def test_guesses_at_one_instant_are_counted_one_by_one(ask, life, city_sessions):

    async def guess():
        async with city_sessions() as db:
            try:
                await take(db, attempt_of("s", "10.0.0.1", life.no), life.now)
            except LockedOutError:
                return False
            return True

    heard = await asyncio.gather(*(guess() for _ in range(30)))
    assert sum(heard) == OF_NUMBER.most


async def test_the_record_of_wrong_codes_names_neither_the_number_nor_the_address(ask, life):
    await life.begin()
    await ask(code="000000")
    rows = await life.rows("SELECT key FROM lockouts")
    assert len(rows) == 2
    assert all(len(row["key"]) == 64 and life.no not in row["key"] for row in rows)


async def test_one_address_may_ask_so_often_and_not_more(ask, life, web_app):
    await life.begin()
    web_app.state.citizen_allowance = Allowance(3, 60.0)
    answers = [(await ask()).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert CitizenSettings().burst >= 10


# ---- the link


async def test_the_link_shows_the_answer_and_takes_one_rating(loop, ask):
    await answered(loop)
    token = loop.token()
    assert (await ask(code=None, token=token)).json()["reply"] == "路灯已修复"
    done = await ask("/rate", code=None, token=token, satisfied=4, solved=1)
    assert (done.status_code, done.json()["state"]) == (200, "已办结")
    (row,) = await loop.life.rows("SELECT mode, satisfied, by FROM callbacks WHERE result = 'answered'")
    assert tuple(row.values()) == ("sms", 4, "citizen")
    assert problem(await ask("/rate", code=None, token=token, satisfied=1, solved=3)) == (409, "citizen.not_now")
    assert (await loop.life.ticket()).satisfied == 4


async def test_only_a_hash_of_the_link_is_in_the_record(loop):
    await answered(loop)
    token = loop.token()
    kept = [await loop.life.rows(f"SELECT * FROM {table}") for table in ("messages", "callbacks", "outbox")]
    assert token not in str(kept)


async def test_a_link_ends_after_seven_days_and_with_another_ticket_it_opens_nothing(loop, ask, life):
    await answered(loop)
    token = loop.token()
    assert problem(await ask(no="YC2026110299999", code=None, token=token)) == (404, "citizen.wrong_code")
    assert problem(await ask(code=None, token="x" * 22)) == (404, "citizen.wrong_code")
    assert problem(await ask(code=CODE, token=token)) == (404, "citizen.wrong_code")
    life.later(days=6, hours=23)
    assert (await ask(code=None, token=token)).status_code == 200
    life.later(hours=2)
    assert problem(await ask(code=None, token=token)) == (404, "citizen.wrong_code")


async def test_a_link_of_an_earlier_round_rates_the_present_answer(loop, ask):
    """It is the same citizen; what he rates is what he is shown."""
    await answered(loop)
    first = loop.token()
    await ask("/rate", code=None, token=first, satisfied=1, solved=3, reason="没修")
    await loop.reworked()
    done = await ask("/rate", code=None, token=first, satisfied=5, solved=1)
    assert done.json()["state"] == "已办结"


# ---- doing


async def test_not_content_over_the_code_brings_it_back_to_the_unit(loop, ask):
    await answered(loop)
    done = await ask("/rate", satisfied=2, solved=3, reason="灯还是不亮")
    assert (done.status_code, done.json()["state"]) == (200, "正在重新办理")
    assert done.json()["reply"] is None
    (row,) = await loop.life.rows("SELECT reason FROM callbacks WHERE result = 'answered'")
    assert row["reason"] == "灯还是不亮"
    assert not await loop.life.faults()


async def test_one_rating_a_round_also_while_it_is_supervised(loop, ask):
    await answered(loop)
    await loop.rated(1, 3)
    await loop.reworked()
    assert (await ask("/rate", satisfied=1, solved=3)).json()["may"] == ["append", "withdraw"]
    assert problem(await ask("/rate", satisfied=5, solved=1)) == (409, "citizen.rated_before")
    assert (await loop.life.ticket()).satisfied == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"satisfied": 0, "solved": 1}, "input.invalid"),
        ({"satisfied": 9, "solved": 1}, "input.invalid"),
        ({"satisfied": 5, "solved": 9}, "input.invalid"),
        ({"satisfied": 5}, "input.invalid"),
        ({"satisfied": 5, "solved": 1, "reason": "长" * 1001}, "input.invalid"),
        ({"satisfied": 1, "solved": 1, "reason": "<script>alert(1)</script>"}, "input.markup"),
        ({"satisfied": 5, "solved": 1, "callback_id": 1}, "input.invalid"),
    ],
)
async def test_a_rating_that_cannot_be_changes_nothing(loop, ask, api, fields, kind):
    await answered(loop)
    before = await api.untouched()
    assert problem(await ask("/rate", **fields)) == (422, kind)
    assert await api.untouched() == before


async def test_a_citizen_urges_once_a_day(ask, life):
    await life.begin()
    await life.to_handling()
    assert (await ask("/urge", text="请尽快")).status_code == 200
    again = await ask("/urge")
    assert (problem(again), again.json()["detail"]) == ((409, "citizen.not_now"), "今日已催办过，请耐心等待")
    assert "version" not in again.json()
    life.later(days=1)
    assert (await ask("/urge")).status_code == 200


async def test_further_words_come_below_the_first_ones_and_are_what_the_hotline_waited_for(ask, life):
    await life.begin()
    assert (await ask("/append", text="共三盏")).status_code == 200
    assert (await life.ticket()).content.endswith("共三盏")
    await life.do(A.ASK_INFO, DISPATCHER, reason="缺少楼号")
    assert (await ask()).json()["state"] == "等待您补充信息"
    file = await life.file()
    done = await ask("/append", text="12号楼", attachments=[file])
    assert done.json()["state"] == "已受理，正在转派承办单位"
    assert len(await life.rows("SELECT 1 FROM attachments a JOIN tickets t ON t.id = a.ticket_id")) == 1
    assert problem(await ask("/append", text="x", attachments=[10**15])) == (422, "input.unknown")


async def test_a_withdrawal_is_asked_for_and_a_person_looks_at_it(ask, life):
    await life.begin()
    done = await ask("/withdraw", reason="已自行解决")
    assert (done.status_code, done.json()["may"]) == (200, ["append"])
    assert problem(await ask("/withdraw", reason="已自行解决")) == (409, "citizen.not_now")
    await life.do(A.WITHDRAW, DISPATCHER, reason="核实属实")
    assert (await ask()).json()["state"] == "已按您的要求撤回"


async def test_an_appeal_is_open_for_seven_days_and_once(loop, ask, life):
    await answered(loop)
    await loop.rated(5)
    life.later(days=6)
    done = await ask("/appeal", reason="第二天又坏了")
    assert (done.status_code, done.json()["state"]) == (200, "申诉复核中")
    await life.do(A.DISMISS_APPEAL, CHIEF, reason="属另一事项")
    again = await ask("/appeal", reason="不服")
    assert (problem(again), again.json()["detail"]) == ((409, "citizen.not_now"), "该工单已经申诉复核过")


async def test_an_appeal_after_seven_days_is_too_late(loop, ask, life):
    await answered(loop)
    await loop.rated(5)
    life.later(days=7, seconds=1)
    late = await ask("/appeal", reason="第八天")
    assert (problem(late), late.json()["detail"]) == ((409, "citizen.not_now"), "办结已超过申诉期限")


async def test_a_refusal_tells_no_state_of_the_house(ask, life):
    await life.begin()
    for path, fields in (("/rate", {"satisfied": 5, "solved": 1}), ("/urge", {}), ("/appeal", {"reason": "不服"})):
        refused = await ask(path, **fields)
        assert problem(refused) == (409, "citizen.not_now")
        assert set(refused.json()) == {"type", "title", "status", "detail", "instance"}
        assert "待审核" not in refused.text


@pytest.mark.parametrize("path", ["/rate", "/append", "/urge", "/withdraw", "/appeal"])
async def test_nothing_is_done_with_a_wrong_code_not_even_by_who_is_signed_in(ask, api, life, path):
    await life.begin()
    fields = {"/rate": {"satisfied": 5, "solved": 1}, "/append": {"text": "x"}, "/urge": {}}.get(path, {"reason": "x"})
    before = await api.untouched()
    await api.as_(Role.DIRECTOR)
    answer = await api.client.post(f"/api/public/tickets/{life.no}{path}", json={"code": "000000", **fields})
    assert problem(answer) == (404, "citizen.wrong_code")
    assert await api.untouched() == before


async def test_two_ratings_at_once_are_one(loop, ask):
    await answered(loop)
    both = await asyncio.gather(*(ask("/rate", satisfied=n, solved=1) for n in (4, 5)))
    assert sorted(answer.status_code for answer in both) == [200, 409]
    assert len(await loop.life.rows("SELECT 1 FROM callbacks WHERE result = 'answered'")) == 1
    assert not await loop.life.faults()


async def test_locks_that_are_long_past_are_forgotten(ask, life, city_sessions):
    await life.begin()
    await ask(code="000000")
    async with city_sessions() as db:
        await forget(db, life.now + timedelta(hours=23))
        assert (await db.execute(text("SELECT count(*) FROM lockouts"))).scalar_one() == 2
        await forget(db, life.now + timedelta(hours=25))
        assert (await db.execute(text("SELECT count(*) FROM lockouts"))).scalar_one() == 0
