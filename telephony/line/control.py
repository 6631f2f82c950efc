"""The line's end of its control socket: one controller at a time, the newer wins; events wait while nobody listens."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from telephony.line.protocol import Beat, Command, Event, Ready, decode_command, encode

log = structlog.get_logger(__name__)

_KEPT = 5000


class Control:
    """Non-blocking throughout: it is polled between two rounds of SIP."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(4)
        self._server.setblocking(False)
        self._peer: socket.socket | None = None
        self._incoming = b""
        self._outgoing: deque[Event] = deque()
        self._sent = 0
        """Bytes of the first outgoing event the peer's socket has taken already."""
        self._waiting: deque[Event] = deque(maxlen=_KEPT)

    @property
    def connected(self) -> bool:
        """Whether somebody controls this line."""
        return self._peer is not None

    def accept(self) -> bool:
        """Take a new controller if one has come; True when it has (say Ready to it first)."""
        try:
            peer, _ = self._server.accept()
        except BlockingIOError:
            return False
        self._drop()
        peer.setblocking(False)
        self._peer = peer
        self._incoming = b""
        return True

    def send(self, event: Event) -> None:
        """Now, or when there is a controller again (beats are not kept)."""
        if self._peer is None:
            if not isinstance(event, Beat):
                self._waiting.append(event)
            return
        self._outgoing.append(event)
        self.flush()

    def send_waiting(self) -> None:
        """What happened while nobody listened."""
        while self._waiting:
            self.send(self._waiting.popleft())

    def flush(self) -> None:
        """Write what the socket takes."""
        while self._peer is not None and self._outgoing:
            data = encode(self._outgoing[0])[self._sent :]
            try:
                sent = self._peer.send(data)
            except BlockingIOError:
                return
            except OSError:
                self._drop()
                return
            self._sent += sent
            if sent == len(data):
                self._outgoing.popleft()
                self._sent = 0

    def commands(self) -> Iterator[Command]:
        """What the controller has said since the last time; nonsense is logged and passed over."""
        if self._peer is None:
            return
        try:
            while data := self._peer.recv(65536):
                self._incoming += data
            self._drop()
        except BlockingIOError:
            pass
        except OSError:
            self._drop()
        *lines, self._incoming = self._incoming.split(b"\n")
        for line in lines:
            try:
                yield decode_command(line)
            except msgspec.DecodeError:
                log.warning("command_not_understood")

    def _drop(self) -> None:
        if self._peer is not None:
            with suppress(OSError):
                self._peer.close()
        self._peer = None
        for event in reversed(self._outgoing):  # nobody has had them
            if not isinstance(event, (Beat, Ready)):
                self._waiting.appendleft(event)
        self._outgoing.clear()
        self._sent = 0

    def close(self) -> None:
        """Write what is left, then remove the socket."""
        if self._peer is not None:
            self._peer.setblocking(True)
            self._peer.settimeout(1.0)
            with suppress(OSError):
                self._peer.sendall(b"".join(map(encode, self._outgoing))[self._sent :])
        self._drop()
        self._server.close()
        self._path.unlink(missing_ok=True)
