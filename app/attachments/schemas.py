"""What is told of an uploaded file."""

from __future__ import annotations

import msgspec

from models.attachment import Attachment, StoredFile
from models.workflow_codes import ScanState


class Uploaded(msgspec.Struct, kw_only=True):
    """A file that waits for its ticket; ``id`` is what actions and appeals name it by. Kept for a day."""

    id: int
    name: str
    size: int
    media_type: str
    sha256: str
    scan: str
    scan_name: str


def uploaded(attachment: Attachment, stored: StoredFile) -> Uploaded:
    """For whoever sent it."""
    assert attachment.id is not None
    return Uploaded(
        id=attachment.id,
        name=attachment.name,
        size=stored.size,
        media_type=stored.media_type,
        sha256=stored.sha256,
        scan=stored.scan,
        scan_name=ScanState.of(stored.scan).label,
    )
