"""How large a picture is, from its header: a small file may unfold into gigabytes for whoever opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from app.attachments.errors import BombError, BrokenFileError

_LONGEST_SIDE = 65_500
_MOST_SEGMENTS = 2_000
_MOST_META = 1024 * 1024
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers that begin a JPEG's frame."""
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""Boxes to look into, and how many bytes stand before what is in them."""


def check_picture(path: Path, media_type: str, most_pixels: int) -> None:
    """Nothing, if it is a picture of a bearable size.

    Raises:
        BrokenFileError: no size is to be found.
        BombError: it is too large.
    """
    with path.open("rb") as file:
        try:
            sizes = list(_SIZES[media_type](file))
        except (EOFError, IndexError, ValueError):
            sizes = []
    if not sizes or any(width <= 0 or height <= 0 for width, height in sizes):
        raise BrokenFileError("图片文件不完整，请重新拍摄或导出后再上传")
    for width, height in sizes:
        if width * height > most_pixels or max(width, height) > _LONGEST_SIDE:
            raise BombError(f"图片过大（{width}×{height}），请缩小后再上传")


def _read(file: IO[bytes], count: int) -> bytes:
    block = file.read(count)
    if len(block) < count:
        raise EOFError
    return block


def _jpeg(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    _read(file, 2)
    for _ in range(_MOST_SEGMENTS):
        if _read(file, 1) != b"\xff":
            return
        marker = 0xFF
        while marker == 0xFF:  # fill bytes
            marker = _read(file, 1)[0]
        if marker in _BARE:
            continue
        length = int.from_bytes(_read(file, 2), "big")
        if marker in _FRAMES:
            frame = _read(file, 5)
            yield int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big")
            return
        if length < 2 or marker == 0xDA:
            return
        file.seek(length - 2, 1)


def _png(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    head = _read(file, 24)
    if head[12:16] == b"IHDR":
        yield int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _webp(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    head = _read(file, 30)
    kind = head[12:16]
    if kind == b"VP8X":
        yield int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    elif kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        yield int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


def _heic(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Every ``ispe`` in meta/iprp/ipco: the picture's own, its tiles', its thumbnails'."""
    while head := file.read(8):
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if size < 8:
            return
        if kind == b"meta":
            if size > _MOST_META:
                raise ValueError
            yield from _in_boxes(_read(file, size - 8), 4)
            return
        file.seek(size - 8, 1)


def _in_boxes(content: bytes, at: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if size < 8:
            return
        if kind == b"ispe":
            yield (
                int.from_bytes(content[at + 12 : at + 16], "big"),
                int.from_bytes(content[at + 16 : at + 20], "big"),
            )
        elif kind in _CONTAINERS:
            yield from _in_boxes(content[at : at + size], 8 + _CONTAINERS[kind])
        at += size


_SIZES = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/heic": _heic}
