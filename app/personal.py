"""Personal data as people without the right see it."""

from __future__ import annotations

_SHORT = 7

HIDDEN = "（已脱敏）"
"""In the place of words that somebody may not read."""


def hide_phone(phone: str | None) -> str | None:
    """Not a digit of it: a few name a person to those who know him."""
    return None if phone is None else "*" * 11


def mask_phone(phone: str | None) -> str | None:
    """138****5678; numbers of up to 7 digits (which name a person just as well) keep their last two digits only."""
    if phone is None:
        return None
    if len(phone) <= _SHORT:
        return "*" * max(0, len(phone) - 2) + phone[-2:]
    return f"{phone[:3]}{'*' * (len(phone) - 7)}{phone[-4:]}"
