"""Small durable files, and folders that are this user's alone."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_OTHERS_MAY_PASS = 0o711
_SCRATCH = ".new"


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file's content in one step; ``durable``: it is on the disk before this returns."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}{_SCRATCH}")
    with scratch.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    scratch.replace(path)


def sweep_scratch(folder: Path) -> None:
    """Remove what writers that were killed in the middle of :func:`replace` have left; none may be at work."""
    for scratch in folder.glob(f"*{_SCRATCH}"):
        scratch.unlink(missing_ok=True)


def keep_private() -> None:
    """Whatever this process and its children make from now on (numbers, voices, sockets) is this user's alone."""
    os.umask(0o077)


def private_folder(folder: Path) -> None:
    """The folder, made when missing, closed to others also when an older version has made it."""
    folder.mkdir(parents=True, exist_ok=True)
    _narrow(folder, 0o700)


def shared_folder(folder: Path) -> None:
    """The same, but those who may pass through it still may: others' servers have folders of their own below it."""
    folder.mkdir(parents=True, exist_ok=True)
    _narrow(folder, _OTHERS_MAY_PASS)


def _narrow(folder: Path, allowed: int) -> None:
    mode = folder.stat().st_mode & 0o7777
    if mode & ~allowed:
        try:
            folder.chmod(mode & allowed)
        except PermissionError:
            log.warning("folder_not_ours", folder=str(folder))  # its owner decides
