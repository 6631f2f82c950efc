"""Reads a WAV while its recorder writes it: header sizes are not looked at, half frames wait for their rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from telephony.line.vad import FRAME_BYTES
from telephony.recording import HEADER


class Tail:
    """The frames of a growing recording, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def frames(self) -> Iterator[bytes]:
        """What has been written since the last time, in frames of :data:`FRAME_BYTES`."""
        if self._file is None:
            if not self._path.exists() or self._path.stat().st_size <= HEADER:
                return
            self._file = self._path.open("rb")
            self._file.seek(HEADER)
        data = self._rest + self._file.read()
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        self._rest = data[whole:]
        for at in range(0, whole, FRAME_BYTES):
            yield data[at : at + FRAME_BYTES]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
