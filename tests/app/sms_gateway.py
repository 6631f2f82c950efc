"""A city's SMS gateway: a real HTTP server that checks signatures, delivers an id once, and can be slow or broken."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.messages.http_gateway import sign

KEY = b"a key that both know"


@dataclass
class SmsServer:
    """``answers``: (status, headers) of the next requests, then 200. ``delivered``: id → the message, once each."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    before_answer: Callable[[], None] = lambda: None
    drip_s: float = 0.0
    """Between the bytes of an answer that never ends; 0: it is whole at once."""

    def judge(self, headers: dict[str, str], body: bytes) -> int:
        """What a gateway that takes its own rules seriously says."""
        nonce, at = headers["x-hotline-nonce"], headers["x-hotline-timestamp"]
        if headers["x-hotline-signature"] != sign(KEY, at, nonce, body) or abs(time.time() - int(at)) > 300:
            return 401
        if nonce in self.nonces:
            return 409
        self.nonces.add(nonce)
        message = json.loads(body)
        assert headers["idempotency-key"] == message["id"]
        self.delivered.setdefault(message["id"], message)
        return 200


@contextmanager
def running() -> Iterator[SmsServer]:
    sms = SmsServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            sms.requests.append((headers, body))
            status, more = sms.answers.pop(0) if sms.answers else (0, {})
            status = status or sms.judge(headers, body)
            sms.before_answer()
            if sms.drip_s:
                self._drip()
                return
            self.send_response(status)
            for name, value in {**more, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def _drip(self) -> None:
            try:
                for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                    self.wfile.write(bytes([letter]))
                    self.wfile.flush()
                    time.sleep(sms.drip_s)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    sms.url = f"http://127.0.0.1:{server.server_port}/sms"
    try:
        yield sms
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
