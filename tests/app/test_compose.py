"""compose.yaml and its neighbours, as far as they can be read without a container engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from app.attachments.settings import AttachmentSettings
from app.messages.settings import MessageSettings
from app.settings import AppSettings
from telephony.settings import TelephonySettings

ROOT = Path(__file__).resolve().parents[2]
OURS = ["prepare", "web", "worker", "front-door", "scribe"]


@pytest.fixture(scope="module")
def services():
    """With what they share merged in."""
    return YAML(typ="safe").load((ROOT / "compose.yaml").read_text("utf-8"))["services"]


@pytest.mark.parametrize("name", OURS)
def test_every_process_gets_the_settings_of_env_and_time_to_stop(services, name):
    assert services[name]["env_file"] == [".env"]
    assert services[name]["stop_grace_period"] == "30s"
    assert "HOTLINE_CITY" not in services[name]["environment"]


def test_postgresql_is_healthy_only_when_it_answers_by_network(services):
    test = services["postgres"]["healthcheck"]["test"]
    assert test[test.index("-h") + 1] == "127.0.0.1"


def test_the_password_may_hold_any_sign_because_it_is_in_no_url(services):
    assert not re.search(r"PASSWORD", services["web"]["environment"]["HOTLINE_DATABASE_URL"])


def test_models_are_made_with_the_image_and_not_in_a_container_that_ends(services):
    assert "train" not in " ".join(services["prepare"]["command"])
    steps = (ROOT / "Dockerfile").read_text("utf-8")
    as_hotline = steps.index("USER hotline")
    assert as_hotline < steps.index("hotline train --built-in") < steps.index("ensure_embedded")


def test_the_web_app_is_asked_whether_it_is_ready_where_it_listens(services):
    web = services["web"]
    port = web["command"][web["command"].index("--port") + 1]
    assert f"http://127.0.0.1:{port}/health/ready" in " ".join(web["healthcheck"]["test"])
    assert f"reverse_proxy 127.0.0.1:{port}" in (ROOT / "Caddyfile").read_text("utf-8")


def test_what_is_for_this_machine_only_is_not_published():
    caddyfile = (ROOT / "Caddyfile").read_text("utf-8")
    assert "@inside path /metrics* /internal*" in caddyfile
    assert caddyfile.index("handle @inside") < caddyfile.index("reverse_proxy")


def test_secrets_are_left_out_of_the_image_and_of_git():
    for name in (".dockerignore", ".gitignore"):
        assert ".env" in (ROOT / name).read_text("utf-8").split()


def test_the_example_names_every_variable_that_must_be_set_and_no_setting_that_is_none():
    example = (ROOT / ".env.example").read_text("utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text("utf-8")))
    assert needed <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    known = {
        f"{settings.model_config['env_prefix']}{name}".upper()
        for settings in (AppSettings, AttachmentSettings, MessageSettings, TelephonySettings)
        for name in settings.model_fields
    }
    assert set(re.findall(r"^#(HOTLINE_\w+)=", example, re.MULTILINE)) <= known
