"""Telephony's structured logs: JSON lines on stderr, static messages; callers' numbers and words never in them."""

from __future__ import annotations

import logging
import os
import sys

import structlog

_PERSONAL = frozenset({"ani", "caller", "text", "number", "from_user"})


def _drop_personal(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key in _PERSONAL & event.keys():
        event[key] = "***"
    return event


def configure_logging() -> None:
    """Level from HOTLINE_LOG_LEVEL (INFO)."""
    level = logging.getLevelNamesMapping().get(os.environ.get("HOTLINE_LOG_LEVEL", "INFO").upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_personal,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
