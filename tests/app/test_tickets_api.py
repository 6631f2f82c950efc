"""Reading tickets, calls and recordings: who sees what, and what is written down of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.tickets.drafting import draft_ticket
from models.audit import AuditEntry
from models.ledger import audit_entry, first_break
from models.session import engine, sessions
from routing.assess import Router
from tests.fixtures.record import run_apart
from tests.fixtures.servers import admin, url_of

from .people import sign_in_as
from .telling import CONSULT, FIRE, REPORT, START, bring, rows, whole

ONE, TWO, THREE = (f"12345202611240000{number}" for number in (1, 2, 3))
WAV = b"RIFF" + bytes(40)


async def _write(url: str, judge: Router) -> None:
    db_engine = engine(url)
    async with sessions(db_engine)() as db:
        await db.execute(
            text("INSERT INTO units (code, name, short, kind, tier, parent, active) "
                 "VALUES ('640106-S01', '某街道', '街道', 'street', 3, '640106', true)")
        )  # fmt: skip
        for number, said in enumerate((CONSULT, REPORT, FIRE), 1):
            await bring(db, whole(said, f"c{number}", ani=f"1390000000{number}"))
            await draft_ticket(db, judge, f"c{number}", START)
        await db.execute(text("UPDATE tickets SET host_unit = '640106-S01' WHERE no = :no"), {"no": THREE})
        await db.commit()
    await db_engine.dispose()


@pytest.fixture(scope="module")
def tickets_template(postgres, seeded_template, judge):
    """Three: consultation (dispatched to 640100-GJ), report (in review), fire (moved to a unit below 金凤区)."""
    admin(postgres, f"CREATE DATABASE template_tickets TEMPLATE {seeded_template}")
    run_apart(_write(url_of(postgres, "template_tickets"), judge))
    return "template_tickets"


@pytest.fixture
def seeded_url(postgres, tickets_template):
    """In this file the database has the tickets in it."""
    admin(postgres, f"CREATE DATABASE tickets_here TEMPLATE {tickets_template} STRATEGY file_copy")
    yield url_of(postgres, "tickets_here")
    admin(postgres, "DROP DATABASE tickets_here WITH (FORCE)")


@pytest.fixture
def tickets(city_db):
    return city_db


async def _numbers(client, query="") -> list[str]:
    answer = await client.get(f"/api/tickets{query}")
    assert answer.status_code == 200
    return [ticket["no"] for ticket in answer.json()]


async def test_the_hotline_sees_all_tickets_newest_first(client, tickets):
    await sign_in_as(client, tickets, "dispatcher")
    assert await _numbers(client) == [THREE, TWO, ONE]


async def test_the_list_is_narrowed(client, tickets):
    await sign_in_as(client, tickets, "dispatcher")
    assert await _numbers(client, "?status=20") == [TWO]
    assert await _numbers(client, "?call_id=c1") == [ONE]
    assert await _numbers(client, "?limit=2") == [THREE, TWO]
    assert await _numbers(client, "?since=2026-11-24T10:00:00") == [THREE, TWO, ONE]  # the city's time
    assert await _numbers(client, "?since=2026-11-24T10:00:01") == []
    assert await _numbers(client, "?since=2026-11-24T02:00:01Z") == []


@pytest.mark.parametrize(
    ("unit", "seen"),
    [("640106", [THREE]), ("640106-S01", [THREE]), ("640100-GJ", [ONE]), ("640104", []), (None, [])],
)
@pytest.mark.parametrize("role", ["unit_signer", "district_admin"])
async def test_a_unit_sees_what_was_dispatched_to_it_and_below_it(client, tickets, role, unit, seen):
    await sign_in_as(client, tickets, role, unit)
    assert await _numbers(client) == seen
    found = {no: (await client.get(f"/api/tickets/{no}")).status_code for no in (ONE, TWO, THREE)}
    assert found == {no: 200 if no in seen else 404 for no in (ONE, TWO, THREE)}


async def test_the_unit_above_sees_everything_dispatched_but_nothing_in_review(client, tickets):
    (top,) = await rows(tickets, "SELECT code FROM units WHERE parent IS NULL AND tier = 1")
    await sign_in_as(client, tickets, "unit_signer", top)
    assert await _numbers(client) == [THREE, ONE]


async def test_the_list_never_shows_a_whole_number(client, tickets):
    await sign_in_as(client, tickets, "director")
    answer = await client.get("/api/tickets")
    assert [ticket["caller_phone"] for ticket in answer.json()] == ["139****0003", "139****0002", "139****0001"]
    assert {ticket["query_code"] for ticket in answer.json()} == {None}


@pytest.mark.parametrize(
    ("role", "unit"),
    [("dispatcher", None), ("callback", None), ("director", None), ("unit_handler", "640100-GJ"), ("observer", None)],
)
async def test_reading_a_ticket_never_shows_a_whole_number(client, tickets, role, unit):
    await sign_in_as(client, tickets, role, unit)
    answer = await client.get(f"/api/tickets/{ONE}")
    assert (answer.json()["caller_phone"], answer.json()["phone_masked"]) == ("139****0001", True)
    assert answer.json()["query_code"] is None
    assert "13900000001" not in answer.text


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("dispatcher", "*" * 11),
        ("agent", "*" * 11),
        ("quality", "*" * 11),
        ("observer", "*" * 11),
        ("callback", "139****0002"),
        ("director", "139****0002"),
    ],
)
async def test_of_who_reported_not_a_digit_is_shown_but_to_those_who_must_call_back(client, tickets, role, shown):
    user = await sign_in_as(client, tickets, role)
    assert (await client.get(f"/api/tickets/{TWO}")).json()["caller_phone"] == shown
    listed = {ticket["no"]: ticket["caller_phone"] for ticket in (await client.get("/api/tickets")).json()}
    assert listed == {ONE: "139****0001", TWO: shown, THREE: "139****0003"}
    if role != "observer":
        calls = {call["id"]: call["ani"] for call in (await client.get("/api/calls")).json()}
        assert calls == {"c1": "139****0001", "c2": shown, "c3": "139****0003"}
    assert await _audit(tickets) == [(f"user:{user.login}", "ticket.read", f"ticket:{TWO}", {"as": "city"})]


async def test_a_confidential_ticket_is_as_protected_as_a_report(client, tickets):
    await tickets.execute(text("UPDATE tickets SET confidential = true WHERE no = :no"), {"no": ONE})
    await tickets.commit()
    await sign_in_as(client, tickets, "dispatcher")
    assert (await client.get(f"/api/tickets/{ONE}")).json()["caller_phone"] == "*" * 11
    await sign_in_as(client, tickets, "unit_handler", "640100-GJ")
    assert (await client.get(f"/api/tickets/{ONE}")).json()["caller_phone"] == "139****0001"


async def test_an_observer_sees_states_and_clocks_and_nobodys_words(client, tickets):
    await sign_in_as(client, tickets, "observer")
    answers = [await client.get("/api/tickets"), *[await client.get(f"/api/tickets/{no}") for no in (ONE, TWO, THREE)]]
    for answer in answers:
        assert answer.status_code == 200
        for words in (CONSULT, REPORT, FIRE, "公积金怎么", "假药", "着火", "上海西路", "救命", ".wav", "1390000000"):
            assert words not in answer.text
    ticket = answers[3].json()
    assert (ticket["title"], ticket["content"], ticket["place"], ticket["confirm"]) == (
        "（已脱敏）", "（已脱敏）", None, []
    )  # fmt: skip
    assert (ticket["transcript"], ticket["recordings"], ticket["assessment"]) == ([], [], None)
    assert (ticket["urgency"], ticket["district"], ticket["status_name"]) == (1, "金凤区", "待签收")
    assert {event["kind_name"] for event in ticket["events"]} == {"受理登记", "自动分类", "派单"}
    assert all(event["payload"] == {} for event in ticket["events"])
    assert len(ticket["clocks"]) == 5


async def test_a_ticket_comes_with_its_events_clocks_words_and_recordings(client, tickets):
    await sign_in_as(client, tickets, "dispatcher")
    ticket = (await client.get(f"/api/tickets/{ONE}")).json()
    assert {key: ticket[key] for key in ("no", "status_name", "type", "path", "unit", "urgency_name", "channel")} == {
        "no": ONE, "status_name": "待签收", "type": "咨询", "path": "政务营商/税务公积金/公积金提取/贷款",
        "unit": ticket["unit"], "urgency_name": "一般", "channel": "电话12345",
    }  # fmt: skip
    assert ticket["citizen_due"] == "2026-11-26T18:00:00+08:00"
    assert ticket["created_at"] == "2026-11-24T10:00:00+08:00"
    assert [(event["seq"], event["kind_name"]) for event in ticket["events"]] == [
        (1, "受理登记"), (2, "自动分类"), (3, "派单")
    ]  # fmt: skip
    assert [clock["kind_name"] for clock in ticket["clocks"]] == ["签收", "先行联系", "诉求", "办结"]
    assert [said["text"] for said in ticket["transcript"]] == [CONSULT]
    assert ticket["recordings"] == [{"side": "citizen", "part": 1, "seconds": 4.5, "path": "2026/c1/1.wav"}]
    assert ticket["assessment"]["category"] == "140302"


async def _audit(db):
    await db.rollback()
    return await rows(db, "SELECT actor, action, subject, detail FROM audit_log ORDER BY seq")


async def test_reading_a_ticket_is_written_down_and_the_log_is_a_chain(client, tickets):
    quality = await sign_in_as(client, tickets, "quality")
    await client.get(f"/api/tickets/{TWO}")
    await client.get("/api/tickets/nobody's")
    agent = await sign_in_as(client, tickets, "agent")
    await client.get(f"/api/tickets/{ONE}")
    assert await _audit(tickets) == [
        (f"user:{quality.login}", "ticket.read", f"ticket:{TWO}", {"as": "city"}),
        (f"user:{agent.login}", "ticket.read", f"ticket:{ONE}", {"as": "city"}),
    ]
    entries = (await tickets.execute(text("SELECT * FROM audit_log ORDER BY seq"))).all()
    log = [AuditEntry(**entry._mapping) for entry in entries]
    assert first_break((row.seq, row.prev_hash, row.hash, audit_entry(row)) for row in log) is None


async def test_calls_are_listed_with_masked_numbers(client, tickets):
    await sign_in_as(client, tickets, "agent")
    calls = (await client.get("/api/calls")).json()
    assert {call["id"] for call in calls} == {"c1", "c2", "c3"}
    call = next(call for call in calls if call["id"] == "c1")
    assert {key: call[key] for key in ("ani", "outcome_name", "utterances", "texts", "recorded_s", "recording_parts",
                                       "ticket_no", "reserved_no", "digits", "reanchored")} == {
        "ani": "139****0001", "outcome_name": "已留诉求", "utterances": 1, "texts": 1, "recorded_s": 4.5,
        "recording_parts": 1, "ticket_no": ONE, "reserved_no": ONE, "digits": "1#", "reanchored": 0,
    }  # fmt: skip
    assert (await client.get("/api/calls?since=2026-11-24T10:00:02")).json() == []
    assert len((await client.get("/api/calls?limit=2")).json()) == 2


@pytest.fixture
def recordings(app_settings):
    folder = app_settings.recordings_dir / "2026" / "c1"
    folder.mkdir(parents=True)
    (folder / "1.wav").write_bytes(WAV)
    return app_settings.recordings_dir


async def test_listening_to_a_recording_is_written_down(client, tickets, recordings):
    user = await sign_in_as(client, tickets, "quality")
    answer = await client.get("/api/calls/c1/recordings/citizen/1")
    assert (answer.status_code, answer.content) == (200, WAV)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"].startswith("inline")
    assert await _audit(tickets) == [
        (f"user:{user.login}", "recording.heard", "call:c1", {"side": "citizen", "part": 1})
    ]


@pytest.mark.parametrize("path", ["c2/recordings/citizen/1", "c1/recordings/agent/1", "c1/recordings/citizen/2",
                                  "c9/recordings/citizen/1", "..%2f..%2fetc/recordings/citizen/1"])  # fmt: skip
async def test_a_recording_that_is_not_there_is_404_and_nobody_heard_it(client, tickets, recordings, path):
    await sign_in_as(client, tickets, "quality")
    assert (await client.get(f"/api/calls/{path}")).status_code == 404
    assert await _audit(tickets) == []


@pytest.mark.parametrize("path", ["../secrets/internal", "/etc/passwd", "2026/c1/../../../secrets/internal", "", "2026",
                                  "link.wav"])  # fmt: skip
async def test_no_path_leads_out_of_the_recordings_folder(client, tickets, recordings, path):
    (recordings / "link.wav").symlink_to(recordings.parent / "secrets" / "internal")
    await tickets.execute(text("UPDATE recordings SET path = :path"), {"path": path})
    await tickets.commit()
    await sign_in_as(client, tickets, "quality")
    answer = await client.get("/api/calls/c1/recordings/citizen/1")
    assert answer.status_code == 404
    assert await _audit(tickets) == []
