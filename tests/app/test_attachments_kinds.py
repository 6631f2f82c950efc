"""What a file is, is told by its content; bombs, programs and other people's kinds are not taken."""

from __future__ import annotations

import struct

import pytest

from app.attachments.errors import BombError, BrokenFileError, MacroError, MisnamedError, TypeRefusedError
from app.attachments.kinds import inspect
from app.attachments.receiving import clean_name

from . import files

PIXELS = 200_000_000
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

GOOD = {
    "现场.jpg": (files.jpeg(), "image/jpeg"),
    "现场.JPEG": (files.jpeg(), "image/jpeg"),
    "a.png": (files.png(), "image/png"),
    "a.webp": (files.webp(), "image/webp"),
    "lossless.webp": (files.webp(b"VP8L"), "image/webp"),
    "lossy.webp": (files.webp(b"VP8 "), "image/webp"),
    "IMG_1.HEIC": (files.heic(), "image/heic"),
    "通知.pdf": (files.pdf(), "application/pdf"),
    "报告.docx": (files.docx(), DOCX),
    "表.xlsx": (files.xlsx(), XLSX),
    "a.mp3": (files.mp3(), "audio/mpeg"),
    "tagged.mp3": (b"ID3\x04" + b"\0" * 60, "audio/mpeg"),
    "a.wav": (files.wav(), "audio/wav"),
    "a.amr": (b"#!AMR\n\x3c" + b"\0" * 30, "audio/amr"),
    "a.m4a": (files.media(b"M4A ", b"isom"), "audio/mp4"),
    "recorder.m4a": (files.media(b"mp42", b"isom"), "audio/mp4"),
    "a.mp4": (files.media(b"isom", b"mp41"), "video/mp4"),
    "说明.txt": (files.text(), "text/plain; charset=utf-8"),
    "bom.txt": (b"\xef\xbb\xbf" + files.text(), "text/plain; charset=utf-8"),
}


@pytest.fixture
def look(tmp_path):
    def looked(content: bytes, name: str, most_pixels: int = PIXELS):
        path = tmp_path / "incoming"
        path.write_bytes(content)
        return inspect(path, name, most_pixels=most_pixels)

    return looked


@pytest.mark.parametrize("name", GOOD)
def test_what_people_send_is_known_by_its_content(look, name):
    content, media_type = GOOD[name]
    assert look(content, name).media_type == media_type


