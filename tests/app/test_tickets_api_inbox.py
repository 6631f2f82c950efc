"""Lists of tickets: who sees which, narrowed by what, in order, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from models.codes import Role, TicketStatus
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import AGENT, DISPATCHER, OTHER, SUPERVISOR, THIRD, UNIT, new_ticket, of_unit

DISTRICT = "640106"


def no(number: int) -> str:
    return f"YC20261102{number:05d}"


async def _add(life, number: int, *, after_h: float = 0, **values) -> None:
    async with life.sessions() as db:
        at = life.now + timedelta(hours=after_h)
        await new_ticket(db, life.book, no(number), at, values.pop("status", TicketStatus.REVIEW), **values)
        await db.commit()


async def _dispatch(life, number: int, unit: str, **fields) -> None:
    await life.do(A.APPROVE, DISPATCHER, no(number))
    await life.do(A.DISPATCH, DISPATCHER, no(number), unit=unit, **fields)


async def _numbers(api, **parameters) -> list[int]:
    answer = await api.get("", **parameters)
    assert answer.status_code == 200, answer.text
    return [int(ticket["no"][-5:]) for ticket in answer.json()]


@pytest.fixture
async def some(api):
    """1 in review; 2 with UNIT; 3 with UNIT and OTHER helps; 4 with OTHER; 5 with the district, passed down to a
    street; 6 returned by UNIT and waiting; 7 closed by UNIT (praise)."""
    life = api.life
    for number in range(1, 7):
        await _add(life, number, after_h=-number / 10)
    await _add(life, 7, after_h=-1, profile="P", type="06")
    await _dispatch(life, 2, UNIT)
    await _dispatch(life, 3, UNIT, co_units=[OTHER])
    await _dispatch(life, 4, OTHER)
    await _dispatch(life, 5, DISTRICT)
    await life.do(A.SIGN, of_unit(DISTRICT, Role.UNIT_SIGNER), no(5))
    below = next(unit.code for unit in life.book.units.values() if unit.parent == DISTRICT and unit.kind == "street")
    await life.do(A.SUB_DISPATCH, of_unit(DISTRICT, Role.UNIT_HANDLER), no(5), unit=below, text="请处理")
    await _dispatch(life, 6, UNIT)
    await life.do(
        A.REQUEST_RETURN, of_unit(UNIT, Role.UNIT_SIGNER), no(6), code="R01", reason="非本单位职责",
        basis="三定方案", attachments=[await life.file()],
    )  # fmt: skip
    await life.do(A.APPROVE_RETURN, DISPATCHER, no(6), reason="成立")
    await _dispatch(life, 7, UNIT)
    await life.do(A.CLOSE, of_unit(UNIT, Role.UNIT_HANDLER), no(7))
    api.street = below
    return api


async def test_each_sees_what_is_his(some):
    seen = {}
    for who, role, unit in (
        ("city", Role.DISPATCHER, None), ("observer", Role.OBSERVER, None), ("unit", Role.UNIT_SIGNER, UNIT),
        ("other", Role.UNIT_SIGNER, OTHER), ("district", Role.DISTRICT_ADMIN, DISTRICT),
        ("street", Role.UNIT_SIGNER, some.street), ("third", Role.UNIT_SIGNER, THIRD), ("none", Role.UNIT_SIGNER, None),
    ):  # fmt: skip
        await some.as_(role, unit=unit)
        seen[who] = await _numbers(some)
    assert seen == {
        "city": [1, 2, 3, 4, 5, 6, 7], "observer": [1, 2, 3, 4, 5, 6, 7], "unit": [2, 3, 7], "other": [3, 4],
        "district": [2, 3, 4, 5, 7], "street": [5], "third": [], "none": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "relation", "seen"),
    [
        (UNIT, "host", [2, 3, 7]), (UNIT, "past", [6]), (UNIT, "co", []), (OTHER, "host", [4]), (OTHER, "co", [3]),
        (DISTRICT, "host", [2, 3, 4, 5, 7]), (DISTRICT, "sub", [5]), (DISTRICT, "co", [3]), (DISTRICT, "past", [6]),
    ],
)  # fmt: skip
async def test_a_unit_asks_for_what_it_holds_helps_with_works_on_or_once_had(some, unit, relation, seen):
    await some.as_(Role.UNIT_SIGNER, unit=unit)
    assert await _numbers(some, relation=relation) == seen
    assert await _numbers(some, relation=relation, category="010101") == seen  # also where the planner chooses
    answer = await some.get("", relation=relation)
    told = {ticket["relation"] for ticket in answer.json()}
    if relation == "past" or unit in {UNIT, OTHER}:
        assert told <= {relation}


async def test_helpers_that_have_answered_once_had_it(some):
    await some.life.do(A.CO_REPLY, of_unit(OTHER, Role.UNIT_HANDLER), no(3), text="已配合")
    await some.as_(Role.UNIT_SIGNER, unit=OTHER)
    assert await _numbers(some, relation="co") == []
    assert await _numbers(some, relation="past") == [3]
    assert await _numbers(some) == [4]
    assert (await some.get(f"/{no(3)}")).json()["relation"] == "past"


async def test_the_hotline_looks_from_a_unit(some):
    await some.as_(Role.DISPATCHER)
    assert await _numbers(some, unit=DISTRICT) == [2, 3, 4, 5, 7]
    assert await _numbers(some, unit=DISTRICT, exact=True) == [5]
    assert await _numbers(some, unit=OTHER, relation="co") == [3]
    assert await _numbers(some, unit=UNIT, relation="past") == [6]
    assert await _numbers(some, unit="nowhere") == []
    answer = await some.get("", relation="co")
    assert (answer.status_code, answer.json()["faults"][0]["field"]) == (422, "unit")


async def test_a_unit_cannot_look_from_another(some):
    await some.as_(Role.UNIT_SIGNER, unit=UNIT)
    assert await _numbers(some, unit=OTHER) == []
    assert await _numbers(some, unit=DISTRICT) == [2, 3, 7]
    await some.as_(Role.DISTRICT_ADMIN, unit=DISTRICT)
    assert await _numbers(some, unit=OTHER) == [3, 4]


@pytest.mark.parametrize("narrow", [{}, {"category": "010101"}])
async def test_states_and_whether_it_has_ended(some, narrow):
    await some.as_(Role.DISPATCHER)
    assert await _numbers(some, status=[20, 30], **narrow) == [1, 6]
    assert await _numbers(some, open=True, **narrow) == [1, 2, 3, 4, 5, 6]
    assert await _numbers(some, open=False, **narrow) == [7]
    assert await _numbers(some, open=False, status=[20, 80], **narrow) == [7]
    assert await _numbers(some, status=[99], **narrow) == []
    await some.as_(Role.UNIT_SIGNER, unit=UNIT)
    assert await _numbers(some, open=True, **narrow) == [2, 3]
    assert await _numbers(some, status=[20, 30, 80], **narrow) == [7]
    assert await _numbers(some, open=True, sort="due", **narrow) == [2, 3]


async def test_mine_are_those_i_registered_or_had_a_hand_in(some):
    await some.as_(Role.DISPATCHER)
    assert await _numbers(some, mine="any") == []
    await some.act("approve", no(1))
    assert await _numbers(some, mine="handled") == [1]
    assert await _numbers(some, mine="registered") == []
    await _add(some.life, 8, registered_by="user:dispatcher")
    assert await _numbers(some, mine="registered") == [8]
    assert await _numbers(some, mine="any") == [8, 1]
    assert await _numbers(some, mine="any", status=[30]) == [1]
    await some.as_(Role.UNIT_SIGNER, unit=UNIT)
    await some.act("sign", no(2))
    assert await _numbers(some, mine="handled") == [2]


async def test_narrowed_by_what_it_is_about_and_where(api):
    places = {place.kind: place for place in api.life.book.city.places if place.parent is not None}
    road = places["road"]
    await _add(api.life, 1, category="010101", channel="10", urgency=3, district_code="640106")
    await _add(api.life, 2, category="010102", channel="22", urgency=2, district_code="640104", type="03")
    await _add(api.life, 3, category="020101", channel="22", urgency=3, place_code=road.code, district_code=None)
    await _add(api.life, 4, category=None, channel="40", urgency=1, stability_risk=True)
    await api.as_(Role.DISPATCHER)
    wanted = {
        "category": [("010101", [1]), ("0101", [2, 1]), ("02", [3]), ("99", [])],
        "channel": [("22", [3, 2]), (["10", "40"], [4, 1])],
        "urgency": [(2, [2]), ([1, 2], [4, 2])],
        "type": [("03", [2])],
        "district": [("640104", [2])],
        "place": [("640106", [4, 1]), (road.code, [3]), (road.parent, [3]), ("640104", [2])],
    }
    for name, cases in wanted.items():
        for value, expected in cases:
            found = await _numbers(api, **{name: value})
            if name == "place" and value == road.parent:
                assert 3 in found
            else:
                assert found == expected, (name, value)
    assert await _numbers(api, category="01", channel="22", urgency=2, district="640104", type="03") == [2]
    assert await _numbers(api, category="01", channel="22", urgency=3) == []


async def test_narrowed_by_time_and_by_warnings(some):
    life = some.life
    await some.as_(Role.DISPATCHER)
    at = life.now - timedelta(hours=0.35)
    assert await _numbers(some, since=at.isoformat()) == [1, 2, 3]
    assert await _numbers(some, until=at.isoformat()) == [4, 5, 6, 7]
    assert await _numbers(some, since=at.isoformat(), until=life.now.isoformat(), status=[40]) == [2, 3]
    await life.do(A.SUPERVISE, SUPERVISOR, no(2), level=1, reason="关注")
    assert await _numbers(some, supervised=True) == [2]
    assert 2 not in await _numbers(some, supervised=False)
    async with life.sessions() as db:
        await db.execute(text("UPDATE tickets SET warn_state = 1 WHERE no = :no"), {"no": no(3)})
        await db.commit()
    assert await _numbers(some, warn=[1, 2]) == [3]
    due = (await life.ticket(no(2))).due
    assert await _numbers(some, due_before=(due + timedelta(seconds=1)).isoformat(), status=[40], sort="due") == [
        2, 3, 4
    ]  # fmt: skip
    assert await _numbers(some, due_before=due.isoformat(), status=[40], sort="due") == []
    assert await _numbers(some, overdue=True) == []
    life.now = due + timedelta(minutes=1)
    assert await _numbers(some, overdue=True, status=[40]) == [2, 3, 4]
    assert 7 in await _numbers(some, overdue=False)


async def _pages(api, limit: int, **parameters) -> list[list[int]]:
    pages = []
    while True:
        answer = await api.get("", limit=limit, **parameters)
        assert answer.status_code == 200, answer.text
        pages.append([int(ticket["no"][-5:]) for ticket in answer.json()])
        if "link" not in answer.headers:
            return pages
        parameters["cursor"] = answer.headers["x-next-cursor"]


async def _many(api) -> None:
    """Twelve, of which 2 and 3 began at the same instant, 5 and 6 are due at the same, and 11 and 12 never."""
    life = api.life
    async with life.sessions() as db:
        for number in range(1, 13):
            ticket = await new_ticket(db, life.book, no(number), life.now + timedelta(minutes=max(number, 3)))
            ticket.due = None if number > 10 else life.now + timedelta(days=20 - (number if number != 6 else 5))
        await db.commit()


@pytest.mark.parametrize("narrow", [{}, {"category": "010101"}, {"status": 20}, {"q": "路灯"}, {"place": "640106"}])
async def test_pages_follow_each_other_without_a_gap(api, narrow):
    await _many(api)
    await api.as_(Role.DISPATCHER)
    newest = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    by_due = [10, 9, 8, 7, 5, 6, 4, 3, 2, 1, 11, 12]
    for limit in (1, 5, 12, 200):
        for sort, whole in (("newest", newest), ("due", by_due)):
            pages = await _pages(api, limit, sort=sort, **narrow)
            assert [number for page in pages for number in page] == whole
            assert all(len(page) == limit for page in pages[:-1])
            assert len(pages) == -(-12 // limit)


async def test_pages_of_a_unit_follow_each_other_over_all_it_has_to_do_with(api):
    await _many(api)
    for number in range(1, 13):
        if number % 3:
            await _dispatch(api.life, number, (UNIT, OTHER)[number % 2], co_units=[(OTHER, THIRD)[number % 2]])
    await api.as_(Role.DISTRICT_ADMIN, unit=DISTRICT)
    for sort in ("newest", "due"):
        whole = await _numbers(api, sort=sort)
        assert sorted(whole) == [1, 2, 4, 5, 7, 8, 10, 11]
        pages = await _pages(api, 3, sort=sort)
        assert [number for page in pages for number in page] == whole


async def test_what_comes_meanwhile_moves_no_page(api):
    await _many(api)
    await api.as_(Role.DISPATCHER)
    first = await api.get("", limit=5)
    await _add(api.life, 20, after_h=5)
    await _add(api.life, 21, after_h=-5)
    rest = await _pages(api, 5, cursor=first.headers["x-next-cursor"])
    assert [number for page in rest for number in page] == [7, 6, 5, 4, 3, 2, 1, 21]


async def test_the_link_leads_to_the_next_page(api):
    await _many(api)
    await api.as_(Role.DISPATCHER)
    answer = await api.get("", limit=5, status=[20, 30], category="0101")
    address = answer.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
    assert address.startswith("/api/tickets?")
    following = await api.client.get(address)
    assert [ticket["no"] for ticket in following.json()] == [no(number) for number in (7, 6, 5, 4, 3)]


@pytest.mark.parametrize("cursor", ["", "x", "!", "aGFsbG8", "0" * 400, "k8Q", "../etc", "%00"])
async def test_a_cursor_that_is_none_is_refused(api, cursor):
    await api.as_(Role.DISPATCHER)
    answer = await api.get("", cursor=cursor)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:hotline:cursor.invalid")


async def test_a_cursor_of_another_list_or_another_reader_is_refused(api):
    await _many(api)
    await api.as_(Role.DISPATCHER)
    cursor = (await api.get("", limit=2, status=20)).headers["x-next-cursor"]
    assert (await api.get("", limit=3, status=20, cursor=cursor)).status_code == 200
    for other in ({"status": 30}, {"status": 20, "sort": "due"}, {}):
        assert (await api.get("", cursor=cursor, **other)).status_code == 400
    await api.as_(Role.AGENT)
    assert (await api.get("", status=20, cursor=cursor)).status_code == 400


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": 0}, {"limit": 201}, {"sort": "size"}, {"relation": "friend"}, {"category": "0"}, {"category": "x'--"},
        {"mine": "yes"}, {"status": "open"}, {"q": "灯"}, {"q": "长" * 65}, {"open": "perhaps"}, {"since": "soon"},
        {"urgency": list(range(30))}, {"unit": "u" * 40}, {"due_before": "x"},
    ],
)  # fmt: skip
async def test_a_filter_that_is_none_is_refused_and_named(api, parameters):
    await api.as_(Role.DISPATCHER)
    answer = await api.get("", **parameters)
    assert answer.status_code == 400
    (fault,) = answer.json()["faults"]
    assert fault["field"] in parameters
    assert not fault["message"].isascii()


@pytest.mark.parametrize("parameters", [{"q": "路 灯"}, {"sort": "due", "relation": "past", "unit": UNIT}])
async def test_filters_that_make_no_sense_are_refused(api, parameters):
    await api.as_(Role.DISPATCHER)
    answer = await api.get("", **parameters)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.invalid")


async def test_words_are_found_in_title_content_address_and_subject(api):
    await _add(api.life, 1, title="小区路灯不亮", content="宁安北街的路灯坏了")
    await _add(api.life, 2, title="噪音", content="夜间施工噪音扰民，车牌宁A12345", address="金凤区宁安北街18号")
    await _add(api.life, 3, title="欠薪", content="工资没发", subject="某某建筑公司")
    await _add(api.life, 4, title="下水", content="街北安宁")
    await api.as_(Role.DISPATCHER)
    for words, found in (
        ("路灯", [1]), ("宁安北街", [2, 1]), ("宁安 噪音", [2]), ("建筑公司", [3]), ("宁a12345", [2]), ("安北", [2, 1]),
        ("路灯坏", [1]), ("北街18", [2]), ("没有这些字", []), ("100%", []), ("宁_", []), ("'; --", []),
    ):  # fmt: skip
        assert await _numbers(api, q=words) == found, words
    assert await _numbers(api, q="宁安", status=20, sort="due", category="0101") == [1, 2]


async def test_words_that_change_are_found_as_they_are_now(api):
    await _add(api.life, 1, status=TicketStatus.DRAFT)
    await api.as_(Role.AGENT)
    assert (await api.act("amend", no(1), title="井盖丢失", address="正源街")).status_code == 200
    assert await _numbers(api, q="井盖") == [1]
    assert await _numbers(api, q="正源街") == [1]
    await api.act("append", no(1), text="补充：旁边还有一处积水")
    await api.act("amend", no(1), title="积水")
    assert await _numbers(api, q="井盖") == []


async def test_a_ticket_is_found_by_its_number_or_its_query_code(api):
    await _add(api.life, 1, query_code="735512")
    await _add(api.life, 2)
    await api.as_(Role.DISPATCHER)
    assert await _numbers(api, q=no(2)) == [2]
    assert await _numbers(api, q=no(2).lower()) == [2]
    assert await _numbers(api, q="735512") == [1]
    await api.as_(Role.OBSERVER)
    assert await _numbers(api, q=no(2)) == [2]
    assert await _numbers(api, q="735512") == []
    assert await _numbers(api, q="路灯") == []  # who may not read the words cannot guess them either


@pytest.mark.parametrize(
    ("role", "unit", "found"),
    [
        *((role, None, [3, 2, 1]) for role in (Role.CALLBACK, Role.DIRECTOR)),
        *((role, None, [1]) for role in (Role.AGENT, Role.TEAM_LEADER, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR)),
        *((role, None, []) for role in (Role.QUALITY, Role.SUPERVISION, Role.LEADER, Role.OBSERVER)),
        *((role, UNIT, []) for role in (Role.UNIT_SIGNER, Role.UNIT_HANDLER)),
    ],
)
async def test_a_code_finds_a_ticket_for_those_who_may_be_told_it(api, role, unit, found):
    for number, values in ((1, {}), (2, {"confidential": True}), (3, {"channel": "24"})):
        await _add(api.life, number, query_code="735512", **values)
        await _dispatch(api.life, number, UNIT)
    await api.as_(role, unit=unit)
    assert sorted(await _numbers(api, q="735512"), reverse=True) == found


SAID, CALLED = "13900000001", "13811112222"
IN_NUMBERS = (SAID, CALLED, "139", "1390000", "00", "01", "8111", "22", "请打13900000001", "打1", "1390000 路灯")


@pytest.fixture
async def spoken(api):
    """1 and 2 (confidential) with UNIT: their citizens have said their own numbers, a house, and another's number."""
    for number, confidential in ((1, False), (2, True)):
        await _add(
            api.life, number, after_h=-number, contact_phone=CALLED, confidential=confidential,
            content=f"路灯不亮，请打{SAID}或{CALLED}，物业是6657788，3号楼", title=f"找{SAID}", address="北街18号",
        )  # fmt: skip
        await _dispatch(api.life, number, UNIT)
    return api


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("role", "unit", "known"),
    [
        *((role, None, [1, 2]) for role in (Role.CALLBACK, Role.DIRECTOR)),
        *((role, None, [1]) for role in (Role.AGENT, Role.TEAM_LEADER, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR)),
        *((role, None, []) for role in (Role.QUALITY, Role.SUPERVISION, Role.LEADER)),
        *((role, UNIT, []) for role in (Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER)),
    ],
)
async def test_digits_of_a_number_that_is_covered_find_nothing_and_what_is_seen_is_found(
    spoken, monkeypatch, role, unit, known, many
):
    if many:
        monkeypatch.setattr("app.tickets.searching._RARE", -1)
    await spoken.as_(role, unit=unit)
    for words in IN_NUMBERS:
        assert await _numbers(spoken, q=words) == known, words
    for words in ("路灯", "3号楼", "6657788", "57", "北街18", "18号 物业是6", "3号楼 请打"):
        assert await _numbers(spoken, q=words) == [1, 2], words
    assert await _numbers(spoken, q=no(2)) == [2]


