"""Log files that do not grow for ever."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

KEPT = 3
"""Older parts beside the file that is written: ``web.log.1`` is the newest of them."""


def rotate(file: Path, limit: int) -> bool:
    """Put what is in a file of ``limit`` bytes or more aside and empty it; whether that was done.

    The writer keeps its file (opened to append): it is copied and cut, and a line written just then may be lost.
    """
    try:
        if file.stat().st_size < limit:
            return False
    except FileNotFoundError:
        return False
    parts = [file.with_name(f"{file.name}.{number}") for number in range(1, KEPT + 1)]
    for older, newer in zip(reversed(parts), reversed(parts[:-1]), strict=False):
        if newer.exists():
            newer.replace(older)
    shutil.copyfile(file, parts[0])
    os.truncate(file, 0)
    return True
