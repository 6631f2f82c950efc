"""A data folder and what runs on it: ``<data>/instance.json`` tells other commands where the servers are."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from app.errors import NoInstanceError
from app.settings import AppSettings

_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET_NAME = len("/lines/") + 40


class Instance(msgspec.Struct, frozen=True):
    """Where a running ``hotline up`` has its servers."""

    pid: int
    http: str
    sip: str
    database_url: str
    valkey_url: str
    city: str

    def write(self, data_dir: Path) -> None:
        """Replace the instance file in one step."""
        path = data_dir / "instance.json"
        scratch = path.with_suffix(".new")
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2))
        scratch.replace(path)

    @classmethod
    def read(cls, data_dir: Path) -> Instance | None:
        """The instance of a data folder; None when none was ever started there."""
        try:
            return msgspec.json.decode((data_dir / "instance.json").read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def database_url(settings: AppSettings) -> str:
    """The database to look into.

    Raises:
        NoInstanceError: neither set nor to be found in the data folder.
    """
    if settings.database_url:
        return settings.database_url
    instance = Instance.read(settings.data_dir)
    if instance is None:
        raise NoInstanceError(f"{settings.data_dir} 中没有运行中的实例,请先执行 hotline up,或设置 HOTLINE_DATABASE_URL")
    return instance.database_url


def valkey_url(settings: AppSettings) -> str:
    """The job queue's server; errors as for :func:`database_url`."""
    if settings.valkey_url:
        return settings.valkey_url
    instance = Instance.read(settings.data_dir)
    if instance is None:
        raise NoInstanceError(f"{settings.data_dir} 中没有运行中的实例,请先执行 hotline up,或设置 HOTLINE_VALKEY_URL")
    return instance.valkey_url


def run_dir(data_dir: Path) -> Path:
    """Where the unix sockets of a data folder are: inside it, or in the temp folder when that path is too long."""
    inside = data_dir.resolve() / "run"
    if len(os.fsencode(inside)) + _LONGEST_SOCKET_NAME <= _SOCKET_PATH_LIMIT:
        return inside
    digest = sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hotline-{os.geteuid()}-{digest}"


def ensure_secret(path: Path) -> str:
    """The secret in a file that only we can read; made when missing or empty.

    It appears whole or not at all: an empty one, seen by a process that starts just then, would let everybody in.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and not path.read_text("ascii").strip():
        path.unlink()
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        with suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        Path(scratch).unlink()
    return path.read_text("ascii").strip()
