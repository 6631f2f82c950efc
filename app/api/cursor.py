"""Pages of a list without counting: a cursor says behind which row the next page begins, and of which list."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import msgspec

from app.errors import HotlineError
from app.problems import AnyRequest

_LONGEST = 300


class CursorInvalidError(HotlineError):
    """Not a cursor of ours, or one of another list: other filters, another order."""

    id = "cursor.invalid"
    status = 400


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Behind the row with this key; ``at`` None: it has none, such rows come last. ``of``: the list it belongs to."""

    of: str
    at: datetime | None
    id: int

    def encode(self) -> str:
        """Opaque to clients; letters, digits, - and _."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).rstrip(b"=").decode()


def fingerprint(*values: Any) -> str:
    """Of a list: what it was asked for."""
    return sha256(msgspec.json.encode(values)).hexdigest()[:16]


def read_cursor(given: str | None, of: str) -> Cursor | None:
    """The cursor of this list; None: the first page. CursorInvalidError: see there."""
    if given is None:
        return None
    try:
        given = given[:_LONGEST]
        padded = given + "=" * (-len(given) % 4)
        cursor = msgspec.msgpack.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        raise CursorInvalidError("翻页标记无效，请从第一页重新查询") from None
    if cursor.of != of or not 0 <= cursor.id < 2**63 or (cursor.at is not None and cursor.at.tzinfo is None):
        raise CursorInvalidError("翻页标记与查询条件不符，请从第一页重新查询")
    if cursor.at is not None:
        cursor.at = cursor.at.astimezone(UTC)
    return cursor


def next_page(request: AnyRequest, cursor: Cursor) -> dict[str, str]:
    """Headers that lead to the next page: ``Link`` (RFC 8288) and the bare cursor."""
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    address = f"{request.url.path}?{urlencode([*given, ('cursor', cursor.encode())])}"
    return {"Link": f'<{address}>; rel="next"', "X-Next-Cursor": cursor.encode()}
