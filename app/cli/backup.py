"""``hotline backup`` and ``restore``: the database, the recordings and the counters, in one checked archive."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

import click

from app.cli import data_option
from app.cli.run import print_json, settings_of
from app.clock import local_iso, utc_now
from app.embedded.postgres import EmbeddedPostgres, bundled
from app.errors import HotlineError
from app.instance import Instance, database_url, make_private, make_run_dir

_KEPT = ("recordings", "journal", "secrets")
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
    url = database_url(settings)
    manifest: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="hotline-backup-") as scratch:
        dump = Path(scratch) / _DUMP
        _run(_tool("pg_dump"), "--format=custom", f"--file={dump}", url)
        made = out.with_name(f"{out.name}.part")  # whole or not at all
        made.touch(mode=0o600)
        _write(made, settings.data_dir, dump, manifest)
        made.replace(out)
    print_json({"backup": str(out), "files": len(manifest), "bytes": out.stat().st_size})


def _write(out: Path, data_dir: Path, dump: Path, manifest: dict[str, str]) -> None:
    """The dump, what is kept of the data folder, and last the manifest, which is filled on the way."""
    with tarfile.open(out, "w") as archive:
        files = [(dump, _DUMP)]
        for folder in _KEPT:
            root = data_dir / folder
            files += [(path, str(path.relative_to(data_dir))) for path in sorted(root.rglob("*")) if path.is_file()]
        for path, name in files:
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a call's journal record went while we looked
                continue
            manifest[name] = sha256(content).hexdigest()
            _add(archive, name, content)
        _add(archive, _MANIFEST, json.dumps({"at": local_iso(utc_now()), "files": manifest}).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="An empty data folder.")
def restore(file: Path, data: Path) -> None:
    """Make a data folder from an archive; `hotline up --data` goes on from there."""
    if data.exists() and any(data.iterdir()):
        raise BackupError(f"{data} 不是空目录,不会覆盖")
    if Instance.read(data) is not None:
        raise BackupError(f"{data} 中有运行中的实例")
    os.umask(0o077)
    make_private(data)
    with tempfile.TemporaryDirectory(prefix="hotline-restore-") as scratch:
        files = _unpack(file, Path(scratch))
        postgres = EmbeddedPostgres(data / "postgres", make_run_dir(data) / "pg")
        try:
            url = postgres.start()
            _run(_tool("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url}", str(Path(scratch) / _DUMP))
        finally:
            postgres.stop()
        for folder in _KEPT:
            if (Path(scratch) / folder).exists():
                shutil.copytree(Path(scratch) / folder, data / folder)
        (data / "secrets").mkdir(exist_ok=True)
        (data / "secrets").chmod(0o700)
    print_json({"restored": str(data), "files": files})


def _unpack(file: Path, folder: Path) -> int:
    """Unpack and check every file against the manifest."""
    try:
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, str] = json.loads((folder / _MANIFEST).read_bytes())["files"]
    except (tarfile.TarError, OSError, KeyError, ValueError) as error:
        raise BackupError(f"{file.name} 不是完好的备份: {error}") from error
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {_MANIFEST}
    for name in sorted(found ^ manifest.keys()):
        raise BackupError(f"{file.name} 中的 {name} {'不在清单中' if name in found else '缺失'}")
    for name, digest in manifest.items():
        if sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise BackupError(f"{file.name} 中的 {name} 与清单不符")
    return len(manifest)
