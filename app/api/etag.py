"""Optimistic concurrency: a ticket's version is its ETag, and whoever changes it says which one was looked at."""

from __future__ import annotations

import re
from typing import Annotated

from litestar.params import HeaderParameter

from app.errors import HotlineError

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", description="所见工单的 ETag")]
"""A route's parameter: the version a change is meant for."""

_TAG = re.compile(r'"(\d{1,18})"')


class PreconditionRequiredError(HotlineError):
    """A change without ``If-Match``: nobody can tell whether it was meant for the ticket as it is now."""

    id = "precondition.required"
    status = 428


class PreconditionInvalidError(HotlineError):
    """``If-Match`` holds nothing that was ever an ETag of ours (weak ones and ``*`` name no version)."""

    id = "precondition.invalid"
    status = 400


def etag(version: int) -> str:
    """``"7"``, with its quotation marks."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> int:
    """The version a change is meant for, from its ``If-Match``.

    Raises:
        PreconditionRequiredError: the header is missing.
        PreconditionInvalidError: it is no single strong tag of ours.
    """
    given = (if_match or "").strip()
    if not given:
        raise PreconditionRequiredError("请在 If-Match 请求头中写明所见工单的版本（查询时返回的 ETag），再提交")
    found = _TAG.fullmatch(given)
    if found is None:
        raise PreconditionInvalidError("If-Match 请求头不是有效的工单版本，应与查询时返回的 ETag 一致")
    return int(found.group(1))
