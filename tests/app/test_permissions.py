"""Every role × every route: who may do what is decided in app/auth/policy.py and nowhere else."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.auth.guards import COOKIE
from app.auth.policy import (
    PERMISSIONS,
    Search,
    Sight,
    is_protected,
    knows_codes,
    may_reveal,
    permissions,
    search,
    sight,
)
from models.codes import Role

from .people import add_user, session_of

EVERYBODY = {None, *Role}
HOTLINE = {
    Role.AGENT, Role.TEAM_LEADER, Role.QUALITY, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR, Role.CALLBACK,
    Role.SUPERVISION, Role.DIRECTOR, Role.LEADER,
}  # fmt: skip
REGISTRARS = {Role.AGENT, Role.TEAM_LEADER, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR}
UNITS = {Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER, Role.UNIT_LIAISON, Role.DISTRICT_ADMIN}

# route → (who may, what they get when there is nothing to see)
ROUTES = {
    ("GET", "/"): (EVERYBODY, 200),
    ("GET", "/health/live"): (EVERYBODY, 200),
    ("GET", "/health/ready"): (EVERYBODY, 200),
    ("GET", "/metrics"): ({Role.SYSTEM_ADMIN}, 200),
    ("GET", "/static/{file_path:path}"): (EVERYBODY, 200),
    ("GET", "/schema/openapi.json"): (EVERYBODY, 200),
    ("POST", "/auth/sign-in"): (EVERYBODY, 401),
    ("GET", "/auth/me"): (set(Role), 200),
    ("GET", "/live"): (set(Role), None),  # a stream: see test_pages
    ("GET", "/api/live"): (HOTLINE | UNITS | {Role.OBSERVER}, None),  # the same: see test_tickets_api_live
    ("GET", "/api/tickets"): (HOTLINE | UNITS | {Role.OBSERVER}, 200),
    ("POST", "/api/tickets"): (REGISTRARS, 422),
    ("POST", "/api/public/appeals"): (EVERYBODY, 422),
    ("POST", "/api/exchange/tickets"): (set(), 401),
    ("GET", "/api/exchange/tickets"): (set(), 401),
    ("POST", "/api/public/attachments"): (EVERYBODY, 400),
    ("POST", "/api/attachments"): (HOTLINE | UNITS, 400),
    ("GET", "/api/attachments/{attachment_id:int}"): (HOTLINE | UNITS, 404),
    ("GET", "/api/tickets/{no:str}"): (HOTLINE | UNITS | {Role.OBSERVER}, 404),
    ("POST", "/api/tickets/batch-sign"): (HOTLINE | UNITS | {Role.OBSERVER}, 200),
    ("GET", "/api/tickets/{no:str}/timeline"): (HOTLINE | UNITS | {Role.OBSERVER}, 404),
    ("POST", "/api/tickets/{no:str}/reveal"): (HOTLINE | UNITS | {Role.OBSERVER}, 404),
    ("GET", "/api/tickets/{no:str}/actions"): (HOTLINE | UNITS | {Role.OBSERVER}, 404),
    ("POST", "/api/tickets/{no:str}/actions/{action:str}"): (HOTLINE | UNITS | {Role.OBSERVER}, 404),
    ("GET", "/api/evaluations"): (HOTLINE | {Role.OBSERVER}, 200),
    ("POST", "/api/evaluations/{number:int}/verdict"): (HOTLINE | {Role.OBSERVER}, 422),
    ("POST", "/api/evaluations/{number:int}/publication"): ({Role.DISPATCH_SUPERVISOR, Role.DIRECTOR}, 404),
    ("GET", "/api/public/evaluations"): (EVERYBODY, 200),
    ("POST", "/api/exchange/evaluations"): (set(), 401),
    ("GET", "/api/calls"): (HOTLINE, 200),
    ("GET", "/api/calls/{call_id:str}/recordings/{side:str}/{part:int}"): (
        HOTLINE - {Role.SUPERVISION, Role.LEADER},
        404,
    ),
    ("POST", "/api/public/tickets/{no:str}/progress"): (EVERYBODY, 404),
    **{
        ("POST", f"/api/public/tickets/{{no:str}}/{name}"): (EVERYBODY, 422)
        for name in ("rate", "append", "urge", "withdraw", "appeal")
    },
    ("GET", "/api/callbacks"): ({Role.TEAM_LEADER, Role.CALLBACK, Role.DIRECTOR}, 200),
    ("GET", "/api/messages"): ({Role.TEAM_LEADER, Role.DISPATCH_SUPERVISOR, Role.DIRECTOR}, 200),
    ("POST", "/api/messages/{message_id:str}/resend"): (
        {Role.TEAM_LEADER, Role.DISPATCH_SUPERVISOR, Role.DIRECTOR},
        404,
    ),
    ("POST", "/internal/call-events"): (set(), 401),
    ("POST", "/auth/sign-out"): (set(Role), 204),
}
SAMPLES = {
    "{no:str}": "123452026112400001", "{action:str}": "approve", "{call_id:str}": "c1", "{side:str}": "citizen",
    "{part:int}": "1", "{number:int}": "1", "{attachment_id:int}": "1", "{message_id:str}": "m1",
    "{file_path:path}": "page.css",
}  # fmt: skip

BODIES = {
    "/auth/sign-in": {"login": "nobody", "password": "x"},
    "/api/tickets/{no:str}/reveal": {"reason": "回访"},
    "/api/tickets/batch-sign": {"tickets": [{"no": "YC0", "version": 1}]},
}


def _address(path: str) -> str:
    for name, value in SAMPLES.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_each_route_answers_a_role_as_the_table_says(client, city_db, role):
    if role is not None:
        user = await add_user(city_db, "somebody", role.value, unit="640106")
        client.cookies.set(COOKIE, await session_of(city_db, user))
    found, expected = {}, {}
    for (method, path), (allowed, status) in ROUTES.items():
        body = {"json": BODIES.get(path, {})} if method == "POST" else {}
        if status is None and role in allowed:
            continue
        answer = await client.request(method, _address(path), **body)
        found[method, path] = answer.status_code
        expected[method, path] = status if role in allowed else 401 if role is None or not allowed else 403
    assert found == expected


def test_every_route_of_the_app_is_in_the_table(web_app):
    routes = {
        (method, route.path)
        for route in web_app.routes
        for method in route.methods - {"HEAD", "OPTIONS"}
        if not route.path.startswith("/schema")
    }
    assert routes == {(method, path) for method, path in ROUTES if not path.startswith("/schema")}


def test_every_role_has_its_line_in_the_policy():
    assert set(PERMISSIONS) == set(Role)


# role → (the citizen's words, some digits of a protected caller's number)
SIGHTS = {
    **dict.fromkeys(HOTLINE | UNITS, (True, False)),
    **dict.fromkeys((Role.CALLBACK, Role.DIRECTOR, Role.UNIT_HANDLER), (True, True)),
}


@pytest.mark.parametrize("role", Role, ids=str)
def test_what_each_role_reads_of_a_ticket(role):
    content, protected = SIGHTS.get(role, (False, False))
    assert sight(permissions(frozenset({role}))) == Sight(content=content, protected=protected)


# role → whether the whole number is shown of: what one handles, anything; the same of a protected ticket
REVEALS = {
    **dict.fromkeys((Role.AGENT, Role.TEAM_LEADER, Role.DISPATCHER), (True, False, False, False)),
    Role.UNIT_HANDLER: (True, False, True, False),
    Role.DISPATCH_SUPERVISOR: (True, True, False, False),
    **dict.fromkeys((Role.CALLBACK, Role.DIRECTOR), (True, True, True, True)),
}


@pytest.mark.parametrize("role", Role, ids=str)
def test_to_whom_a_whole_number_is_shown(role):
    granted = permissions(frozenset({role}))
    found = tuple(
        may_reveal(granted, handles=handles, protected=protected)
        for protected in (False, True)
        for handles in (True, False)
    )
    assert found == REVEALS.get(role, (False,) * 4)


# role → whether it finds tickets by: the citizen's words, a query code or his number, those of a protected ticket
SEARCHES = {
    **dict.fromkeys(HOTLINE | UNITS, (True, False, False)),
    **dict.fromkeys(
        (Role.AGENT, Role.TEAM_LEADER, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR), (True, True, False)
    ),
    **dict.fromkeys((Role.CALLBACK, Role.DIRECTOR), (True, True, True)),
}  # fmt: skip


@pytest.mark.parametrize("role", Role, ids=str)
def test_by_what_each_role_finds_tickets(role):
    assert search(permissions(frozenset({role}))) == Search(*SEARCHES.get(role, (False, False, False)))


@pytest.mark.parametrize("hotlines", [Role.AGENT, Role.CALLBACK, Role.DIRECTOR, Role.OBSERVER, Role.LEADER])
@pytest.mark.parametrize("units", [Role.UNIT_SIGNER, Role.UNIT_HANDLER])
def test_who_is_of_a_unit_is_told_no_query_code_whatever_else_he_is(hotlines, units):
    assert not knows_codes(permissions(frozenset({hotlines, units})))


@pytest.mark.parametrize(
    ("type_", "confidential", "protected"),
    [("02", False, False), ("04", False, True), ("02", True, True), ("04", True, True), (None, None, False)],
)
def test_a_report_and_a_confidential_ticket_are_protected(type_, confidential, protected):
    assert is_protected(type_, confidential) == protected
    assert Sight(content=True).hides(type_, confidential) == protected
    assert not Sight(content=True, protected=True).hides(type_, confidential)


def test_several_roles_may_what_each_of_them_may():
    both = permissions(frozenset({Role.AUDITOR, Role.UNIT_SIGNER}))
    assert {str(permission) for permission in both} == {"audit.read", "content.read", "tickets.unit"}
    assert permissions(frozenset()) == frozenset()


async def test_a_user_without_any_role_may_nothing_but_know_who_he_is(client, city_db):
    user = await add_user(city_db, "somebody")
    client.cookies.set(COOKIE, await session_of(city_db, user))
    assert (await client.get("/auth/me")).json()["permissions"] == []
    assert (await client.get("/api/tickets")).status_code == 403


async def test_a_role_that_is_taken_away_is_gone_with_the_next_request(client, city_db):
    user = await add_user(city_db, "somebody", "dispatcher")
    client.cookies.set(COOKIE, await session_of(city_db, user))
    assert (await client.get("/api/tickets")).status_code == 200
    await city_db.execute(text("DELETE FROM user_roles"))
    await city_db.commit()
    assert (await client.get("/api/tickets")).status_code == 403
