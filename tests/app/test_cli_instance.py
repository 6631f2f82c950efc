"""Commands that look into an instance: ``migrate``, ``verify``, ``tickets``, ``ticket``, ``calls``, ``doctor``."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import threading
from pathlib import Path

import psycopg
import pytest

from app.instance import run_dir
from app.tickets.drafting import draft_ticket
from models import migrate
from models.session import engine, sessions
from tests.city.conftest import SmallCity

from .telling import CONSULT, REPORT, START, bring, whole

ONE, TWO = "123452026112400001", "123452026112400002"


@pytest.fixture
def drafted_url(seeded_url, judge):
    """Two calls and their tickets."""

    async def work():
        db_engine = engine(seeded_url)
        async with sessions(db_engine)() as db:
            for number, said in enumerate((CONSULT, REPORT), 1):
                await bring(db, whole(said, f"c{number}"))
                await draft_ticket(db, judge, f"c{number}", START)
            await db.commit()
        await db_engine.dispose()

    asyncio.run(work())
    return seeded_url


def _execute(url: str, *statements: str):
    with psycopg.connect(url) as connection:
        for statement in statements:
            found = connection.execute(statement)
        return found.fetchall() if found.description else None


def test_migrating_brings_the_tables_up_to_date_and_tells_from_where(hotline, empty_database_url, data_of):
    data = data_of(empty_database_url)
    assert hotline("migrate", "--data", data, "--revision", "0001").json == {"from": None, "to": "0001"}
    assert hotline("migrate", "--data", data).json == {"from": "0001", "to": migrate.head()}
    assert hotline("migrate", "--data", data).json == {"from": migrate.head(), "to": migrate.head()}


def test_a_sound_record_is_verified_with_exit_0(hotline, drafted_url, data_of):
    ran = hotline("verify", "--data", data_of(drafted_url))
    assert ran.code == 0, ran.out
    assert (ran.json["ok"], ran.json["breaches"]) == (True, 0)
    looked_at = {check["name"]: check["looked_at"] for check in ran.json["checks"]}
    assert looked_at["ticket_events_are_unaltered"] == 2


def test_an_event_altered_by_hand_is_found_with_exit_1(hotline, drafted_url, data_of):
    _execute(
        drafted_url,
        "SET session_replication_role = replica",
        "UPDATE ticket_events SET actor = 'user:somebody' WHERE seq = 2",
    )
    ran = hotline("verify", "--data", data_of(drafted_url))
    assert ran.code == 1
    assert (ran.json["ok"], ran.json["breaches"]) == (False, 2)
    (broken,) = [check for check in ran.json["checks"] if check["breaches"]]
    assert broken["examples"] == [f"{ONE}#2", f"{TWO}#2"]


def test_tickets_are_listed_newest_first_as_one_array_and_that_is_written_down(hotline, drafted_url, data_of):
    data = data_of(drafted_url)
    ran = hotline("tickets", "--data", data)
    assert ran.code == 0
    assert [ticket["no"] for ticket in ran.json] == [TWO, ONE]
    wanted = {"no", "status", "type", "category", "path", "district", "place", "unit", "tier", "urgency",
              "caller_phone", "title", "content", "due", "citizen_due", "confidence"}  # fmt: skip
    assert wanted <= ran.json[0].keys()
    assert ran.json[0]["caller_phone"] == "13900000001"
    ((actor, action, detail),) = _execute(drafted_url, "SELECT actor, action, detail FROM audit_log")
    assert actor.startswith("cli:")
    assert (action, detail) == ("tickets.listed", {"count": 2})


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "20"], [TWO]), (["--call", "c1"], [ONE]), (["--limit", "1"], [TWO]),
        (["--since", "2026-11-24T10:00:00"], [TWO, ONE]), (["--since", "2026-11-24T02:00:01+00:00"], []),
    ],
)  # fmt: skip
def test_the_list_of_tickets_is_narrowed(hotline, drafted_url, data_of, options, found):
    ran = hotline("tickets", "--data", data_of(drafted_url), *options)
    assert [ticket["no"] for ticket in ran.json] == found


def test_one_ticket_comes_with_everything_and_that_is_written_down(hotline, drafted_url, data_of):
    ran = hotline("ticket", ONE, "--data", data_of(drafted_url))
    assert ran.json["no"] == ONE
    assert [event["kind"] for event in ran.json["events"]] == ["created", "classified", "dispatched"]
    assert [clock["kind"] for clock in ran.json["clocks"]] == ["sign", "contact", "citizen", "finish"]
    assert [said["text"] for said in ran.json["transcript"]] == [CONSULT]
    assert _execute(drafted_url, "SELECT subject FROM audit_log") == [(f"ticket:{ONE}",)]


def test_a_ticket_that_is_not_there_is_exit_1(hotline, drafted_url, data_of):
    ran = hotline("ticket", "nobody's", "--data", data_of(drafted_url))
    assert (ran.code, ran.out) == (1, "")
    assert "没有工单 nobody's" in ran.err


def test_calls_are_listed(hotline, drafted_url, data_of):
    ran = hotline("calls", "--data", data_of(drafted_url), "--limit", "5")
    assert {(call["id"], call["ticket_no"], call["outcome"]) for call in ran.json} == {
        ("c1", ONE, "appeal"), ("c2", TWO, "appeal")
    }  # fmt: skip
    assert _execute(drafted_url, "SELECT action FROM audit_log") == [("calls.listed",)]


def test_a_time_that_is_none_is_wrong_usage(hotline, tmp_path):
    ran = hotline("tickets", "--since", "gestern", "--data", str(tmp_path))
    assert ran.code == 2
    assert "ISO 8601" in ran.err


@pytest.mark.parametrize("command", ["tickets", "calls", "verify", "migrate", "ticket x", "seed yinchuan"])
def test_without_an_instance_a_command_says_what_to_do(hotline, tmp_path, command):
    ran = hotline(*command.split(), "--data", str(tmp_path / "empty"))
    assert (ran.code, ran.out) == (1, "")
    assert "hotline: instance.missing: " in ran.err
    assert "hotline up" in ran.err


@pytest.mark.parametrize("command", ["tickets", "calls", "verify", "migrate", "ticket x"])
def test_when_the_instances_database_is_gone_a_command_says_so_on_one_line(hotline, data_of, tmp_path, command):
    ran = hotline(*command.split(), "--data", data_of(f"postgresql://postgres@/x?host={tmp_path}"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("hotline: database.unavailable: 连不上数据库：")
    assert len(ran.err.splitlines()) == 1


def test_the_instance_of_the_folder_goes_before_the_environments_database(hotline, drafted_url, data_of, monkeypatch):
    data = data_of(drafted_url)
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://nobody@/nothing?host=/nowhere")
    assert len(hotline("tickets", "--data", data).json) == 2


@pytest.fixture
def front_door(data_of, seeded_url, valkey):
    """The socket on which the front door tells how it is; the data folder it is in."""
    data = data_of(seeded_url, valkey.url)
    folder = run_dir(Path(data))
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "front_door.sock"))
        listener.listen()

        def answer():
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b'{"calls": 0}\n')

        thread = threading.Thread(target=answer)
        thread.start()
        yield data
        thread.join()
    shutil.rmtree(folder)


def test_a_doctor_that_finds_everything_is_content(hotline, front_door):
    ran = hotline("doctor", "--data", front_door)
    assert {name: check for name, check in ran.json["checks"].items() if not check["ok"]} == {}
    assert (ran.code, ran.json["ok"]) == (0, True)
    assert ran.json["checks"]["database"]["found"] == f"版本 {migrate.head()}"
    assert ran.json["checks"]["front_door"]["found"] == {"calls": 0}
    assert ran.json["settings"]["city"] == "yinchuan"
    assert not any(key.endswith("_url") for key in ran.json["settings"])


def test_a_doctor_names_everything_that_is_missing_and_falls_ill_himself_of_nothing(
    hotline, data_of, empty_database_url, tmp_path, monkeypatch
):
    data = data_of(empty_database_url, f"unix://{tmp_path}/nowhere.sock")
    monkeypatch.setenv("HOTLINE_CITY", "atlantis")
    monkeypatch.setattr("app.cli.doctor.find_spec", lambda _: None)
    monkeypatch.setattr("app.cli.doctor._LEAST_FREE_GB", 1e9)
    ran = hotline("doctor", "--data", data)
    assert (ran.code, ran.json["ok"]) == (1, False)
    assert {name for name, check in ran.json["checks"].items() if not check["ok"]} == {
        "database", "valkey", "city", "prompts", "recogniser", "disk", "front_door"
    }  # fmt: skip
    assert "请执行 hotline migrate" in ran.json["checks"]["database"]["fault"]
    assert all(check["fault"] for check in ran.json["checks"].values())


def test_a_doctor_tells_of_a_missing_year_and_a_missing_prompt(hotline, tmp_path, monkeypatch):
    (tmp_path / "cities" / "small").mkdir(parents=True)
    small = SmallCity(tmp_path / "cities" / "small")
    small.change("prompts.yaml", "greeting: 您好\n", "greeting: 您好\nbeep: 嘀\n")
    small.change("city.yaml", "years: [2026]", "years: [2019]")
    small.change("calendar/national.csv", "2026-10-01", "2019-10-01")
    small.change("calendar/national.csv", "2026-10-10", "2019-10-10")
    monkeypatch.setenv("HOTLINE_CITIES_DIR", str(tmp_path / "cities"))
    monkeypatch.setenv("HOTLINE_CITY", "small")
    checks = hotline("doctor", "--data", str(tmp_path)).json["checks"]
    assert json.dumps(checks["city"], ensure_ascii=False).count("年节假日安排") == 1
    assert checks["prompts"]["ok"] is False
    assert checks["database"]["fault"].endswith("HOTLINE_DATABASE_URL")


def test_the_user_who_ran_a_command_is_named_also_behind_sudo(hotline, drafted_url, data_of, monkeypatch):
    data = data_of(drafted_url)
    monkeypatch.setenv("SUDO_USER", "wang")
    hotline("calls", "--data", data)
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setenv("USER", "li")
    hotline("calls", "--data", data)
    monkeypatch.delenv("USER")
    hotline("calls", "--data", data)
    actors = _execute(drafted_url, "SELECT actor FROM audit_log ORDER BY seq")
    assert actors == [("cli:wang",), ("cli:li",), (f"cli:{os.geteuid()}",)]
