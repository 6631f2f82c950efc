"""One front door a data folder: two would write the same spool and hand out the same ticket numbers."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

from telephony.errors import TelephonyError

LOCK = "front_door.lock"


class FolderTakenError(TelephonyError):
    """Another front door works on this data folder."""

    id = "front_door.folder_taken"
    retry = True


def hold(data_dir: Path) -> BinaryIO:
    """Lock the data folder, made when missing, until the file that is returned is closed or the process has died.

    The lock is the process's own: its lines, which outlive it, do not hold it.

    Raises:
        FolderTakenError: another process has it.
        OSError: the folder cannot be written to.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    file = (data_dir / LOCK).open("a+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read(20).decode("ascii", "replace").strip()
        file.close()
        raise FolderTakenError(f"数据目录 {data_dir} 已被另一个前门进程（进程号 {holder}）占用，请先将其停止") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n".encode())
    return file
