"""What a file is, by its content; the name only has to agree. What is not known here is not taken."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from app.attachments.errors import BrokenFileError, MisnamedError, TypeRefusedError
from app.attachments.images import check_picture
from app.attachments.office import office_kind

_TAKEN = "可上传图片（jpg、png、webp、heic）、PDF、docx、xlsx、txt、录音（mp3、wav、m4a、amr）和视频（mp4）"
_HEAD = 64
_TAIL = 2048
_BLOCK = 64 * 1024
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
_AUDIO = frozenset({b"M4A ", b"M4B "})
_VIDEO = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"})
_PAGE = re.compile(
    r"<\s*(?:!doctype|\?xml|\?php|html|head|body|script|svg|iframe|object|embed|style|meta|link|form|img)\b",
    re.IGNORECASE,
)
_TEXT_KEPT = frozenset("\n\r\t\f")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken, and what its name may end with."""

    media_type: str
    endings: frozenset[str]


def _kind(media_type: str, *endings: str) -> Kind:
    return Kind(media_type, frozenset(endings))


JPEG = _kind("image/jpeg", "jpg", "jpeg")
PNG = _kind("image/png", "png")
WEBP = _kind("image/webp", "webp")
HEIC = _kind("image/heic", "heic", "heif")
PDF = _kind("application/pdf", "pdf")
MP3 = _kind("audio/mpeg", "mp3")
WAV = _kind("audio/wav", "wav")
AMR = _kind("audio/amr", "amr")
M4A = _kind("audio/mp4", "m4a")
MP4 = _kind("video/mp4", "mp4")
TEXT = _kind("text/plain; charset=utf-8", "txt")
OFFICE = {
    "docx": _kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    "xlsx": _kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
_PICTURES = frozenset({JPEG, PNG, WEBP, HEIC})


def inspect(path: Path, name: str, *, most_pixels: int) -> Kind:
    """The kind of a file, having looked for what is wrong with it. Reads it from the disk; nothing is unpacked.

    Raises:
        TypeRefusedError, MisnamedError, BrokenFileError, BombError, MacroError: see app.attachments.errors.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    kind = _by_content(path, head, ending)
    if kind is None:
        raise TypeRefusedError(f"不支持该类型的文件，{_TAKEN}")
    if ending not in kind.endings:
        raise MisnamedError(f"文件内容与扩展名不符：内容应以“.{min(kind.endings)}”为扩展名")
    if kind in _PICTURES:
        check_picture(path, kind.media_type, most_pixels)
    if kind is PDF:
        _check_pdf(path)
    return kind


def _by_content(path: Path, head: bytes, ending: str) -> Kind | None:
    if head.startswith(b"PK\x03\x04"):
        return OFFICE[office_kind(path)]
    if head[4:8] == b"ftyp":
        return _of_boxes(head, ending)
    riff = {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12]) if head.startswith(b"RIFF") else None
    for start, kind in (
        (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"%PDF-", PDF), (b"#!AMR\n", AMR), (b"#!AMR-WB\n", AMR),
        (b"ID3", MP3),
    ):  # fmt: skip
        if head.startswith(start):
            return kind
    if riff is not None or _is_mp3_frame(head):
        return riff or MP3
    return TEXT if ending == "txt" and _is_text(path) else None


def _of_boxes(head: bytes, ending: str) -> Kind | None:
    """ISO media: the major brand, and those it is compatible with, as far as they are in the head."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if brands & _HEIC:
        return HEIC
    if head[8:12] in _AUDIO:
        return M4A
    if brands & _VIDEO:
        return M4A if ending == "m4a" else MP4  # recorders of telephones name their brand so
    return None


def _is_mp3_frame(head: bytes) -> bool:
    """An MPEG audio frame of layer III with a possible bit rate and sampling rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    return version != 1 and layer == 1 and head[2] >> 4 not in {0, 15} and head[2] >> 2 & 3 != 3


def _is_text(path: Path) -> bool:
    """UTF-8 without control characters, and nobody's web page or program.

    Raises:
        BrokenFileError: another encoding, so that people know what to do about it.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    before = ""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                raise BrokenFileError("文本文件应为 UTF-8 编码，请另存后再上传") from None
            if any(letter < " " and letter not in _TEXT_KEPT for letter in text) or "\x7f" in text:
                return False
            if _PAGE.search(before + text) or (not before and text.startswith("#!")):
                return False
            before = text[-64:]
    if decoder.getstate()[0]:
        raise BrokenFileError("文本文件应为 UTF-8 编码，请另存后再上传")
    return True


def _check_pdf(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL))
        if b"%%EOF" not in file.read():
            raise BrokenFileError("PDF 文件不完整，请重新导出后再上传")
