"""Asks our own public address OPTIONS from outside; a SIP thread that answers no more ends the process.

A supervisor starts it again, and the journal brings the calls back. Runs in a thread of its own: the asyncio loop may
be what hangs.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time

import structlog

log = structlog.get_logger(__name__)

EXIT_CODE = 70
_EVERY_S = 2.0
_PATIENCE_S = 2.0
_MISSES = 5


class Watchdog(threading.Thread):
    """``beat()`` is called by the asyncio loop; silence of either side for about ten seconds ends the process."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._address = (host, port)
        self._beaten = time.monotonic()
        self._ending = threading.Event()

    def beat(self) -> None:
        """The asyncio loop is alive."""
        self._beaten = time.monotonic()

    def stop(self) -> None:
        """A clean end is under way."""
        self._ending.set()

    def run(self) -> None:
        """Until stopped."""
        misses = 0
        while not self._ending.wait(_EVERY_S):
            loop_alive = time.monotonic() - self._beaten < _MISSES * _EVERY_S
            misses = 0 if loop_alive and self._asks() else misses + 1
            if misses >= _MISSES and not self._ending.is_set():
                log.error("front_door_hung", loop_alive=loop_alive)
                os._exit(EXIT_CODE)

    def _asks(self) -> bool:
        host, port = self._address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(self._address)
                probe.settimeout(_PATIENCE_S)
                here = f"{probe.getsockname()[0]}:{probe.getsockname()[1]}"
                token = secrets.token_hex(8)
                request = (
                    f"OPTIONS sip:watchdog@{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{token}\r\n"
                    f"From: <sip:watchdog@{here}>;tag={token}\r\nTo: <sip:watchdog@{host}:{port}>\r\n"
                    f"Call-ID: {token}@{here}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
                )
                probe.send(request.encode())
                return probe.recv(2048).startswith(b"SIP/2.0 200")
            except OSError:
                return False
