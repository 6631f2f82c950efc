"""Word and Excel documents: zip archives that are looked at by their directory, and never unpacked."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from app.attachments.errors import BombError, BrokenFileError, MacroError, TypeRefusedError

_MACRO = "文档含有宏或嵌入的程序，请另存为不含宏的 docx 或 xlsx 后再上传"
_TOO_MANY = "文档内的文件过多，请精简后再上传"
_TOO_MUCH = "文档解压后过大，请精简后再上传"
_BROKEN = "文档已损坏，请重新保存后再上传"
_END = b"PK\x05\x06"
_END_BYTES = 22
_LARGE = b"PK\x06\x07"
"""Points to a second directory, of archives of more than 4 GB."""
_LARGE_BYTES = 20
_MOST_COMMENT = 65_535
_MOST_DIRECTORY = 512 * 1024
"""Of the archive's directory: a document has hundreds of parts, a bomb may have hundreds of thousands."""
_MOST_ENTRIES = 4_000
_MOST_UNPACKED = 200 * 1024 * 1024
_MOST_RATIO = 120
"""Of the whole; a sheet of zeros is packed to a hundredth."""
_HARMLESS = 5 * 1024 * 1024
"""So much may be in it at any ratio."""
_TYPES = "[Content_Types].xml"
_MOST_TYPES = 256 * 1024
_MAIN = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_PROGRAMS = re.compile(
    r"vbaproject|vbadata|activex|\.(?:bin|exe|dll|js|vbs|ps1|bat|cmd|scr|jar|hta|lnk)$", re.IGNORECASE
)
_PRINTER = re.compile(r"(?:^|/)printerSettings/[^/]+\.bin$", re.IGNORECASE)
_ARCHIVES = re.compile(r"\.(?:zip|rar|7z|gz|tgz|bz2|xz|tar|cab|iso|docx|xlsx|pptx|docm|xlsm|odt)$", re.IGNORECASE)


def office_kind(path: Path) -> str:
    """``docx`` or ``xlsx``.

    Raises:
        TypeRefusedError: another archive.
        BrokenFileError: an archive that is not what it says.
        BombError: it would unfold into too much.
        MacroError: a program is in it.
    """
    _check_end(path)
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            names = {entry.filename for entry in entries}
            found = [kind for name, kind in _MAIN.items() if name in names]
            if _TYPES not in names or len(found) != 1:
                raise TypeRefusedError("不支持压缩包，请上传其中的文件；文档请另存为 docx 或 xlsx")
            if archive.getinfo(_TYPES).file_size > _MOST_TYPES:
                raise BombError(_TOO_MANY)
            with archive.open(_TYPES) as types:
                told = types.read(_MOST_TYPES).lower()
            if b"macroenabled" in told or b"vbaproject" in told:
                raise MacroError(_MACRO)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise BrokenFileError(_BROKEN) from error
    return found[0]


def _check_end(path: Path) -> None:
    """The directory's size, before anybody reads all of it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _MOST_COMMENT))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES or tail[max(0, at - _LARGE_BYTES) : at].startswith(_LARGE):
        raise BrokenFileError(_BROKEN)
    entries = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if entries > _MOST_ENTRIES or directory > _MOST_DIRECTORY:
        raise BombError(_TOO_MANY)


def _check_entries(entries: list[ZipInfo]) -> None:
    if len(entries) > _MOST_ENTRIES:
        raise BombError(_TOO_MANY)
    packed, unpacked = sum(e.compress_size for e in entries), sum(e.file_size for e in entries)
    if unpacked > _MOST_UNPACKED or (unpacked > _HARMLESS and unpacked > packed * _MOST_RATIO):
        raise BombError(_TOO_MUCH)
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:  # several entries made of the same bytes
            raise BombError(_TOO_MUCH)
        end = entry.header_offset + entry.compress_size
        _check_entry(entry)
    if entries and min(entry.header_offset for entry in entries) != 0:
        raise BrokenFileError("文档前部含有其他内容，请重新保存后再上传")


def _check_entry(entry: ZipInfo) -> None:
    name = entry.filename
    if entry.flag_bits & 1:
        raise BrokenFileError("不支持加密的文档，请取消密码后再上传")
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name or "\0" in name:
        raise BrokenFileError(_BROKEN)
    if _PROGRAMS.search(name) and not _PRINTER.search(name):
        raise MacroError(_MACRO)
    if _ARCHIVES.search(name):
        raise BrokenFileError("文档内嵌有其他文档或压缩包，请分别上传")
