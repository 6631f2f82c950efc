"""Files on the disk by their content's hash: ``aa/bb/<sha256>``; there whole or not at all, and only ours to read."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_INCOMING = "incoming"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the folder. ``digest`` None: it was never finished."""

    path: Path
    digest: str | None
    touched: datetime


class FileStore:
    """Over one folder, made when first needed. Its methods block: call them in a thread."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path_of(self, digest: str) -> Path:
        """Where content with this SHA-256 (hex) is kept."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(digest)
        return self._root / digest[:2] / digest[2:4] / digest

    def begin(self) -> Path:
        """A new empty file for content that is coming in."""
        folder = self._folder(self._root / _INCOMING)
        path = folder / secrets.token_hex(16)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return path

    def place(self, incoming: Path, digest: str) -> None:
        """Put a finished file in its place; it survives a power cut from then on. Content that is there stays."""
        with incoming.open("rb") as file:
            os.fsync(file.fileno())
        target = self.path_of(digest)
        if target.exists() and target.stat().st_size == incoming.stat().st_size:
            incoming.unlink()
            target.touch()  # whoever sweeps sees that it is wanted
            return
        folder = self._folder(target.parent)
        incoming.replace(target)
        for place in (folder, folder.parent, self._root):
            _sync(place)

    def remove(self, digest: str) -> None:
        """Content nobody needs."""
        self.path_of(digest).unlink(missing_ok=True)

    def all(self) -> Iterator[Kept]:
        """Every file, finished or not."""
        for path in self._root.glob(f"{_INCOMING}/*"):
            yield from _kept(path, None)
        for path in self._root.glob("??/??/*"):
            if _DIGEST.fullmatch(path.name):
                yield from _kept(path, path.name)

    def _folder(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


def _kept(path: Path, digest: str | None) -> Iterator[Kept]:
    try:
        found = path.stat()
    except FileNotFoundError:  # finished or swept meanwhile
        return
    yield Kept(path, digest, datetime.fromtimestamp(found.st_mtime, UTC))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
