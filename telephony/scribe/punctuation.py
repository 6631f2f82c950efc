"""Punctuation of what was recognised: half-width and full-width, taken out or set right."""

from __future__ import annotations

import re

# escapes where an editor may turn the full-width sign into its half-width twin
SIGNS = re.compile(
    r"[\s,.!?;:\"'()~\-\uff0c\uff0e\uff01\uff1f\uff1b\uff1a\uff08\uff09\uff5e"
    r"\u3001\u3002\u2026\u2014\u201c\u201d\u2018\u2019\u300a\u300b\u00b7]+"
)
_HAN = "\u4e00-\u9fff"
_HALF = re.compile(rf"(?<=[{_HAN}])[,!?;:]|[,!?;:](?=[{_HAN}])")
_FULL = {",": "\uff0c", "!": "\uff01", "?": "\uff1f", ";": "\uff1b", ":": "\uff1a"}


def squeeze(text: str) -> str:
    """Text without punctuation and spaces, lower case."""
    return SIGNS.sub("", text).lower()


def chinese(text: str) -> str:
    """Half-width signs beside Chinese characters as Chinese is written; numbers (3:30, 1,000) keep theirs."""
    return _HALF.sub(lambda match: _FULL[match[0]], text)
