"""Small files of every kind, made here: nothing of them comes from anybody."""

from __future__ import annotations

import io
import struct
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

TYPES = b'<?xml version="1.0"?><Types><Override ContentType="application/xml"/></Types>'


def png(width: int = 4, height: int = 3) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 12)) + chunk(b"IEND", b"")


def jpeg(width: int = 640, height: int = 480) -> bytes:
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0\1\1\0\0\1\0\1\0\0"
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 300) + b"Exif\0\0" + b"x" * 294
    frame = b"\xff\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + app0 + exif + frame + b"\xff\xda\0\2\xff\xd9"


def webp(kind: bytes = b"VP8X", width: int = 640, height: int = 480) -> bytes:
    if kind == b"VP8X":
        data = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == b"VP8L":
        data = b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + b"\0" * 5
    else:
        data = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    body = b"WEBP" + kind + struct.pack("<I", len(data)) + data + b"\0" * 8
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def heic(width: int = 4032, height: int = 3024) -> bytes:
    tile = box(b"ispe", bytes(4) + struct.pack(">II", 512, 512))
    whole = box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    meta = box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", tile + whole)))
    return box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + meta + box(b"mdat", b"x" * 16)


def media(major: bytes = b"isom", *brands: bytes) -> bytes:
    return box(b"ftyp", major + bytes(4) + b"".join(brands)) + box(b"mdat", b"x" * 64)


def pdf() -> bytes:
    return b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def mp3() -> bytes:
    return b"\xff\xfb\x90\x00" + b"\0" * 100


def wav() -> bytes:
    return b"RIFF" + struct.pack("<I", 40) + b"WAVEfmt " + b"\0" * 32


def archive(entries: dict[str, bytes], *, packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED if packed else ZIP_STORED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return buffer.getvalue()


def docx(**more: bytes) -> bytes:
    return archive({"[Content_Types].xml": TYPES, "word/document.xml": b"<w:document/>", **more})


def xlsx(**more: bytes) -> bytes:
    settings = {"xl/printerSettings/printerSettings1.bin": b"x"}
    return archive({"[Content_Types].xml": TYPES, "xl/workbook.xml": b"<workbook/>", **settings, **more})


def text() -> bytes:
    return "现场情况：\n井盖缺失，请尽快处理。\n".encode()
