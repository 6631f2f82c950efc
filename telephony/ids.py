"""Call ids: UUIDv7 (RFC 9562 §5.7), so that they sort by time."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_call_id() -> str:
    """48 bits of milliseconds, then random."""
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62
    return str(UUID(int=value | secrets.randbits(62)))