@pytest.mark.parametrize(
    ("caller", "contact"),
    [("6657788", "09516657788"), ("09516657788", "6657788"), (None, "6657788"), ("6657788", None)],
)
async def test_numbers_that_hold_each_other_are_covered_whole(api, caller, contact):
    longest = max(caller or "", contact or "", key=len)
    await _add(api.life, 1, caller_phone=caller, contact_phone=contact, content=f"路灯，{longest}，12号")
    await _dispatch(api.life, 1, UNIT)
    await api.as_(Role.UNIT_SIGNER, unit=UNIT)
    assert await _numbers(api, q="12号 路灯") == [1]
    for words in ("09", "51", "66", "88", longest):
        assert await _numbers(api, q=words) == [], words


async def test_a_unit_finds_words_in_its_own_tickets_only(some):
    await some.as_(Role.UNIT_SIGNER, unit=UNIT)
    assert await _numbers(some, q="路灯") == [2, 3, 7]
    assert await _numbers(some, q=no(4)) == []
    assert await _numbers(some, q="路灯", relation="past") == [6]


@pytest.mark.parametrize("sort", ["newest", "due"])
async def test_words_that_many_tickets_hold_are_looked_for_on_the_way(some, monkeypatch, sort):
    monkeypatch.setattr("app.tickets.searching._RARE", 2)
    await _add(some.life, 9, title="别的", content="别的")
    await some.as_(Role.DISPATCHER)
    assert sorted(await _numbers(some, q="路灯", sort=sort)) == [1, 2, 3, 4, 5, 6, 7]
    assert await _numbers(some, q="路灯", status=20, sort=sort) == [1]
    await some.as_(Role.UNIT_SIGNER, unit=UNIT)
    assert sorted(await _numbers(some, q="路灯", sort=sort)) == [2, 3, 7]


async def test_a_list_is_one_query_however_many_tickets_there_are(some, web_app):
    await some.as_(Role.DISTRICT_ADMIN, unit=DISTRICT)
    await some.get("")
    asked: list[str] = []
    engine = some.client.app.state.sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    counts = []
    for limit in (1, 5):
        asked.clear()
        await some.get("", limit=limit)
        counts.append(len([query for query in asked if "FROM tickets" in query]))
    assert counts == [1, 1]


async def test_a_line_tells_what_is_left_and_how_it_stands(some):
    await some.as_(Role.UNIT_SIGNER, unit=UNIT)
    line = next(ticket for ticket in (await some.get("")).json() if ticket["no"] == no(3))
    assert line["co_units"] == [some.life.book.units[OTHER].name]
    assert line["due_left"].startswith("还剩")
    assert (line["warn_name"], line["relation"], line["version"]) == ("正常", "host", 3)
    assert line["caller_phone"] == "139****0001"
    await some.life.do(A.LINK, AGENT, no(3), target_no=no(4), link_kind="same_place")
