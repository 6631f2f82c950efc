"""The gaps between RTP packets without the right to open packet sockets: pjsua2's own count, asked every round."""

from __future__ import annotations

from itertools import pairwise


class PolledArrivals:
    """``heard(count, now)`` at each round of the phone's loop; exact to the length of a round (some 10 ms)."""

    def __init__(self) -> None:
        self._count = 0
        self._arrived: list[float] = []

    def heard(self, count: int, now: float) -> None:
        """So many packets have come by ``now`` (monotonic seconds)."""
        if count > self._count:
            # several in one round came one after the other since the last: only the last one's time is known
            self._arrived += [now] * (count - self._count)
            self._count = count

    def stop(self) -> list[float]:
        """End; the milliseconds between one packet and the next."""
        return [(later - earlier) * 1000 for earlier, later in pairwise(self._arrived)]
