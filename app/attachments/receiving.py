"""A form with one file in it, from the wire to the disk: counted and hashed as it comes, never whole in memory."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from multipart import MultipartError, MultipartSegment, ParserError, PushMultipartParser, parse_options_header

from app.attachments.errors import EmptyFileError, FormError, TooLargeError
from app.attachments.settings import MEBIBYTE
from app.attachments.store import FileStore

_NO_FORM = "请求不是有效的文件上传表单，请用字段 file 上传一个文件"
_BLOCK = 256 * 1024
_OVERHEAD = 64 * 1024
"""Of the form around the file."""
_MOST_PARTS = 4
_PATIENCE = 64 * MEBIBYTE
"""So much too much is read and thrown away, so that the sender hears the answer."""
_LONGEST_NAME = 100
_UNNAMED = "附件"
_BAD = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


@dataclass(slots=True)
class Received:
    """What came. The caller moves ``path`` away, or removes it."""

    path: Path
    name: str
    size: int
    digest: str


@dataclass(slots=True)
class _Sink:
    """The file while it comes in."""

    most: int
    file: IO[bytes]
    name: str | None = None
    size: int = 0
    pending: bytearray = field(default_factory=bytearray)
    digest: Any = field(default_factory=sha256)

    def take(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > self.most:
            raise _too_large(self.most)
        self.pending += block

    async def flush(self, least: int = 1) -> None:
        if len(self.pending) >= least:
            block, self.pending = bytes(self.pending), bytearray()
            await asyncio.to_thread(self._write, block)

    def _write(self, block: bytes) -> None:
        self.digest.update(block)
        self.file.write(block)


async def receive(
    stream: AsyncIterator[bytes], content_type: str, length: int | None, store: FileStore, most: int
) -> Received:
    """The one file of a form's field ``file``. On any error nothing stays on the disk.

    Args:
        stream: the request's body.
        content_type: its header.
        length: what ``Content-Length`` says; None: nothing.
        store: where it begins.
        most: bytes that the file may have.

    Raises:
        FormError, TooLargeError, EmptyFileError: see app.attachments.errors.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise FormError(_NO_FORM)
    if length is not None and length > most + _PATIENCE:
        raise _too_large(most)
    path = await asyncio.to_thread(store.begin)
    try:
        with path.open("r+b") as file:
            sink = _Sink(most, file)
            try:
                await _parse(stream, boundary, sink)
            except TooLargeError:
                await _hear_out(stream)
                raise
            await sink.flush()
        return _finished(path, sink)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _finished(path: Path, sink: _Sink) -> Received:
    if sink.name is None:
        raise FormError(_NO_FORM)
    if not sink.size:
        raise EmptyFileError("文件是空的")
    return Received(path, sink.name, sink.size, sink.digest.hexdigest())


async def _parse(stream: AsyncIterator[bytes], boundary: str, sink: _Sink) -> None:
    parser = PushMultipartParser(boundary, max_segment_count=_MOST_PARTS, max_segment_size=sink.most + _OVERHEAD)
    total, ours = 0, False
    try:
        with parser:
            async for chunk in stream:
                total += len(chunk)
                if total > sink.most + _OVERHEAD:
                    raise _too_large(sink.most)
                for event in parser.parse(chunk) if chunk else ():
                    if isinstance(event, MultipartSegment):
                        ours = _begin(event, sink)
                    elif event and ours:
                        sink.take(bytes(event))
                await sink.flush(_BLOCK)
    except (ParserError, MultipartError, UnicodeError, ValueError) as error:
        raise FormError(_NO_FORM) from error


def _begin(segment: MultipartSegment, sink: _Sink) -> bool:
    if segment.name != "file" or segment.filename is None:
        return False
    if sink.name is not None:
        raise FormError("一次只能上传一个文件")
    sink.name = clean_name(segment.filename)
    return True


async def _hear_out(stream: AsyncIterator[bytes]) -> None:
    left = _PATIENCE
    async for chunk in stream:
        left -= len(chunk)
        if left < 0:
            return


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"文件过大，不能超过 {most // MEBIBYTE} MB")


def clean_name(given: str) -> str:
    """A file's name without folders, controls, hidden directions of writing; its ending stays."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = _BAD.sub("_", "".join(letter for letter in name if unicodedata.category(letter)[0] != "C"))
    stem, dot, ending = name.strip().rstrip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    ending = ending[-10:]
    return f"{stem.strip(' .')[: _LONGEST_NAME - len(ending)] or _UNNAMED}{dot}{ending}"
