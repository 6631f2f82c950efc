"""Recordings as the lines leave them: 8 kHz 16-bit mono WAV whose header a killed line never finished."""

from __future__ import annotations

import struct
from pathlib import Path

from telephony.errors import TelephonyError

RATE = 8_000
HEADER = 44
FRAME = 2


class RecordingError(TelephonyError):
    """The file is missing or no recording of ours."""

    id = "recording.broken"


def repair(path: Path) -> float:
    """Make the header's sizes agree with the data, dropping a torn last sample; the length in seconds.

    Doing it again changes nothing.

    Raises:
        RecordingError: no such file, or no WAV header of a line's recorder.
    """
    try:
        with path.open("r+b") as file:
            header = file.read(HEADER)
            if len(header) < HEADER or header[:4] != b"RIFF" or header[8:16] != b"WAVEfmt " or header[36:40] != b"data":
                raise RecordingError(f"{path.name}: 不是线路录音")
            size = (path.stat().st_size - HEADER) // FRAME * FRAME
            file.truncate(HEADER + size)
            file.seek(4)
            file.write(struct.pack("<I", HEADER - 8 + size))
            file.seek(40)
            file.write(struct.pack("<I", size))
    except FileNotFoundError as error:
        raise RecordingError(f"{path.name}: 录音不存在") from error
    return size / FRAME / RATE


def grown_seconds(path: Path) -> float:
    """How much has been recorded so far; 0 when there is nothing yet."""
    try:
        return max(0, path.stat().st_size - HEADER) / FRAME / RATE
    except FileNotFoundError:
        return 0.0
