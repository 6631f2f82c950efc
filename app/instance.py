"""A data folder and what runs on it: ``<data>/instance.json`` tells other commands where the servers are."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from app.errors import HotlineError, NoInstanceError
from app.settings import AppSettings

_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET_NAME = len("/lines/") + 40


class ForeignRunDirError(HotlineError):
    """The folder for the sockets belongs to somebody else, who could answer in our servers' place."""

    id = "instance.run_dir_not_ours"


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
        raise NoInstanceError(
            f"{settings.data_dir} 中没有运行中的实例，请先执行 hotline up，或设置 HOTLINE_DATABASE_URL"
        )
    return instance.database_url


def valkey_url(settings: AppSettings) -> str:
    """The job queue's server; errors as for :func:`database_url`."""
    if settings.valkey_url:
        return settings.valkey_url
    instance = Instance.read(settings.data_dir)
    if instance is None:
        raise NoInstanceError(f"{settings.data_dir} 中没有运行中的实例，请先执行 hotline up，或设置 HOTLINE_VALKEY_URL")
    return instance.valkey_url


def make_private(data_dir: Path) -> None:
    """The data folder, made when missing, with everything right in it closed to other users.

    What belongs to another user (PostgreSQL's cluster) and what is linked from elsewhere stays as it is.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for entry in (data_dir, *data_dir.iterdir()):
        found = entry.lstat()
        if found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode):
            entry.chmod(0o700 if stat.S_ISDIR(found.st_mode) else 0o600)


def run_dir(data_dir: Path) -> Path:
    """Where the unix sockets of a data folder are: inside it, or in the temp folder when that path cannot be.

    It cannot when it is too long for a socket, or holds a comma, by which PostgreSQL's clients part hosts.

    Raises:
        ForeignRunDirError: somebody else made it, in the temp folder, where all may.
    """
    inside = data_dir.resolve() / "run"
    if len(os.fsencode(inside)) + _LONGEST_SOCKET_NAME <= _SOCKET_PATH_LIMIT and "," not in str(inside):
        return inside
    digest = sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    outside = Path(tempfile.gettempdir()) / f"hotline-{os.geteuid()}-{digest}"
    with suppress(FileNotFoundError):
        found = outside.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise ForeignRunDirError(f"{outside} 不是本用户的目录，请删除后重试，或换用较短的 --data 路径")
    return outside


def make_run_dir(data_dir: Path) -> Path:
    """The same, made when missing and closed to other users; errors as for :func:`run_dir`."""
    folder = run_dir(data_dir)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    run_dir(data_dir)  # somebody else may have been faster
    folder.chmod(0o700)
    return folder


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
