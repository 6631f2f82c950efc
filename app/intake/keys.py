"""Keys of other platforms: made once, shown once, kept as hashes in a file of the data folder."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import tempfile
from hashlib import sha256
from pathlib import Path

from app.errors import HotlineError

FILE = Path("secrets") / "exchange_keys"
"""In the data folder; a line ``<platform> <SHA-256 of its key>``."""
_NAME = re.compile(r"[\w.-]{1,64}")


class PlatformNameError(HotlineError):
    """A platform's name that could not stand in a ticket."""

    id = "exchange.name"
    status = 422


def platform_of(data_dir: Path, key: str) -> str | None:
    """Whose key this is; None: nobody's."""
    digest = sha256(key.encode()).hexdigest()
    found = None
    for name, known in _read(data_dir / FILE):
        if hmac.compare_digest(known, digest):
            found = name
    return found


def new_key(data_dir: Path, platform: str) -> str:
    """A key for a platform; the one it had before is no longer good.

    Raises:
        PlatformNameError: the name has blanks or signs in it.
    """
    if not _NAME.fullmatch(platform):
        raise PlatformNameError("平台名称只能含有文字、数字和 - . _ 符号")
    key = secrets.token_urlsafe(32)
    others = [(name, digest) for name, digest in _read(data_dir / FILE) if name != platform]
    _write(data_dir / FILE, [*others, (platform, sha256(key.encode()).hexdigest())])
    return key


def _read(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [(name, digest) for name, digest in (line.split() for line in lines if line.strip())]


def _write(path: Path, keys: list[tuple[str, str]]) -> None:
    """Whole or not at all, and only ours to read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name} {digest}\n" for name, digest in keys)
    Path(scratch).replace(path)
