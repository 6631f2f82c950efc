"""Errors people see: each class has a stable id and a Chinese message."""

from __future__ import annotations

from typing import Any


class HotlineError(Exception):
    """Base of the ticket side's errors. ``id`` is stable; ``status`` is what HTTP answers with, with ``extra``."""

    id = "hotline.error"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.extra: dict[str, Any] = {}


class NoInstanceError(HotlineError):
    """There is neither a database URL in the settings nor a running instance in the data folder."""

    id = "instance.missing"
    status = 503
