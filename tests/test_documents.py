"""What the documents name exists: commands, make targets, settings, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.attachments.settings import AttachmentSettings
from app.cli import cli
from app.intake.settings import IntakeSettings
from app.messages.settings import MessageSettings
from app.settings import AppSettings
from telephony.settings import TelephonySettings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BENCHES = {"calls", "line-kills", "captions", "classify", "clocks", "api"}
_names = {path: str(path.relative_to(ROOT)) for path in DOCUMENTS}


def _known_settings() -> set[str]:
    app = {f"HOTLINE_{name.upper()}" for name in AppSettings.model_fields}
    telephony = {f"HOTLINE_TELEPHONY_{name.upper()}" for name in TelephonySettings.model_fields}
    app |= {f"HOTLINE_INTAKE_{name.upper()}" for name in IntakeSettings.model_fields}
    app |= {f"HOTLINE_ATTACHMENT_{name.upper()}" for name in AttachmentSettings.model_fields}
    app |= {f"HOTLINE_MESSAGES_{name.upper()}" for name in MessageSettings.model_fields}
    return app | telephony | {"HOTLINE_LOG_LEVEL", "HOTLINE_TELEPHONY_RUN_DIR"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_names.get)
def test_every_command_a_document_names_is_one_of_ours(path: Path):
    named = set(re.findall(r"\bhotline ([a-z][a-z-]+)", path.read_text("utf-8")))
    ours = set(cli.list_commands(None)) | {"bench"}  # type: ignore[arg-type]
    assert named <= ours


@pytest.mark.parametrize("path", DOCUMENTS, ids=_names.get)
def test_every_bench_a_document_names_is_one_of_ours(path: Path):
    assert set(re.findall(r"\bhotline bench ([a-z-]+)", path.read_text("utf-8"))) <= _BENCHES


@pytest.mark.parametrize("path", DOCUMENTS, ids=_names.get)
def test_every_setting_a_document_names_is_read(path: Path):
    named = set(re.findall(r"HOTLINE_[A-Z_]*[A-Z]", path.read_text("utf-8")))
    known = _known_settings()
    assert {name for name in named if not any(one.startswith(name) for one in known)} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_names.get)
def test_every_link_within_the_project_leads_somewhere(path: Path):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8"))
    inner = [link for link in links if "://" not in link]
    assert [link for link in inner if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS[:2], ids=_names.get)
def test_every_make_target_a_readme_names_is_in_the_makefile(path: Path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", path.read_text("utf-8"))) <= targets


def test_the_lock_files_name_no_index_and_hash_everything():
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (ROOT / name).read_text("ascii").splitlines()
        assert [line for line in lines if re.match(r"\s*(--(extra-)?index-url|--find-links|.*://)", line)] == []
        pinned = [line for line in lines if re.match(r"^[a-z0-9].*==", line)]
        assert len(pinned) > 50
        assert all(line.rstrip().endswith("\\") for line in pinned)
