"""Utterance cutting: WebRTC's VAD and an adaptive noise floor over 30 ms frames, so breath and hum rarely count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice

import numpy as np
import webrtcvad
from numpy.typing import NDArray

RATE = 8_000
FRAME_MS = 30
FRAME_SAMPLES = RATE * FRAME_MS // 1000
FRAME_BYTES = FRAME_SAMPLES * 2
_S = FRAME_MS / 1000
_CUT_WITHIN_S = 2.0
"""How far back speech that does not end is cut."""
_EMPHASIS = np.float32(0.95)
"""Of the difference between samples: takes 26 dB from 50 Hz, 18 dB from 150 Hz, little from 1 kHz."""
_STEADY_EVERY = 10
"""Frames between two looks at whether the sound is steady."""
_SHORTEST_LAG, _LONGEST_LAG = RATE // 400, RATE // 60 + 1
_OVERLAP = 1.0 - np.arange(_LONGEST_LAG) / FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class VadSettings:
    """Times in seconds; ``aggressiveness`` is WebRTC's 0–3; ``over_floor`` how much louder than the noise speech is."""

    aggressiveness: int = 2
    over_floor: float = 2.0
    quietest_rms: float = 60.0
    start_window_s: float = 0.3
    start_share: float = 0.7
    end_silence_s: float = 0.6
    pad_s: float = 0.2
    longest_s: float = 12.0
    pitch: float = 0.5
    """How like itself a frame is one period of a voice (60–400 Hz) later: breath is below, most of speech above."""
    steady_s: float = 3.0
    steady_spread: float = 1.25
    """A sound whose level has kept within this ratio (all but the outer tenths) so long is no speech: a hum, a tone."""
    over_steady: float = 1.25
    """How much louder than a steady sound speech is: it keeps so even that less than ``over_floor`` will do."""


