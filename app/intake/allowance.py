"""How often one address may send something: a bucket that empties by one each time and fills with the hours."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from ipaddress import ip_address, ip_network

from app.errors import HotlineError

_MOST_KEYS = 10_000
_HOUR_S = 3600.0
_PREFIX = 64
"""An IPv6 customer has so many bits of network at least."""


class TooManyError(HotlineError):
    """One address sends too much; ``extra`` says after how many seconds it may again."""

    id = "intake.too_many"
    status = 429


class Allowance:
    """Of one process, in memory: whoever was longest away is forgotten first."""

    def __init__(self, burst: int, per_hour: float) -> None:
        self._burst, self._per_second = burst, per_hour / _HOUR_S
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, now: datetime) -> None:
        """One for this key. TooManyError: there is none left."""
        left, at = self._buckets.pop(key, (float(self._burst), now))
        left = min(self._burst, left + max(0.0, (now - at).total_seconds()) * self._per_second)
        self._buckets[key] = (max(left - 1.0, 0.0) if left >= 1.0 else left, now)
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        if left < 1.0:
            error = TooManyError("提交过于频繁，请稍后再试，或拨打12345")
            error.extra = {"retry_after_s": int((1.0 - left) / self._per_second) + 1}
            raise error


def network_of(address: str | None) -> str:
    """Whom an address belongs to, as far as addresses tell."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ip) if ip.version == 4 else str(ip_network((ip, _PREFIX), strict=False))
