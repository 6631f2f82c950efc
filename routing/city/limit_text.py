"""How a city writes a limit: a whole number and a unit, `15m`, `4wh`, `5wd`."""

from __future__ import annotations

import re

UNITS = ("m", "nm", "h", "nh", "d", "nd", "wh", "wd")
"""Natural minutes, hours, days (with or without the n), working hours, working days."""

_LIMIT = re.compile(rf"[1-9][0-9]{{0,4}}({'|'.join(UNITS)})")


def is_limit(text: str) -> bool:
    return _LIMIT.fullmatch(text) is not None
