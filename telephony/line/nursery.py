"""Forks lines on demand: everything is imported once, then each line is a copy that is ready in some 15 ms.

Single-threaded; told what to fork over the unix socket it inherits (JSON lines: LineSpec → Born). Lines get a session
of their own: they outlive the nursery and the front door.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time

import msgspec
import structlog

from telephony.disk import keep_private
from telephony.line import process  # pjsua2 and webrtcvad are loaded here, before any fork
from telephony.log import configure_logging

log = structlog.get_logger(__name__)


class Born(msgspec.Struct, frozen=True):
    """Answer to a LineSpec. ``pid`` is that of the line; ``ok`` False: it did not come up."""

    line_id: str
    pid: int
    ok: bool
    ms: float


def _fork(spec: process.LineSpec, ours: socket.socket) -> Born:
    started = time.monotonic()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_line(spec, ours, reading, writing)
    os.close(writing)
    ok = os.read(reading, 1) == b"1"
    os.close(reading)
    return Born(spec.line_id, pid, ok, round((time.monotonic() - started) * 1000, 1))


def _be_line(spec: process.LineSpec, ours: socket.socket, reading: int, writing: int) -> None:
    """In the child, never returns."""
    code = 1
    try:
        os.setsid()
        os.close(reading)
        ours.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

        def ready() -> None:
            os.write(writing, b"1")
            os.close(writing)

        process.run(spec, ready)
        code = 0
    except Exception:
        log.exception("line_failed", line=spec.line_id)
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """``python -m telephony.line.nursery FD``."""
    configure_logging()
    keep_private()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # what is shared stays shared: the collector must not touch every page of it
    ours = socket.socket(fileno=int(sys.argv[1]))
    with ours.makefile("rb") as requests:
        for line in requests:
            spec = msgspec.json.decode(line, type=process.LineSpec)
            try:
                process.make_silence(spec)  # here, where nobody kills: a line may be killed while it writes
            except OSError:
                log.exception("silence_not_made")  # a call without a recording is better than none
            born = _fork(spec, ours)
            ours.sendall(msgspec.json.encode(born) + b"\n")


if __name__ == "__main__":
    main()
