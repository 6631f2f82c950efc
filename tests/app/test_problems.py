"""Every error is problem+json with a stable type, a Chinese title, and no inner workings."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from litestar import get
from litestar.params import FromPath
from litestar.testing import AsyncTestClient
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

import app
import routing
from app.db import Db
from app.errors import HotlineError
from app.main import create_app
from routing.errors import RoutingError

from .people import sign_in_as


@get("/break/{how:str}")
async def _break(how: FromPath[str], db: Db) -> None:
    match how:
        case "bug":
            raise RuntimeError("secret words of 13900000001")
        case "ours":
            raise HotlineError("出错了")
        case "rule":
            await db.execute(text("INSERT INTO user_roles VALUES (12345, 'agent')"))
        case "syntax":
            await db.execute(text("SELEKT 1"))
        case "away":
            await db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        case "full":
            raise PoolTimeoutError
        case "nul":
            await db.execute(text("SELECT 1 WHERE 'a' = :nul"), {"nul": "a\0"})


@pytest.fixture
async def fragile(app_settings):
    app = create_app(app_settings)
    app.register(_break)
    async with AsyncTestClient(app, raise_server_exceptions=False) as browser:
        yield browser


@pytest.mark.parametrize(
    ("how", "status", "kind"),
    [
        ("bug", 500, "internal"),
        ("ours", 500, "hotline.error"),
        ("rule", 500, "internal"),
        ("syntax", 500, "internal"),
        ("away", 503, "database.unavailable"),
        ("full", 503, "database.unavailable"),
        ("nul", 400, "request.invalid"),
    ],
)
async def test_what_breaks_inside_is_told_as_a_problem_without_its_words(fragile, capfd, how, status, kind):
    answer = await fragile.get(f"/break/{how}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance"}
    assert (problem["type"], problem["status"]) == (f"urn:hotline:{kind}", status)
    assert problem["instance"] == f"/break/{how}"
    assert "secret" not in answer.text
    assert "12345" not in answer.text
    assert not problem["title"].isascii()
    assert not problem["detail"].isascii()


async def test_after_the_database_came_back_the_next_request_is_served(fragile):
    assert (await fragile.get("/break/away")).status_code == 503
    assert (await fragile.get("/health/ready")).status_code == 200


async def test_nobody_signed_in_is_401(client):
    answer = await client.get("/api/tickets")
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "urn:hotline:auth.required", "title": "请先登录", "status": 401, "detail": "请先登录",
        "instance": "/api/tickets",
    }  # fmt: skip


async def test_the_wrong_role_is_403(client, city_db):
    await sign_in_as(client, city_db, "system_admin")
    answer = await client.get("/api/tickets")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:hotline:auth.forbidden")
    assert answer.json()["detail"] == "您的角色没有此项权限"


async def test_an_unknown_address_is_404_and_its_words_are_chinese(client):
    answer = await client.get("/nowhere")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:hotline:not_found")
    assert (answer.json()["title"], answer.json()["detail"]) == ("没有找到", "没有找到")


async def test_an_unknown_operation_is_405_and_names_the_known_ones(client):
    answer = await client.delete("/api/tickets")
    assert (answer.status_code, answer.json()["type"]) == (405, "urn:hotline:http.405")
    assert answer.json()["detail"] == "不支持该操作"
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=201", "limit"), ("status=x", "status"), ("since=gestern", "since")],
)
async def test_a_parameter_that_is_none_is_400_and_names_the_field(client, city_db, query, field):
    await sign_in_as(client, city_db, "dispatcher")
    answer = await client.get(f"/api/tickets?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:hotline:request.invalid")
    assert [fault["field"] for fault in answer.json()["faults"]] == [field]


OF_COMMANDS = ("app.auth.accounts", "app.auth.password_policy", "app.bench", "app.cli", "app.embedded", "app.instance",
               "app.jobs", "app.errors", "routing.errors")  # fmt: skip
"""Errors that no route raises."""


def _errors(base: type) -> set[type]:
    found = set(base.__subclasses__())
    return found.union(*map(_errors, found))


def test_every_error_that_a_route_may_answer_with_is_in_the_document():
    for package in (app, routing):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    told = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    ids = {error.id for base in (HotlineError, RoutingError) for error in _errors(base)
           if not error.__module__.startswith((*OF_COMMANDS, "tests"))}  # fmt: skip
    assert ids > {"ticket.changed", "workflow.guard", "cursor.invalid"}
    assert {error for error in ids if f"`{error}`" not in told} == set()


def test_errors_with_the_same_id_say_the_same():
    statuses: dict[str, set[int]] = {}
    for error in _errors(HotlineError):
        statuses.setdefault(error.id, set()).add(error.status)
    assert {kind: found for kind, found in statuses.items() if len(found) > 1} == {}
