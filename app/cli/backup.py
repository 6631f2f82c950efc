"""``hotline backup`` and ``restore``: database, recordings, counters, undelivered events, in one checked archive."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO

import click

from app.cli import data_option
from app.cli.run import print_json, settings_of
from app.clock import local_iso, utc_now
from app.embedded.postgres import EmbeddedPostgres, bundled
from app.errors import HotlineError
from app.instance import database_url as database_url_of
from app.instance import make_private, make_run_dir

_SPOOL = "spool"
_KEPT = ("recordings", "attachments", "journal", "secrets")
_DUMP = "database.dump"
_MANIFEST = "manifest.json"


class BackupError(HotlineError):
    """A backup that could not be made, or is not whole."""

    id = "backup.failed"


def _tool(name: str) -> str:
    ours = bundled(name)
    found = str(ours) if ours.exists() else shutil.which(name)
    if found is None:
        raise BackupError(f"找不到 {name}")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (PostgreSQL's own tools)
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name}: {done.stderr.strip()[-500:]}")


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@data_option
def backup(out: Path, data: Path | None) -> None:
    """Write one archive of everything that cannot be made again."""
    settings = settings_of(data)
    url = database_url_of(settings)
    made = out.with_name(f"{out.name}.part")  # whole or not at all
    made.touch(mode=0o600)
    try:
        with tempfile.TemporaryDirectory(prefix="hotline-backup-") as scratch, tarfile.open(made, "w") as opened:
            archive = _Archive(opened)
            # before the database: an event that is delivered meanwhile is then in both, and that does no harm
            archive.add_folder(settings.data_dir, _SPOOL)
            dump = Path(scratch) / _DUMP
            _run(_tool("pg_dump"), "--format=custom", f"--file={dump}", url)
            archive.add(dump, _DUMP)
            for folder in _KEPT:
                archive.add_folder(settings.data_dir, folder)
            archive.close()
        made.replace(out)
    finally:
        made.unlink(missing_ok=True)
    print_json({"backup": str(out), "files": len(archive.manifest), "bytes": out.stat().st_size})


class _Archive:
    """Files as they stream by, and last what they must be."""

    def __init__(self, opened: tarfile.TarFile) -> None:
        self._opened = opened
        self.manifest: dict[str, str] = {}

    def add_folder(self, data_dir: Path, folder: str) -> None:
        for path in sorted((data_dir / folder).rglob("*")):
            if path.is_file():
                self.add(path, str(path.relative_to(data_dir)))

    def add(self, path: Path, name: str) -> None:
        try:
            file = path.open("rb")
        except FileNotFoundError:  # a call's journal record went while we looked
            return
        with file:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = os.fstat(file.fileno()).st_size, 0o600  # what grows is taken as long as it is now
            watched = _Hashed(file)
            self._opened.addfile(entry, watched)  # type: ignore[arg-type]
            self.manifest[name] = watched.digest.hexdigest()

    def close(self) -> None:
        content = json.dumps({"at": local_iso(utc_now()), "files": self.manifest}).encode()
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        self._opened.addfile(entry, io.BytesIO(content))


class _Hashed:
    """A file whose bytes are counted in as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="An empty data folder.")
@click.option("--database-url", default=None, help="An empty database for the record [an embedded one in the folder].")
def restore(file: Path, data: Path, database_url: str | None) -> None:
    """Make a data folder from an archive; `hotline up --data` goes on from there.

    With --database-url the record goes there, and the folder gets everything else.
    """
    if data.exists() and any(data.iterdir()):
        raise BackupError(f"{data} 不是空目录，不会覆盖")
    os.umask(0o077)
    make_private(data)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as scratch:
        files = _unpack(file, Path(scratch))
        dump = Path(scratch) / _DUMP
        if database_url is not None:
            _restore_record(dump, database_url)
        else:
            postgres = EmbeddedPostgres(data / "postgres", make_run_dir(data) / "pg")
            try:
                _restore_record(dump, postgres.start())
            finally:
                postgres.stop()
        for folder in (_SPOOL, *_KEPT):
            if (Path(scratch) / folder).exists():
                (Path(scratch) / folder).rename(data / folder)
        (data / "secrets").mkdir(exist_ok=True)
    make_private(data)
    print_json({"restored": str(data), "files": files})


def _restore_record(dump: Path, url: str) -> None:
    """All of it or nothing: a database that is not empty stays as it is."""
    _run(_tool("pg_restore"), "--no-owner", "--single-transaction", f"--dbname={url}", str(dump))


def _unpack(file: Path, folder: Path) -> int:
    """Unpack and check every file against the manifest."""
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, str] = json.loads((folder / _MANIFEST).read_bytes())["files"]
    except (tarfile.TarError, OSError, KeyError, ValueError) as error:
        raise BackupError(f"{file.name} 不是完好的备份：{error}") from error
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {_MANIFEST}
    for name in sorted(found ^ manifest.keys()):
        raise BackupError(f"{file.name} 中的 {name} {'不在清单中' if name in found else '缺失'}")
    for name, digest in manifest.items():
        with (folder / name).open("rb") as content:
            found_digest = file_digest(content, "sha256").hexdigest()
        if found_digest != digest:
            raise BackupError(f"{file.name} 中的 {name} 与清单不符")
    return len(manifest)
