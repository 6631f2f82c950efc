"""Files of tickets: kept once, safe on the disk before they are in the record, seen by whoever may see the ticket."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from app.attachments.depot import Depot
from app.attachments.errors import TooLargeError
from app.attachments.receiving import receive
from app.attachments.rescanning import scan_waiting
from app.attachments.scanner import Clamd, NoScanner, ScannerDownError, Verdict, scanner_of
from app.attachments.services import SWEEP_LOCK
from app.attachments.store import FileStore
from app.attachments.sweeping import sweep_attachments
from models.codes import Role
from models.verify import verify
from models.workflow_codes import ScanState
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import AGENT, UNIT

from . import files

SIGNER = Role.UNIT_SIGNER


class Knows:
    """A scanner that knows one virus, or is down."""

    down = False

    async def scan(self, path):
        if self.down:
            raise ScannerDownError
        return Verdict(ScanState.INFECTED, "Eicar-Test") if b"EICAR" in path.read_bytes() else Verdict(ScanState.CLEAN)


async def _send(api, content=None, name="现场.jpg", field="file", path="/api/attachments", **more):
    return await api.client.post(path, files={field: (name, files.jpeg() if content is None else content)}, **more)


def _disk(web_app):
    root = web_app.state.settings.data_dir / "attachments"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def _record(api):
    tables = ("attachments", "stored_files", "tickets", "ticket_events")
    return [await api.life.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


def _scanner(web_app, scanner):
    depot = web_app.state.depot
    web_app.state.depot = Depot(depot.store, scanner, depot.settings)
    return web_app.state.depot


async def test_a_file_is_kept_by_its_content_and_belongs_to_nothing_yet(api, web_app):
    await api.as_(Role.AGENT)
    answer = await _send(api)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    digest = sha256(files.jpeg()).hexdigest()
    assert (told["name"], told["size"], told["media_type"], told["sha256"], told["scan_name"]) == (
        "现场.jpg", len(files.jpeg()), "image/jpeg", digest, "未扫描"
    )  # fmt: skip
    assert _disk(web_app) == [f"{digest[:2]}/{digest[2:4]}/{digest}"]
    kept = web_app.state.depot.store.path_of(digest)
    assert kept.read_bytes() == files.jpeg()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert await api.life.rows("SELECT id, name, ticket_id FROM attachments") == [
        {"id": told["id"], "name": "现场.jpg", "ticket_id": None}
    ]


async def test_the_same_content_is_kept_once_also_when_it_comes_at_once(api, web_app):
    await api.as_(Role.AGENT)
    answers = await asyncio.gather(*(_send(api, name=f"{number}.jpg") for number in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 6
    assert len(_disk(web_app)) == 1
    assert len(await api.life.rows("SELECT sha256 FROM stored_files")) == 1


async def test_an_appeal_with_files_has_them_and_who_may_see_it_may_have_them(api):
    await api.as_(Role.AGENT)
    number = (await _send(api)).json()["id"]
    body = {
        "channel": "41",
        "content": "宁安北街的路灯坏了",
        "attachments": [number],
        "unit": UNIT,
        "category": "020403",
    }
    no = (await api.client.post("/api/tickets", json=body)).json()["no"]
    assert [part["name"] for part in (await api.get(f"/{no}")).json()["attachments"]] == ["现场.jpg"]
    answer = await api.client.get(f"/api/attachments/{number}")
    assert (answer.status_code, answer.content) == (200, files.jpeg())
    assert answer.headers["content-disposition"].startswith("attachment; filename*=utf-8''%E7%8E%B0")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "image/jpeg"
    (entry,) = await api.life.rows("SELECT subject, detail FROM audit_log WHERE action = 'attachment.read'")
    assert entry == {"subject": f"attachment:{number}", "detail": {"ticket": no}}
    await api.as_(SIGNER, unit=UNIT)
    assert (await api.client.get(f"/api/attachments/{number}")).status_code == 404  # not theirs yet
    async with api.life.sessions() as db:
        assert [check.name for check in await verify(db) if check.breaches] == []


async def test_the_unit_that_handles_a_ticket_sees_its_files_and_others_do_not(api):
    await api.life.begin()
    await api.life.to_handling()
    await api.as_(SIGNER, unit=UNIT)
    number = (await _send(api, files.pdf(), "三定方案.pdf")).json()["id"]
    assert (await api.client.get(f"/api/attachments/{number}")).status_code == 200  # who sent it
    await api.as_(SIGNER, unit="640105")
    assert (await api.client.get(f"/api/attachments/{number}")).status_code == 404  # nobody else yet
    await api.as_(SIGNER, unit=UNIT)
    answer = await api.act("request_return", code="R01", reason="非本单位职责", basis="三定方案", attachments=[number])
    assert answer.status_code == 200, answer.text
    await api.as_(Role.DISPATCHER)
    assert (await api.client.get(f"/api/attachments/{number}")).status_code == 200
    await api.as_(SIGNER, unit="640105")
    assert (await api.client.get(f"/api/attachments/{number}")).json()["type"] == "urn:hotline:attachment.missing"
    await api.as_(Role.OBSERVER)
    assert (await api.client.get(f"/api/attachments/{number}")).status_code == 403


async def test_another_tickets_file_is_not_taken(api):
    await api.as_(Role.AGENT)
    number = (await _send(api)).json()["id"]
    body = {"channel": "41", "content": "宁安北街的路灯坏了", "attachments": [number]}
    assert (await api.client.post("/api/tickets", json=body)).status_code == 201
    before = await _record(api)
    answer = await api.client.post("/api/tickets", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:input.unknown")
    assert await _record(api) == before


async def test_a_ticket_has_twenty_files_at_most(api):
    await api.life.begin()
    for _ in range(2):
        await api.life.do(A.APPEND, AGENT, text="补充", attachments=[await api.life.file() for _ in range(10)])
    await api.as_(Role.AGENT)
    before = await _record(api)
    refused = await api.act("append", text="再补充", attachments=[await api.life.file()])
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:hotline:input.invalid")
    assert (await _record(api))[2:] == before[2:]


async def test_a_citizen_sends_files_with_the_form(api):
    number = (await _send(api, path="/api/public/attachments")).json()["id"]
    form = {"content": "宁安北街的路灯坏了三天了", "consent": True, "attachments": [number]}
    no = (await api.client.post("/api/public/appeals", json=form)).json()["no"]
    (row,) = await api.life.rows("SELECT t.no, a.by FROM attachments a JOIN tickets t ON t.id = a.ticket_id")
    assert row == {"no": no, "by": "citizen"}
    for _ in range(9):
        assert (await _send(api, path="/api/public/attachments")).status_code == 201
    assert (await _send(api, path="/api/public/attachments")).json()["type"] == "urn:hotline:intake.too_many"


# ---- what is refused leaves nothing

LIMIT = 10 * 1024 * 1024
BAD = {
    "20 MB": (bytes(20 * 1024 * 1024), "a.jpg", 413, "attachment.too_large"),
    "one byte too much": (files.jpeg() + bytes(LIMIT + 1 - len(files.jpeg())), "a.jpg", 413, "attachment.too_large"),
    "nothing": (b"", "a.jpg", 422, "attachment.empty"),
    "a page as a picture": (b"<html><script>alert(1)</script>", "a.jpg", 415, "attachment.type"),
    "a script as text": (b"<script>alert(1)</script>", "a.txt", 415, "attachment.type"),
    "a program": (b"MZ\x90\0", "a.exe", 415, "attachment.type"),
    "NUL in a text": (b"a\0b", "a.txt", 415, "attachment.type"),
    "a wrong name": (files.png(), "a.jpg", 422, "attachment.extension"),
    "a bomb": (files.docx(**{"word/media/a.bmp": bytes(50_000_000)}), "a.docx", 422, "attachment.bomb"),
    "macros": (files.docx(**{"word/vbaProject.bin": b"x"}), "a.docx", 422, "attachment.macro"),
    "half a document": (files.docx()[:-30], "a.docx", 422, "attachment.broken"),
    "a wide picture": (files.png(60_000, 60_000), "a.png", 422, "attachment.bomb"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_file_is_refused_in_chinese_and_nothing_stays(api, web_app, what):
    content, name, status, kind = BAD[what]
    await api.as_(Role.AGENT)
    before = await _record(api)
    answer = await _send(api, content, name)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:hotline:{kind}"), answer.text
    assert not answer.json()["detail"].isascii()
    assert _disk(web_app) == []
    assert await _record(api) == before


def _form(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end


PART = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabcdef'
FIELD = b'Content-Disposition: form-data; name="f"\r\n\r\n1'
FORMS = {
    "JSON": (b"{}", "application/json"),
    "no content type": (b"abc", ""),
    "no boundary": (_form(PART), "multipart/form-data"),
    "another boundary": (_form(PART), "multipart/form-data; boundary=y"),
    "no end": (_form(PART, end=b""), "multipart/form-data; boundary=x"),
    "no file": (_form(b'Content-Disposition: form-data; name="file"\r\n\r\nabc'), "multipart/form-data; boundary=x"),
    "another field": (_form(PART.replace(b'"file"', b'"photo"')), "multipart/form-data; boundary=x"),
    "two files": (_form(PART, PART), "multipart/form-data; boundary=x"),
    "a hundred fields": (_form(*[FIELD] * 100), "multipart/form-data; boundary=x"),
    "an endless header": (_form(b"X-Long: " + b"a" * 100_000), "multipart/form-data; boundary=x"),
    "no header": (_form(b"\r\nabc"), "multipart/form-data; boundary=x"),
    "nothing at all": (b"", "multipart/form-data; boundary=x"),
}  # fmt: skip


@pytest.mark.parametrize("what", FORMS)
async def test_what_is_no_form_with_one_file_is_refused_and_nothing_stays(api, web_app, what):
    body, content_type = FORMS[what]
    await api.as_(Role.AGENT)
    answer = await api.client.post("/api/attachments", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:hotline:attachment.form"), answer.text
    assert not answer.json()["detail"].isascii()
    assert _disk(web_app) == []


@pytest.mark.parametrize("size", [1, 7919, 300_000])
async def test_a_file_that_comes_in_small_pieces_is_whole(tmp_path, size):
    content = files.jpeg() + os.urandom(700_000 if size > 1 else 700)
    head = b'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = _form(b'Content-Disposition: form-data; name="note"\r\n\r\nx', head + content)

    async def pieces():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    store = FileStore(tmp_path)
    received = await receive(pieces(), "multipart/form-data; boundary=x", None, store, 1024 * 1024)
    assert (received.name, received.size) == ("a.jpg", len(content))
    assert received.path.read_bytes() == content
    assert received.digest == sha256(content).hexdigest()


async def test_what_is_too_large_is_heard_out_but_not_kept_and_a_giant_is_not_even_listened_to(tmp_path):
    heard = 0

    async def pieces():
        nonlocal heard
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        for _ in range(300):
            heard += 1
            yield bytes(1024 * 1024)

    for length, most_heard in ((None, 80), (300 * 1024 * 1024, 0)):
        heard = 0
        with pytest.raises(TooLargeError):
            await receive(pieces(), "multipart/form-data; boundary=x", length, FileStore(tmp_path), 10 * 1024 * 1024)
        assert heard <= most_heard
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_when_the_record_is_not_reached_the_file_is_no_attachment_and_is_swept_later(api, web_app):
    await api.as_(Role.AGENT)
    async with api.life.sessions() as db:
        await db.execute(text("ALTER TABLE attachments RENAME TO away"))
        await db.commit()
    assert (await _send(api)).status_code == 500
    async with api.life.sessions() as db:
        await db.execute(text("ALTER TABLE away RENAME TO attachments"))
        await db.commit()
    assert await _record(api) == [[], [], [], []]
    assert len(_disk(web_app)) == 1
    store = web_app.state.depot.store
    assert (await sweep_attachments(api.life.sessions, store, datetime.now(UTC) + timedelta(hours=23))).files == 0
    assert (await sweep_attachments(api.life.sessions, store, datetime.now(UTC) + timedelta(hours=25))).files == 1
    assert _disk(web_app) == []


# ---- sweeping


async def test_what_got_no_ticket_within_a_day_goes_and_what_is_shared_stays(api, web_app):
    await api.as_(Role.AGENT)
    used, unused = [(await _send(api, name=name)).json()["id"] for name in ("a.jpg", "b.jpg")]
    lonely = (await _send(api, files.pdf(), "c.pdf")).json()["id"]
    body = {"channel": "41", "content": "宁安北街的路灯坏了", "attachments": [used]}
    assert (await api.client.post("/api/tickets", json=body)).status_code == 201
    store = web_app.state.depot.store
    assert (await sweep_attachments(api.life.sessions, store, api.life.now + timedelta(hours=23))).attachments == 0
    swept = await sweep_attachments(api.life.sessions, store, api.life.now + timedelta(hours=25))
    assert (swept.attachments, swept.files) == (2, 1)
    assert [row["id"] for row in await api.life.rows("SELECT id FROM attachments")] == [used]
    assert _disk(web_app) == [str(store.path_of(sha256(files.jpeg()).hexdigest()).relative_to(store._root))]
    assert {unused, lonely}.isdisjoint({row["id"] for row in await api.life.rows("SELECT id FROM attachments")})


async def test_what_broke_off_goes_after_an_hour(api, web_app):
    store = web_app.state.depot.store
    path = await asyncio.to_thread(store.begin)
    now = datetime.now(UTC)
    assert (await sweep_attachments(api.life.sessions, store, now + timedelta(minutes=50))).broken_off == 0
    assert (await sweep_attachments(api.life.sessions, store, now + timedelta(minutes=70))).broken_off == 1
    assert not path.exists()


async def test_the_sweeper_waits_for_who_puts_a_file_in_its_place(api, web_app):
    store = web_app.state.depot.store
    path = await asyncio.to_thread(store.begin)
    path.write_bytes(b"abc")
    digest = sha256(b"abc").hexdigest()
    long_ago = datetime.now(UTC) - timedelta(days=3)
    async with api.life.sessions() as db:
        await db.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": SWEEP_LOCK})
        await asyncio.to_thread(store.place, path, digest)
        os.utime(store.path_of(digest), (long_ago.timestamp(), long_ago.timestamp()))
        sweeping = asyncio.create_task(sweep_attachments(api.life.sessions, store, datetime.now(UTC)))
        await asyncio.sleep(0.3)
        assert not sweeping.done()
        columns = "sha256, size, media_type, scan, stored_at"
        await db.execute(
            text(f"INSERT INTO stored_files ({columns}) VALUES (:digest, 3, 'text/plain', 'clean', now())"),
            {"digest": digest},
        )
        await db.commit()
    assert (await sweeping).files == 0
    assert store.path_of(digest).exists()


# ---- viruses


async def test_an_infected_file_is_refused_and_who_brought_it_is_written_down(api, web_app):
    _scanner(web_app, Knows())
    login = await api.as_(Role.AGENT)
    answer = await _send(api, b"EICAR", "a.txt")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hotline:attachment.infected")
    assert _disk(web_app) == []
    assert (await _record(api))[:2] == [[], []]
    assert await api.life.rows("SELECT actor, subject, detail FROM audit_log WHERE action = 'attachment.infected'") == [
        {"actor": f"user:{login}", "subject": f"file:{sha256(b'EICAR').hexdigest()}", "detail": {"found": "Eicar-Test"}}
    ]
    assert (await _send(api)).json()["scan"] == "clean"


async def test_what_comes_while_the_scanner_is_down_is_scanned_later_and_given_to_nobody_if_infected(api, web_app):
    scanner = Knows()
    scanner.down = True
    depot = _scanner(web_app, scanner)
    await api.as_(Role.AGENT)
    bad = (await _send(api, b"EICAR", "a.txt")).json()
    good = (await _send(api)).json()
    assert (bad["scan"], good["scan"]) == ("not_scanned", "not_scanned")
    assert await scan_waiting(api.life.sessions, depot, api.life.now) == ""
    assert (await api.client.get(f"/api/attachments/{bad['id']}")).status_code == 200
    scanner.down = False
    for _ in range(2):
        await scan_waiting(api.life.sessions, depot, api.life.now)
    found = {row["sha256"]: row["scan"] for row in await api.life.rows("SELECT sha256, scan FROM stored_files")}
    assert found == {bad["sha256"]: "infected", good["sha256"]: "clean"}
    refused = await api.client.get(f"/api/attachments/{bad['id']}")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:hotline:attachment.quarantined")
    assert (await api.client.get(f"/api/attachments/{good['id']}")).status_code == 200
    assert len(await api.life.rows("SELECT 1 FROM audit_log WHERE action = 'attachment.infected'")) == 1
    scanner.down = True  # known as it is, it is not taken again
    assert (await _send(api, b"EICAR", "b.txt")).json()["type"] == "urn:hotline:attachment.infected"


@asynccontextmanager
async def _clamd(reply: bytes, tmp_path, heard: list[bytes]):
    async def answer(reader, writer):
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(size)
        heard.append(content)
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(answer, tmp_path / "clamd")
    async with server:
        yield f"unix://{tmp_path}/clamd"


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (b"stream: OK\0", Verdict(ScanState.CLEAN)),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Verdict(ScanState.INFECTED, "Win.Test.EICAR_HDB-1")),
    ],
)
async def test_clamd_is_given_the_whole_file_and_its_word_is_taken(tmp_path, reply, verdict):
    heard: list[bytes] = []
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 50_000)
    async with _clamd(reply, tmp_path, heard) as address:
        assert await Clamd(address, 5).scan(path) == verdict
    assert heard == [b"abc" * 50_000]


@pytest.mark.parametrize("reply", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"x" * 10_000, b"stream: what\0"])
async def test_a_scanner_that_does_not_say_what_it_found_is_as_good_as_none(tmp_path, reply):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    async with _clamd(reply, tmp_path, []) as address:
        with pytest.raises(ScannerDownError):
            await Clamd(address, 5).scan(path)


async def test_a_scanner_that_is_not_there_is_down(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    for address in (f"unix://{tmp_path}/nobody", "tcp://127.0.0.1:9"):
        with pytest.raises(ScannerDownError):
            await Clamd(address, 5).scan(path)


def test_the_scanners_address_is_checked_at_the_start():
    assert isinstance(scanner_of(None, 1), NoScanner)
    for wrong in ("http://127.0.0.1:3310", "tcp://127.0.0.1", "unix://", "clamd"):
        with pytest.raises(ValueError, match="HOTLINE_ATTACHMENT_CLAMD"):
            scanner_of(wrong, 1)


async def test_the_apis_description_tells_of_the_form(client):
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    for path in ("/api/attachments", "/api/public/attachments"):
        form = paths[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert form["properties"]["file"]["format"] == "binary"
