"""The cutter: speech becomes utterances, silence, hum and breath don't."""

from __future__ import annotations

import csv
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from telephony.conversation.voice_intake import IntakeSettings
from telephony.line.vad import FRAME_BYTES, FRAME_SAMPLES, RATE, Cut, Cutter, Started, VadSettings

AUDIO = Path(__file__).resolve().parents[1] / "audio"
SPOKEN = [row["file"] for row in csv.DictReader((AUDIO / "index.csv").read_text("utf-8").splitlines())]


LOUD_HISS = 3000


def load(name: str) -> np.ndarray:
    with wave.open(str(AUDIO / name)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(RATE * seconds), dtype="<i2")


def noise(seconds: float, level: float) -> np.ndarray:
    return (np.random.default_rng(1).normal(0, level, int(RATE * seconds))).astype("<i2")


def hum(seconds: float, level: float) -> np.ndarray:
    time = np.arange(int(RATE * seconds)) / RATE
    return (level * (np.sin(2 * np.pi * 50 * time) + 0.4 * np.sin(2 * np.pi * 150 * time))).astype("<i2")


def cut(*pieces: np.ndarray, settings: VadSettings | None = None, flush: bool = True) -> list[Started | Cut]:
    cutter = Cutter(settings)
    samples = np.concatenate(pieces)
    found: list[Started | Cut] = []
    for at in range(0, len(samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = samples[at : at + FRAME_SAMPLES].tobytes()
        assert len(frame) == FRAME_BYTES
        found += cutter.push(frame)
    return found + (cutter.flush() if flush else [])


def cuts(found: list[Started | Cut]) -> list[Cut]:
    return [one for one in found if isinstance(one, Cut)]


@pytest.mark.parametrize(
    "sound",
    [silence(20), noise(20, 20), noise(20, 400), hum(20, 300), hum(20, 1000)],
    ids=["silence", "faint noise", "loud noise", "hum", "loud hum"],
)
def test_steady_sounds_are_no_speech(sound: np.ndarray):
    assert cuts(cut(sound)) == []


def test_breathing_gives_no_utterance_long_enough_for_an_appeal():
    found = cuts(cut(load("breath.wav")))
    assert sum(one.voiced_s for one in found) < IntakeSettings().enough_voice_s / 3
    assert all(one.end_s - one.start_s < 1.5 for one in found)


@pytest.mark.parametrize("name", SPOKEN)
def test_utterances_cover_what_is_said(name: str):
    sound = load(name)
    found = cuts(cut(silence(2), sound, silence(2)))
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(float)
    loud = np.sqrt((frames**2).mean(axis=1)) > 600
    at = 2.0 + (np.arange(len(loud)) + 0.5) * 0.03
    covered = np.zeros(len(loud), dtype=bool)
    for one in found:
        covered |= (at >= one.start_s) & (at <= one.end_s)
    assert (covered & loud).sum() / loud.sum() > 0.97
    assert sum(one.end_s - one.start_s for one in found) < len(sound) / RATE + 1.5
    assert sum(one.voiced_s for one in found) > 3.0


def test_utterances_are_in_order_do_not_overlap_and_each_was_announced():
    found = cut(*(piece for name in SPOKEN for piece in (load(name), silence(1.5))))
    announced: float | None = None
    end = 0.0
    for one in found:
        if isinstance(one, Started):
            assert announced is None
            announced = one.at_s
            continue
        assert announced is not None
        assert end - 1e-6 <= one.start_s < one.end_s
        assert 0.3 < one.voiced_s <= one.end_s - one.start_s
        end = one.end_s
        if one.final:
            announced = None
    assert announced is None


def test_the_start_is_told_while_speech_goes_on():
    sound = load(SPOKEN[0])
    cutter = Cutter()
    told = [
        (at / RATE, one)
        for at in range(0, len(sound) - FRAME_SAMPLES, FRAME_SAMPLES)
        for one in cutter.push(sound[at : at + FRAME_SAMPLES].tobytes())
    ]
    first_at, first = told[0]
    assert isinstance(first, Started)
    assert 0 <= first_at - first.at_s < 0.8


def talking(seconds: float) -> np.ndarray:
    """Speech without a pause the cutter would end an utterance at."""
    pieces = [load(name)[FRAME_SAMPLES * 10 :] for name in SPOKEN]
    loud = [piece[np.abs(piece) > -1] for piece in pieces]
    whole = np.concatenate(loud)
    frames = whole[: len(whole) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    level = np.sqrt((frames.astype(float) ** 2).mean(axis=1))
    whole = frames[level > 500].reshape(-1)
    return np.tile(whole, int(np.ceil(seconds * RATE / len(whole))))[: int(seconds * RATE)]


def test_speech_without_a_pause_is_cut_at_twelve_seconds_at_most_and_goes_on():
    found = cuts(cut(talking(40), silence(2)))
    assert len(found) >= 3
    assert max(one.end_s - one.start_s for one in found) <= 12.1
    pieces = [one for one in found if not one.final]
    assert pieces
    for piece, following in pairwise(found):
        if not piece.final:
            assert following.start_s == pytest.approx(piece.end_s)
            assert piece.end_s - piece.start_s >= 10.0
    assert found[-1].final


def test_what_is_still_being_said_when_the_sound_ends_is_an_utterance():
    open_end = cut(talking(3), flush=False)
    assert cuts(open_end) == []
    (last,) = cuts(cut(talking(3)))
    assert last.final
    assert last.end_s == pytest.approx(3.0, abs=0.05)


def test_flushing_silence_gives_nothing_and_twice_gives_nothing_more():
    assert cut(silence(1)) == []
    cutter = Cutter()
    sound = talking(3)
    for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        cutter.push(sound[at : at + FRAME_SAMPLES].tobytes())
    assert len(cutter.flush()) == 1
    assert cutter.flush() == []


def test_speech_over_a_hum_is_still_speech():
    sound = load(SPOKEN[0])
    mixed = np.clip(sound.astype(int) + hum(len(sound) / RATE, 150)[: len(sound)], -32768, 32767).astype("<i2")
    assert sum(one.voiced_s for one in cuts(cut(hum(3, 150), mixed))) > 3.0


def tone(seconds: float, hertz: float) -> np.ndarray:
    return (5000 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)).astype("<i2")


def over(sound: np.ndarray, background: np.ndarray) -> np.ndarray:
    return np.clip(sound.astype(int) + background[: len(sound)], -32768, 32767).astype("<i2")


@pytest.mark.parametrize(
    "sound",
    [hum(60, 2000), hum(60, 5000), hum(60, 20000), tone(60, 50), tone(60, 450), noise(60, LOUD_HISS), noise(60, 8000)],
    ids=["hum", "louder hum", "clipped hum", "50 Hz", "dial tone", "hiss", "louder hiss"],
)
def test_a_steady_sound_however_loud_is_known_for_what_it_is_within_seconds(sound: np.ndarray):
    found = cuts(cut(sound))
    assert len(found) <= 1
    assert all(one.end_s < 5.0 for one in found)
    assert sum(one.voiced_s for one in found) < IntakeSettings().enough_voice_s / 3


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize("background", [hum(40, 2000), noise(40, 1100)], ids=["louder hum", "hiss as loud"])
def test_speech_over_a_steady_sound_as_loud_as_itself_is_still_heard(name: str, background: np.ndarray):
    found = cuts(cut(background[: 5 * RATE], over(load(name), background)))
    assert sum(one.voiced_s for one in found if one.start_s > 5.0) > IntakeSettings().enough_voice_s


@pytest.mark.parametrize("name", SPOKEN)
def test_speech_over_a_hiss_a_third_as_loud_begins_and_ends_as_without_it(name: str):
    sound = np.concatenate([silence(5), load(name), silence(3)])
    clean, hissing = cuts(cut(sound)), cuts(cut(over(sound, noise(60, 350))))
    assert hissing[0].start_s == pytest.approx(clean[0].start_s, abs=0.3)
    assert hissing[-1].end_s == pytest.approx(clean[-1].end_s, abs=0.5)
    assert sum(one.voiced_s for one in hissing) > 0.6 * sum(one.voiced_s for one in clean)


@pytest.mark.parametrize("name", SPOKEN)
def test_a_hum_that_has_stopped_is_forgotten(name: str):
    after_hum = [one for one in cuts(cut(hum(10, 5000), silence(2), load(name), silence(2))) if one.start_s > 10]
    alone = cuts(cut(silence(12), load(name), silence(2)))
    assert [(one.start_s, one.end_s, one.voiced_s) for one in after_hum] == [
        pytest.approx((one.start_s, one.end_s, one.voiced_s), abs=0.1) for one in alone
    ]


def test_a_hum_that_begins_after_speech_takes_nothing_from_it():
    spoken = talking(3)
    alone = sum(one.voiced_s for one in cuts(cut(spoken, silence(8))))
    (both, *_) = cuts(cut(spoken, hum(8, 5000)))
    assert both.voiced_s == pytest.approx(alone, abs=0.2)
    assert both.end_s < 3 + 5.0


def test_hiss_too_loud_to_be_told_from_speech_has_no_voice_in_it():
    assert sum(one.voiced_s for one in cuts(cut(noise(20, LOUD_HISS)))) < IntakeSettings().enough_voice_s