PAGE = b"<html><script>alert(1)</script></html>"
MACRO_TYPES = files.TYPES.replace(b"application/xml", b"application/vnd.ms-word.document.macroEnabled.main+xml")
REFUSED = {
    "a page named as a picture": (PAGE, "a.jpg", TypeRefusedError),
    "a page named as text": (PAGE, "a.txt", TypeRefusedError),
    "a page": (PAGE, "a.html", TypeRefusedError),
    "a drawing with a script": (b"<svg onload='alert(1)'/>", "a.svg", TypeRefusedError),
    "a drawing named as text": (b"<?xml version='1.0'?><svg/>", "a.txt", TypeRefusedError),
    "a script behind much text": (b"x" * 65_530 + b"<script>", "a.txt", TypeRefusedError),
    "a program": (b"MZ\x90\0\3\0\0\0", "a.exe", TypeRefusedError),
    "a program named as a picture": (b"MZ\x90\0\3\0\0\0", "a.png", TypeRefusedError),
    "a program of this machine": (b"\x7fELF\2\1\1", "a.txt", TypeRefusedError),
    "a script for a shell": (b"#!/bin/sh\nrm -rf /\n", "a.txt", TypeRefusedError),
    "a script": (b"alert(1)", "a.js", TypeRefusedError),
    "an old document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60, "a.doc", TypeRefusedError),
    "a moving picture": (b"GIF89a" + b"\0" * 30, "a.gif", TypeRefusedError),
    "NUL in a text": (b"abc\0def", "a.txt", TypeRefusedError),
    "another film": (files.media(b"qt  "), "a.mov", TypeRefusedError),
    "an archive": (files.archive({"a.txt": b"x"}), "a.zip", TypeRefusedError),
    "an archive named as a document": (files.archive({"a.txt": b"x"}), "a.docx", TypeRefusedError),
    "a picture under another name": (files.png(), "a.jpg", MisnamedError),
    "a document under another name": (files.docx(), "a.xlsx", MisnamedError),
    "a document as a text": (files.docx(), "a.txt", MisnamedError),
    "a picture without an ending": (files.png(), "png", MisnamedError),
    "a picture with a second ending": (files.jpeg(), "a.jpg.exe", MisnamedError),
    "a text of another encoding": ("现场情况".encode("gb18030"), "a.txt", BrokenFileError),
    "a text cut in the middle of a character": ("现场".encode()[:-1], "a.txt", BrokenFileError),
    "half a picture": (files.jpeg()[:100], "a.jpg", BrokenFileError),
    "a picture without a size": (files.png(0, 3), "a.png", BrokenFileError),
    "a picture of nothing": (b"\xff\xd8\xff\xd9", "a.jpg", BrokenFileError),
    "half a document": (files.docx()[:-30], "a.docx", BrokenFileError),
    "half a PDF": (files.pdf()[:-10], "a.pdf", BrokenFileError),
    "something before a document": (b"PK\x03\x04" + b"x" * 100 + files.docx(), "a.docx", BrokenFileError),
    "a document in a document": (files.docx(**{"word/embeddings/a.docx": b"x"}), "a.docx", BrokenFileError),
    "an archive in a document": (files.docx(**{"word/media/a.zip": b"x"}), "a.docx", BrokenFileError),
    "a way out of the folder": (files.docx(**{"../../etc/passwd": b"x"}), "a.docx", BrokenFileError),
    "macros": (files.docx(**{"word/vbaProject.bin": b"x"}), "a.docx", MacroError),
    "macros in another place": (files.xlsx(**{"xl/VBAPROJECT.BIN": b"x"}), "a.xlsx", MacroError),
    "a control": (files.docx(**{"word/activeX/activeX1.xml": b"x"}), "a.docx", MacroError),
    "an embedded program": (files.docx(**{"word/embeddings/oleObject1.bin": b"x"}), "a.docx", MacroError),
    "a document whose kind has macros": (
        files.archive({"[Content_Types].xml": MACRO_TYPES, "word/document.xml": b"x"}), "a.docx", MacroError
    ),
    "zeros": (files.docx(**{"word/media/a.bmp": bytes(50_000_000)}), "a.docx", BombError),
    "very much": (files.docx(**{f"word/media/{n}.bmp": b"ab" * 25_000_000 for n in range(5)}), "a.docx", BombError),
    "very many": (files.docx(**{f"word/media/{n}": b"" for n in range(5_000)}), "a.docx", BombError),
    "a wide picture": (files.png(60_000, 60_000), "a.png", BombError),
    "a long picture": (files.jpeg(2, 65_535), "a.jpg", BombError),
    "a large telephone's picture": (files.heic(30_000, 30_000), "a.heic", BombError),
    "a large web picture": (files.webp(b"VP8X", 16_000_000, 100), "a.webp", BombError),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_dangerous_or_broken_is_refused_in_chinese(look, what):
    content, name, error = REFUSED[what]
    with pytest.raises(error) as raised:
        look(content, name)
    assert type(raised.value) is error
    assert not raised.value.message.isascii()


def _overlapping() -> bytes:
    """Two entries of a directory that share one body."""
    made = files.docx(**{"word/media/a.bmp": b"x" * 1000})
    end = made.rfind(b"PK\x05\x06")
    start = struct.unpack("<I", made[end + 16 : end + 20])[0]
    last = made.rfind(b"PK\x01\x02")
    directory = made[start:end] + made[last:end].replace(b"a.bmp", b"b.bmp")
    count = struct.unpack("<H", made[end + 10 : end + 12])[0] + 1
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), start, 0)
    return made[:start] + directory + tail


def test_entries_that_share_their_bytes_are_a_bomb(look):
    with pytest.raises(BombError):
        look(_overlapping(), "a.docx")


def test_a_second_directory_does_not_hide_what_is_in_an_archive(look):
    made = files.docx()
    end = made.rfind(b"PK\x05\x06")
    with pytest.raises(BrokenFileError):
        look(made[:end] + b"PK\x06\x07" + bytes(16) + made[end:], "a.docx")


def test_a_locked_document_is_refused(look):
    made = bytearray(files.docx())
    at = made.rfind(b"PK\x01\x02")
    made[at + 8] |= 1
    with pytest.raises(BrokenFileError):
        look(bytes(made), "a.docx")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("现场照片.jpg", "现场照片.jpg"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\张三\\桌面\\图.png", "图.png"),
        ("a\0b\r\n.jpg", "ab.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ('a"<b>|?.pdf', "a__b___.pdf"),
        ("  .hidden.txt ", "hidden.txt"),
        (".jpg", "附件.jpg"),
        ("...", "附件"),
        ("", "附件"),
        ("长" * 300 + ".docx", "长" * 96 + ".docx"),
    ],
)
def test_names_are_harmless_and_keep_their_ending(given, kept):
    assert clean_name(given) == kept
