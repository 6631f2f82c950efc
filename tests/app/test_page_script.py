"""What the page shows, in a real browser (Chromium, when there is one) before answers that are told to it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "app" / "pages" / "static"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")

AGENT = {"name": "甲", "role_names": ["话务员"], "permissions": ["tickets.all", "calls.read", "recordings.listen"]}
ADMIN = {"name": "己", "role_names": ["系统管理员"], "permissions": ["users.admin"]}
TICKET = {
    "no": "YC1", "title": "停水", "status_name": "待审核", "type": "求助", "urgency": 2, "urgency_name": "紧急",
    "path": "供水", "confidence": 0.5, "place": None, "district": "兴庆区", "unit": "水务", "co_units": [],
    "dispatch_basis": "直派", "confirm": ["甲", "乙"], "caller_phone": "139", "due": None, "citizen_due": None,
    "content": "停水", "call_id": "c1", "events": [],
    "clocks": [
        {"kind_name": kind, "limit": limit, "due": "2026-11-25T12:00:00+08:00"}
        for kind, limit in (("派单", "10m"), ("办结", "5wd"), ("联系", "4wh"), ("诉求", "3d"), ("别的", "soon"))
    ],
    "transcript": [{"start_s": 1, "text": None}],
    "recordings": [{"side": "citizen", "part": part} for part in (2, 1)] + [{"side": "agent", "part": 1}],
}  # fmt: skip
STUB = """
window.answers = %s;
window.fetch = async (path) => {
  const [status, body] = window.answers[path] ?? [404, { detail: "没有这张工单" }];
  if (status === 0) throw new TypeError("Failed to fetch");
  return new Response(status === 204 ? null : JSON.stringify(body), { status });
};
window.EventSource = class extends EventTarget {
  constructor() { super(); setTimeout(() => this.dispatchEvent(new Event("changed")), 10); }
  close() {}
};
setTimeout(() => { %s }, 200);
"""
OPEN = 'document.querySelector("#tickets button").click()'
LISTS = {"/api/tickets?limit=50": [200, [TICKET]], "/api/calls?limit=50": [200, []]}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, stub: str, *arguments) -> None:
        self._stub = stub
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path == "/stub.js":
            body, kind = self._stub.encode(), "text/javascript"
        elif self.path == "/":
            page = (STATIC / "index.html").read_text("utf-8")
            body = page.replace("<script ", '<script src="/stub.js"></script><script ', 1).encode()
            kind = "text/html"
        else:
            body = (STATIC / Path(self.path).name).read_bytes()
            kind = "text/css" if self.path.endswith(".css") else "text/javascript"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def shown(tmp_path):
    """The page's document as it is two seconds after ``then`` was done to it."""

    def show(me, answers, then: str = "") -> str:
        told = {"/auth/me": [200, me], **answers}
        stub = STUB % (json.dumps(told), then)
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, stub)) as server:
            threading.Thread(target=server.serve_forever).start()
            try:
                done = subprocess.run(
                    [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                     "--virtual-time-budget=2000", "--dump-dom", f"http://127.0.0.1:{server.server_port}/"],
                    capture_output=True, check=True, timeout=60,
                )  # fmt: skip
            finally:
                server.shutdown()
        return done.stdout.decode()

    return show


def _element(document: str, name: str) -> str:
    found = re.search(rf'<(\w+)[^>]*\bid="{name}"[^>]*>(.*?)</\1>', document, re.DOTALL)
    assert found, name
    return found[0]


@in_a_browser
def test_a_tickets_recordings_are_in_order_and_its_limits_in_words(shown):
    document = shown(AGENT, {**LISTS, "/api/tickets/YC1": [200, TICKET]}, OPEN)
    assert re.findall(r'src="(/api/calls[^"]+)"', document) == [
        "/api/calls/c1/recordings/citizen/1", "/api/calls/c1/recordings/citizen/2"
    ]  # fmt: skip
    for said in (
        "派单：10分钟，",
        "办结：5个工作日，",
        "联系：4个工作小时，",
        "诉求：3个自然日，",
        "别的：soon，",
        "甲；乙",
    ):
        assert said in document


@in_a_browser
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([404, {"detail": "没有这张工单"}], "没有这张工单"),
        ([0, None], "无法连接服务器"),
        ([502, {"detail": "系统没有响应"}], "系统没有响应"),
    ],
)
def test_a_ticket_that_cannot_be_opened_is_told(shown, answer, said):
    document = shown(AGENT, {**LISTS, "/api/tickets/YC1": answer}, OPEN)
    assert said in _element(document, "fault")


@in_a_browser
def test_signing_out_that_fails_is_told_and_one_that_works_leaves_nothing_to_read(shown):
    leave = 'document.getElementById("sign-out").click()'
    document = shown(AGENT, {**LISTS, "/auth/sign-out": [503, {"detail": "服务暂时不可用"}]}, leave)
    assert "服务暂时不可用" in _element(document, "fault")
    assert "YC1" in document
    document = shown(AGENT, {**LISTS, "/auth/sign-out": [204, None]}, leave)
    assert "YC1" not in document
    assert "hidden" not in _element(document, "sign-in").partition(">")[0]


@in_a_browser
def test_a_role_that_sees_no_tickets_is_told_so_instead_of_an_empty_table(shown):
    document = shown(ADMIN, {})
    assert "您的角色（系统管理员）不查看工单内容。" in _element(document, "tickets-barred")
    assert "hidden" not in _element(document, "tickets-barred").partition(">")[0]
    assert re.search(r'id="tickets-table"[^>]*hidden', document)
    document = shown(AGENT, LISTS)
    assert not re.search(r'id="tickets-table"[^>]*hidden', document)


@pytest.mark.parametrize("name", ["page.js", "index.html"])
def test_chinese_on_the_page_has_full_width_punctuation(name):
    lines = (STATIC / name).read_text("utf-8").splitlines()
    half = re.compile(
        r"[\u4e00-\u9fff}][,:;()](?=[\u4e00-\u9fff$])|[\u4e00-\u9fff][,:;(]\S*[\u4e00-\u9fff]|\([\u4e00-\u9fff]"
    )
    assert [line.strip() for line in lines if half.search(line)] == []
