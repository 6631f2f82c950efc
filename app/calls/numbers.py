"""The network's calling number as one citizen's number, however the trunk writes it."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"(?:tel|sips?):", re.IGNORECASE)
_FILLERS = re.compile(r"[\s().\-]")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_FEWEST, _MOST = 3, 20
_COUNTRY = 4
"""So many digits of a fixed number there are at least: 0951 … without its 0 has more; 86 alone is no prefix."""


def normalise_number(ani: str | None) -> str | None:
    """Digits only, as dialled within China; None: withheld, or no number at all.

    ``tel:+86-139…``, ``0086139…``, ``0139…`` and ``139…`` are one citizen; fixed numbers keep their area code's 0;
    other countries' numbers keep their +.
    """
    text = _SCHEME.sub("", (ani or "").strip(), count=1).partition(";")[0].partition("@")[0]
    text = _FILLERS.sub("", text)
    if text.startswith("00"):
        text = f"+{text[2:]}"
    plus = text.startswith("+")
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or not _FEWEST <= len(digits) <= _MOST or not digits.strip("0"):
        return None
    if digits.startswith("86") and (plus or _MOBILE.fullmatch(digits[2:])):
        return _domestic(digits[2:]) if len(digits) > _COUNTRY else None
    return f"+{digits}" if plus else _domestic(digits, dialled=True)


def _domestic(digits: str, *, dialled: bool = False) -> str:
    """A mobile without the 0 before it; a fixed number that came with the country's code gets its 0 back."""
    bare = digits.lstrip("0")
    if _MOBILE.fullmatch(bare):
        return bare
    return digits if dialled or digits.startswith("0") else f"0{digits}"