@dataclass(frozen=True, slots=True)
class Started:
    """Somebody speaks since ``at_s``."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """[start_s, end_s] is an utterance with ``voiced_s`` of frames with a pitch; ``final`` False: speech goes on."""

    start_s: float
    end_s: float
    voiced_s: float
    final: bool


class Cutter:
    """Frames in, cuts out; positions are counted from the first frame."""

    def __init__(self, settings: VadSettings | None = None) -> None:
        self._s = settings or VadSettings()
        self._vad = webrtcvad.Vad(self._s.aggressiveness)
        self._window: deque[bool] = deque(maxlen=round(self._s.start_window_s / _S))
        self._frame = 0
        self._floor = self._s.quietest_rms
        self._hum = self._hum_upper = 0.0
        """Both levels of the steady sound there is; 0: none."""
        self._speaking = False
        self._start = 0
        self._last_end = 0
        self._voiced = 0
        self._silence = 0
        self._recent: deque[tuple[float, float, bool]] = deque(maxlen=round(self._s.steady_s / _S))
        """Level, level of the upper tones, and pitch of the last frames."""

    def push(self, frame: bytes) -> list[Started | Cut]:
        """One frame of :data:`FRAME_BYTES` bytes of 16-bit PCM."""
        pcm = np.frombuffer(frame, dtype="<i2").astype(np.float32)
        level, upper = _rms(pcm), _rms(pcm[1:] - _EMPHASIS * pcm[:-1])
        voiced = self._is_voice(frame, level, upper)
        self._frame += 1
        pitched = voiced and _periodicity(pcm) >= self._s.pitch
        self._recent.append((level, upper, pitched))
        if voiced and self._frame % _STEADY_EVERY == 0:
            self._watch_steady()
        self._window.append(voiced)
        return self._in_speech(voiced, pitched=pitched) if self._speaking else self._in_silence()

    def _is_voice(self, frame: bytes, level: float, upper: float) -> bool:
        if level < self._floor:
            self._floor = max(self._s.quietest_rms, level)
        else:
            # a floor that creeps up to steady noise within seconds, but not to speech with its pauses
            self._floor = min(self._floor * 1.003, max(self._s.quietest_rms, level))
        if level < self._hum / 2:  # it has stopped
            self._hum = 0.0
        loud = level > max(self._s.quietest_rms, self._floor * self._s.over_floor)
        if self._hum:
            # mains hum may be louder than the voice, which stands out of it by its upper tones
            higher = upper > max(self._s.quietest_rms, self._hum_upper * self._s.over_floor)
            loud = higher or (loud and level > self._hum * self._s.over_steady)
        return loud and bool(self._vad.is_speech(frame, RATE))

    def _watch_steady(self) -> None:
        """Speech has to be louder than a steady sound from now on, and what was taken for a voice in it was none.

        The creeping floor would need half a minute for a loud hum. The level of speech is never steady: its syllables
        and pauses differ by far more; over a hum that is louder its upper tones still do.
        """
        if len(self._recent) < (self._recent.maxlen or 0):
            return
        low, high = _spread([level for level, _, _ in self._recent])
        low_upper, high_upper = _spread([upper for _, upper, _ in self._recent])
        unsteady = high > self._s.steady_spread * low
        if unsteady or high_upper > max(self._s.quietest_rms, self._s.steady_spread * low_upper):
            return
        self._hum, self._hum_upper = high, high_upper
        for at, (level, upper, pitched) in enumerate(self._recent):
            if pitched and level <= self._hum * self._s.over_steady:
                self._recent[at] = (level, upper, False)  # so that it is taken back once
                self._voiced = max(0, self._voiced - 1)

    def _in_silence(self) -> list[Started | Cut]:
        window = self._window
        if len(window) < (window.maxlen or 0) or sum(window) < self._s.start_share * len(window):
            return []
        self._speaking = True
        self._start = max(self._last_end, self._frame - len(window) - round(self._s.pad_s / _S))
        self._voiced = self._pitched_of_last(len(window))
        self._silence = 0
        return [Started(self._start * _S)]

    def _pitched_of_last(self, frames: int) -> int:
        return sum(pitched for _, _, pitched in islice(reversed(self._recent), frames))

    def _in_speech(self, voiced: bool, *, pitched: bool) -> list[Started | Cut]:
        self._voiced += pitched
        self._silence = 0 if voiced else self._silence + 1
        if self._silence * _S >= self._s.end_silence_s:
            return [self._end(self._frame - self._silence + round(self._s.pad_s / _S), final=True)]
        if (self._frame - self._start) * _S >= self._s.longest_s:
            return [self._cut_at_quietest()]
        return []

    def _end(self, end: int, *, final: bool) -> Cut:
        cut = Cut(self._start * _S, min(end, self._frame) * _S, self._voiced * _S, final)
        self._last_end = min(end, self._frame)
        self._speaking = not final
        self._window.clear()
        return cut

    def _cut_at_quietest(self) -> Cut:
        levels = [level for level, _, _ in islice(reversed(self._recent), round(_CUT_WITHIN_S / _S))][::-1]
        end = self._frame - len(levels) + levels.index(min(levels)) + 1
        after = self._pitched_of_last(self._frame - end)
        cut = Cut(self._start * _S, end * _S, (self._voiced - after) * _S, final=False)
        self._voiced = after
        self._start = self._last_end = end
        self._silence = 0
        return cut

    def flush(self) -> list[Started | Cut]:
        """The sound has ended: what is still open is an utterance."""
        return [self._end(self._frame, final=True)] if self._speaking else []


def _spread(levels: list[float]) -> tuple[float, float]:
    """The lowest and the highest but for a tenth at each end."""
    ordered = sorted(levels)
    tenth = len(ordered) // 10
    return ordered[tenth], ordered[-tenth - 1]


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def _periodicity(pcm: NDArray[np.float32]) -> float:
    """The highest normalised autocorrelation at a lag of 60–400 Hz: near 1 for a vowel, low for breath and hiss."""
    spectrum = np.fft.rfft(pcm - pcm.mean(), 512)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[:_LONGEST_LAG]
    if correlation[0] <= 0:
        return 0.0
    return float(np.max(correlation[_SHORTEST_LAG:] / (correlation[0] * _OVERLAP[_SHORTEST_LAG:])))
