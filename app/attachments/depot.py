"""Where files are kept, who scans them, what is allowed: of one instance."""

from __future__ import annotations

from dataclasses import dataclass

from app.attachments.scanner import Scanner, scanner_of
from app.attachments.settings import AttachmentSettings
from app.attachments.store import FileStore
from app.settings import AppSettings

FOLDER = "attachments"
"""In the data folder."""


@dataclass(frozen=True, slots=True)
class Depot:
    """One an instance; web processes and workers share its folder."""

    store: FileStore
    scanner: Scanner
    settings: AttachmentSettings


def depot_of(settings: AppSettings) -> Depot:
    """Of an instance. ValueError: the scanner's address is none."""
    own = AttachmentSettings()
    return Depot(FileStore(settings.data_dir / FOLDER), scanner_of(own.clamd, own.clamd_timeout_s), own)
