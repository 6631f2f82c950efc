"""Sound in: pieces of recordings that may still be growing, and whole WAV files of any rate."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from telephony.errors import TelephonyError

Samples = NDArray[np.float32]
"""Mono, −1 … 1."""

RATE = 16_000
"""What the recogniser hears, Hz."""

_LINE_RATE = 8_000
_HEADER = 44
_FRAME = 2


class SoundError(TelephonyError):
    """A file that is no WAV we can read."""

    id = "scribe.sound"


class NotYetWrittenError(TelephonyError):
    """The piece asked for is not in the file yet: its recorder is behind."""

    id = "scribe.not_yet_written"
    retry = True


def read_piece(path: Path, start_s: float, end_s: float, *, partial: bool = False) -> Samples:
    """[start_s, end_s] of a line's recording (8 kHz 16-bit mono), at 16 kHz.

    A growing WAV has sizes of 0 in its header: they are not looked at. With ``partial`` what there is of the piece
    is taken.

    Raises:
        NotYetWrittenError: the file ends before ``end_s`` (and not ``partial``).
        SoundError: no such file, no WAV, or not a line's format.
    """
    first, last = int(start_s * _LINE_RATE), int(end_s * _LINE_RATE)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
            if len(header) < _HEADER and not header.startswith(b"RIFF"[: len(header)]):
                raise SoundError("录音文件损坏：不是 WAV")
            if len(header) == _HEADER:
                _check(header)
            file.seek(_HEADER + first * _FRAME)
            data = file.read(max(0, last - first) * _FRAME)
    except FileNotFoundError as error:
        raise SoundError("录音文件不存在") from error
    if len(data) < (last - first) * _FRAME and not partial:
        raise NotYetWrittenError("录音尚未写到所需位置")
    pcm = np.frombuffer(data[: len(data) // _FRAME * _FRAME], dtype="<i2")
    return upsample(pcm.astype(np.float32) / 32768.0, _LINE_RATE)


def _check(header: bytes) -> None:
    if header[:4] != b"RIFF" or header[8:12] != b"WAVE":
        raise SoundError("录音文件损坏：不是 WAV")
    channels, rate = int.from_bytes(header[22:24], "little"), int.from_bytes(header[24:28], "little")
    if (channels, rate) != (1, _LINE_RATE):
        raise SoundError(f"录音格式不符：{channels} 声道 {rate} Hz，应为单声道 8000 Hz")


def read_file(path: Path) -> list[Samples]:
    """A whole WAV (16-bit, any rate, 1 or 2 channels), a list of its channels at 16 kHz.

    Raises:
        SoundError: missing, broken or of another form.
    """
    try:
        with wave.open(str(path)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            if width != _FRAME or channels not in (1, 2) or rate < 1:
                raise SoundError(f"{path.name}: 只支持 16 位单声道或双声道 WAV")
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise SoundError(f"{path.name}: 不是完好的 WAV 文件（{error}）") from error
    except FileNotFoundError as error:
        raise SoundError(f"{path.name}: 文件不存在") from error
    whole = len(data) // (_FRAME * channels) * channels
    pcm = np.frombuffer(data[: whole * _FRAME], dtype="<i2").reshape(-1, channels).astype(np.float32) / 32768.0
    return [upsample(np.ascontiguousarray(pcm[:, channel]), rate) for channel in range(channels)]


def upsample(samples: Samples, rate: int) -> Samples:
    """To 16 kHz by a band-limited polyphase filter."""
    if rate == RATE or not len(samples):
        return samples
    divisor = int(np.gcd(rate, RATE))
    resampled: Samples = resample_poly(samples, RATE // divisor, rate // divisor).astype(np.float32)
    return resampled
