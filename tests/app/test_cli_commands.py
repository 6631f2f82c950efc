"""The `hotline` command itself, and the processes it becomes."""

from __future__ import annotations

import sys

import pytest

from app.cli import _COMMANDS


def test_the_help_lists_every_command(hotline):
    ran = hotline("--help")
    assert ran.code == 0
    listed = {line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")}
    assert set(_COMMANDS) <= listed


BECOME = {"front-door", "scribe", "call", "answer", "transcribe"}


@pytest.mark.parametrize("command", sorted(set(_COMMANDS) - BECOME))
def test_every_command_explains_itself(hotline, command):
    ran = hotline(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith("Usage: hotline ")


def test_an_unknown_command_is_wrong_usage(hotline):
    ran = hotline("dance")
    assert (ran.code, ran.out) == (2, "")
    assert "No such command 'dance'" in ran.err


def test_the_version_is_told(hotline):
    assert hotline("--version").out.startswith("hotline, version ")


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("front-door", "telephony.front_door"), ("scribe", "telephony.scribe"), ("call", "telephony.citizen"),
        ("answer", "telephony.citizen.answer"), ("transcribe", "telephony.scribe.transcribe"),
        ("bench calls", "telephony.citizen.load"),
    ],
)  # fmt: skip
def test_telephonys_commands_replace_this_process_and_get_all_options(hotline, monkeypatch, command, module):
    became = []

    def instead(path, arguments):
        became.append((path, arguments))
        raise SystemExit(0)

    monkeypatch.setattr("os.execv", instead)
    hotline(*command.split(), "sip:12345@127.0.0.1", "--audio", "a.wav", "--help")
    options = ["sip:12345@127.0.0.1", "--audio", "a.wav", "--help"]
    assert became == [(sys.executable, [sys.executable, "-m", module, *options])]


def test_the_web_app_is_served_where_it_is_told(hotline, monkeypatch, tmp_path):
    served = []
    monkeypatch.setattr("uvicorn.run", lambda app, **options: served.append((app, options)))
    assert hotline("web", "--port", "8123", "--data", str(tmp_path)).code == 0
    ((app, options),) = served
    assert (app, options.pop("host"), options.pop("port"), options.pop("factory")) == (
        "app.main:create_app",
        "127.0.0.1",
        8123,
        True,
    )
    assert options["access_log"] is False


def test_the_worker_looks_into_its_data_folder(hotline, monkeypatch, tmp_path):
    ran_with = []
    monkeypatch.setattr("app.jobs.worker.run", ran_with.append)
    assert hotline("worker", "--data", str(tmp_path)).code == 0
    assert ran_with[0].data_dir == tmp_path


def test_the_benchmark_of_judging_prints_its_figures(hotline, judge):
    ran = hotline("bench", "classify", "--json", "--seconds", "0.01")
    assert ran.code == 0
    assert ran.json.keys() == {"n", "per_s", "p50_ms", "p95_ms"}
    assert ran.json["n"] >= 1


def test_an_error_without_a_stable_id_is_a_bug_and_is_not_hidden(hotline, monkeypatch, tmp_path):
    def broken(_settings):
        raise ZeroDivisionError

    monkeypatch.setattr("app.cli.tickets.with_session", lambda *_: broken(None))
    with pytest.raises(ZeroDivisionError):
        hotline("calls", "--data", str(tmp_path))
