"""Structured logs on stderr: a static message, values in fields, no personal data."""

from __future__ import annotations

import logging
import os
import sys

import structlog

_PERSONAL = frozenset(
    {
        "phone",
        "caller_phone",
        "caller",
        "ani",
        "name",
        "caller_name",
        "text",
        "content",
        "transcript",
        "address",
        "title",
    }
)


def drop_personal(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace the value of any field that may hold personal data, whoever logged it."""
    for key in _PERSONAL & event.keys():
        event[key] = "***"
    return event


def configure_logging() -> None:
    """JSON lines when stderr is a file or pipe, colours on a terminal; level from HOTLINE_LOG_LEVEL."""
    level = logging.getLevelNamesMapping().get(os.environ.get("HOTLINE_LOG_LEVEL", "INFO").upper(), logging.INFO)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_personal,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
