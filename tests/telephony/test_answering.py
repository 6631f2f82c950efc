"""``hotline answer``: whole surveys with simulated citizens on pjsua2 telephones."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.front_door import AUDIO, ROOT, Door, told
from tests.fixtures.trunk import trunked

Answering = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def door():
    yield from trunked(ring_s=4)


@pytest.fixture
def answering(door: Door) -> Iterator[Answering]:
    """Begin to wait for a call at the end of the trunk."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "telephony.citizen.answer", "--sip-port", str(door.trunk_port)]
        one = subprocess.Popen([*command, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE)
        started.append(one)
        assert one.stdout is not None
        assert select.select([one.stdout], [], [], 20)[0]
        assert json.loads(one.stdout.readline())["ready"] is True
        return one

    yield begin
    for one in started:
        if one.poll() is None:
            one.kill()
            one.communicate()


def answers(door: Door, number: str) -> dict[str, str]:
    return {said["question"]: said["digit"] for said in door.payloads(number, "survey")}


def test_a_discontent_citizen_answers_and_says_why(door: Door, answering: Answering, tmp_path: Path):
    number, heard = "13922270001", tmp_path / "heard.wav"
    phone = answering("--dtmf", "3,5", "--audio", AUDIO / "consult.wav", "--record", heard)
    door.order(number)
    result = told(phone)
    assert result["answered"]
    assert result["far_hangup"]
    assert result["spoke"]
    ended = door.ended(number)
    assert (ended["outcome"], ended["by"], ended["digits"]) == ("surveyed", "system", "35")
    assert answers(door, number) == {"solved": "3", "satisfied": "5"}
    kinds = door.kinds(number)
    assert kinds.index("speech_invited") < kinds.index("utterance")
    assert ended["utterances"] == kinds.count("utterance") >= 1
    assert heard.stat().st_size > 16000 * 5
    assert min(part["seconds"] for part in door.payloads(number, "recording")[0]["parts"]) > 5


def test_a_content_citizen_is_not_asked_why(door: Door, answering: Answering):
    number = "13922270002"
    phone = answering("--dtmf", "1,1")
    door.order(number)
    assert told(phone)["far_hangup"]
    assert door.ended(number)["outcome"] == "surveyed"
    assert "speech_invited" not in door.kinds(number)


def test_a_wrong_key_is_forgiven_once(door: Door, answering: Answering):
    number = "13922270003"
    phone = answering("--dtmf", "7,2,9,3")
    door.order(number)
    assert told(phone)["far_hangup"]
    assert answers(door, number) == {"solved": "2", "satisfied": "3"}
    ended = door.ended(number)
    assert (ended["outcome"], ended["digits"]) == ("surveyed", "7293")


@pytest.mark.slow
def test_a_citizen_who_presses_nothing_is_asked_twice_and_let_go(door: Door, answering: Answering):
    number = "13922270004"
    phone = answering()
    door.order(number)
    result = told(phone)
    assert result["far_hangup"]
    assert 16 < result["talk_s"] < 26
    assert door.ended(number)["outcome"] == "not_surveyed"


def test_a_citizen_who_hangs_up_after_the_first_answer_is_partly_surveyed(door: Door, answering: Answering):
    number = "13922270005"
    phone = answering("--dtmf", "1", "--hang-up-after", 5)
    door.order(number)
    assert not told(phone)["far_hangup"]
    ended = door.ended(number)
    assert (ended["outcome"], ended["by"]) == ("partly_surveyed", "citizen")


@pytest.mark.parametrize(("arguments", "outcome", "cause"), [
    (("--refuse", 486), "busy", 486), (("--refuse", 603), "declined", 603), (("--never",), "unanswered", 487),
])  # fmt: skip
def test_a_citizen_who_does_not_pick_up(
    door: Door, answering: Answering, arguments: tuple[Any, ...], outcome: str, cause: int
):
    number = f"13922271{cause}"
    phone = answering(*arguments)
    door.order(number)
    ended = door.ended(number)
    assert (ended["outcome"], ended["sip_cause"]) == (outcome, cause)
    assert told(phone)["answered"] is False
    assert phone.returncode == 1


def test_a_survey_outlives_the_front_door(door: Door, answering: Answering):
    number = "13922270006"
    phone = answering("--dtmf", "1,2")
    door.order(number)
    door.wait_for(number, "answered")
    time.sleep(0.3)
    door.kill()
    door.start()
    result = told(phone)
    assert result["far_hangup"]
    assert door.ended(number)["outcome"] == "surveyed"
    assert answers(door, number) == {"solved": "1", "satisfied": "2"}
    assert door.order(number).json()["repeated"] is True
