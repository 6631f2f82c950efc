"""``hotline user``: how people get in, and out again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.auth.password_policy import WeakPasswordError, check_password
from app.auth.services import WrongPasswordError, identity_of, sign_in
from models.codes import Role
from models.direct import Direct
from models.session import engine, sessions

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOOD, BETTER = "seven llamas at noon", "ein anderes Wort 9"


@pytest.fixture
def data(data_of, seeded_url):
    return data_of(seeded_url)


@pytest.fixture
def wang(hotline, data):
    """An agent who was added by the command."""
    ran = hotline("user", "add", "wang", "--name", "王五", "--role", "agent", "--data", data, stdin=f"{GOOD}\n")
    assert ran.code == 0, ran.err
    return data


def _query(url: str, statement: str):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def _in_session(url: str, work):
    async def run():
        db_engine = engine(url)
        try:
            async with sessions(db_engine)() as db:
                return await work(db)
        finally:
            await db_engine.dispose()

    return asyncio.run(run())


def test_an_added_user_signs_in_with_the_password_that_came_by_stdin(hotline, data, seeded_url):
    ran = hotline(
        "user", "add", "li.si", "--name", " 李四 ", "--role", "unit_signer", "--role", "unit_handler", "--role",
        "unit_signer", "--unit", "640106", "--data", data, stdin=f"{GOOD}\r\nmore\n",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json == {
        "login": "li.si", "name": "李四", "roles": ["unit_handler", "unit_signer"], "unit": "640106", "active": True
    }  # fmt: skip
    assert GOOD not in ran.out + ran.err

    who = _who(seeded_url, _in_session(seeded_url, lambda db: sign_in(db, "li.si", GOOD, NOW, HOUR)), NOW)
    assert (who.unit, who.roles) == ("640106", {Role.UNIT_SIGNER, Role.UNIT_HANDLER})


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_on_stdout(hotline, data, monkeypatch):
    answers = iter([GOOD, "a slip of the finger", GOOD, GOOD])
    asked = []

    def unseen(prompt):
        asked.append(prompt)
        return next(answers)

    monkeypatch.setattr("click.termui.hidden_prompt_func", unseen)
    monkeypatch.setattr("app.cli.users.sys", _Terminal)
    ran = hotline("user", "add", "wang", "--name", "王五", "--role", "agent", "--data", data)
    assert ran.code == 0, ran.err
    assert len(asked) == 4
    assert ran.json["login"] == "wang"


class _Terminal:
    """``sys`` of somebody who types."""

    class stdin:  # noqa: N801
        @staticmethod
        def isatty() -> bool:
            return True


def test_users_are_listed_with_their_roles_disabled_ones_too(hotline, wang):
    hotline("user", "disable", "wang", "--data", wang)
    ran = hotline("user", "list", "--data", wang)
    assert ran.code == 0
    (one,) = ran.json
    assert one.pop("created_at")
    assert one == {
        "login": "wang", "name": "王五", "roles": ["agent"], "unit": None, "active": False, "locked_until": None
    }  # fmt: skip


def _begin_session(url: str, password: str = GOOD) -> str:
    return _in_session(url, lambda db: sign_in(db, "wang", password, datetime.now(UTC), HOUR))


def _who(url: str, token: str, at: datetime | None = None):
    async def run():
        direct = Direct(url)
        try:
            return await identity_of(direct, token, at or datetime.now(UTC))
        finally:
            await direct.close()

    return asyncio.run(run())


def test_a_disabled_user_is_out_at_once_and_enabling_brings_no_old_session_back(hotline, wang, seeded_url):
    token = _begin_session(seeded_url)
    assert _who(seeded_url, token) is not None
    assert hotline("user", "disable", "wang", "--data", wang).json == {
        "login": "wang", "active": False, "sessions_ended": 1
    }  # fmt: skip
    assert _who(seeded_url, token) is None
    with pytest.raises(WrongPasswordError):
        _begin_session(seeded_url)
    assert hotline("user", "enable", "wang", "--data", wang).json == {"login": "wang", "active": True}
    assert _who(seeded_url, token) is None
    assert _begin_session(seeded_url)


def test_enabling_unlocks_a_login_after_too_many_wrong_passwords(hotline, wang, seeded_url):
    with psycopg.connect(seeded_url) as connection:
        connection.execute("UPDATE users SET failures = 9, locked_until = now() + interval '1 hour'")
    hotline("user", "enable", "wang", "--data", wang)
    assert _begin_session(seeded_url)


def test_with_another_password_the_old_one_and_its_sessions_are_over(hotline, wang, seeded_url):
    token = _begin_session(seeded_url)
    ran = hotline("user", "password", "wang", "--data", wang, stdin=BETTER)
    assert ran.json == {"login": "wang", "sessions_ended": 1}
    assert _who(seeded_url, token) is None
    with pytest.raises(WrongPasswordError):
        _begin_session(seeded_url)
    assert _begin_session(seeded_url, BETTER)


def test_every_change_is_in_the_audit_log_and_no_password_is(hotline, wang, seeded_url, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "root-of-the-day")
    hotline("user", "password", "wang", "--data", wang, stdin=BETTER)
    hotline("user", "disable", "wang", "--data", wang)
    hotline("user", "enable", "wang", "--data", wang)
    entries = _query(seeded_url, "SELECT actor, action, subject, detail FROM audit_log ORDER BY seq")
    ((number,),) = _query(seeded_url, "SELECT id FROM users")
    assert [action for _, action, _, _ in entries] == [
        "user.added", "user.password_changed", "user.disabled", "user.enabled"
    ]  # fmt: skip
    assert {subject for _, _, subject, _ in entries} == {f"user:{number}"}
    assert {actor for actor, _, _, _ in entries[1:]} == {"cli:root-of-the-day"}
    assert entries[0][3] == {"login": "wang", "roles": ["agent"], "unit": None}
    assert not any(password in str(entries) for password in (GOOD, BETTER))
    assert hotline("verify", "--data", wang).code == 0


ADD = ["user", "add", "li", "--name", "李四", "--role"]


@pytest.mark.parametrize(
    ("arguments", "stable", "said"),
    [
        (["user", "add", "wang", "--name", "又一个", "--role", "agent"], "user.exists", "wang 已存在"),
        ([*ADD, "unit_signer"], "user.invalid", "--unit"),
        ([*ADD, "agent", "--unit", "999999"], "user.invalid", "没有单位 999999"),
        (["user", "add", "l i", "--name", "李四", "--role", "agent"], "user.invalid", "账号只能"),
        (["user", "add", "li", "--name", " ", "--role", "agent"], "user.invalid", "姓名"),
        (["user", "disable", "li"], "user.missing", "没有账号 li"),
        (["user", "enable", "li"], "user.missing", "没有账号 li"),
        (["user", "password", "li"], "user.missing", "没有账号 li"),
    ],
)
def test_what_cannot_be_is_exit_1_with_a_stable_id_and_changes_nothing(
    hotline, wang, seeded_url, arguments, stable, said
):
    ran = hotline(*arguments, "--data", wang, stdin=BETTER)
    assert (ran.code, ran.out) == (1, "")
    assert f"hotline: {stable}: " in ran.err
    assert said in ran.err
    assert _query(seeded_url, "SELECT login, active FROM users") == [("wang", True)]
    assert _query(seeded_url, "SELECT count(*) FROM audit_log") == [(1,)]


@pytest.mark.parametrize("command", ["add", "password"])
def test_a_weak_password_is_refused_by_every_command_that_takes_one(hotline, wang, seeded_url, command):
    options = ["--name", "李四", "--role", "agent"] if command == "add" else []
    login = "li" if command == "add" else "wang"
    ran = hotline("user", command, login, *options, "--data", wang, stdin="short\n")
    assert (ran.code, ran.out) == (1, "")
    assert "hotline: user.password_weak: 密码至少 12 个字符" in ran.err
    assert "short" not in ran.err
    assert _begin_session(seeded_url)


@pytest.mark.parametrize(
    "arguments",
    [["add", "li"], ["add", "li", "--name", "x"], ["add", "li", "--name", "x", "--role", "king"], ["dance"]],
)
def test_wrong_usage_is_exit_2(hotline, arguments):
    ran = hotline("user", *arguments)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize(
    "password",
    ["", "elevenchars", "a b c d", "aa bb aa bb", "wangwangwangwang", "Wang2026", "WANGwang1234567", "111111111112",
     "1qaz2wsx3edc", "Administrator", "hotline-demo", "x" * 257, "with\0zero and more"],
)  # fmt: skip
def test_a_password_that_is_short_common_or_the_login_is_weak(password):
    with pytest.raises(WeakPasswordError) as caught:
        check_password("wang", password)
    assert caught.value.id == "user.password_weak"
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize(
    "password", [GOOD, BETTER, "twelve-signs", "河东 枸杞 贺兰 山下", "wang likes 9 tea leaves", "𝄞" * 4 + "abcdefgh"]
)
def test_a_long_password_or_four_words_will_do(password):
    check_password("wang", password)
