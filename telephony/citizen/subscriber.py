"""A citizen who is called (pjsua2): lets it ring, picks up or not, and after each announcement does the next thing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import pjsua2 as pj

from telephony.citizen.phone import Leg, Phone, Plan

_LEVEL = 4
_QUIET_S = 1.2
_BETWEEN_KEYS_S = 0.4


@dataclass(frozen=True, slots=True)
class Habits:
    """How the citizen takes calls. Times in seconds."""

    ring_s: float = 0.5
    """So long he lets it ring."""
    refuse: int | None = None
    """He picks up never, and answers with this SIP status after ``ring_s``: 486 busy, 603 declined, 480 …"""
    picks_up: bool = True
    keys: tuple[str, ...] = ()
    """What he presses after each announcement he hears; then the plan's audio is spoken, a file an announcement."""


class _Account(pj.Account):
    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__()
        self._subscriber = subscriber

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802  (pjsua2's name)
        self._subscriber.called(Leg(self._subscriber, self, prm.callId))


class Subscriber(Phone):
    """Takes one call; use it once, in a process of its own."""

    def __init__(self, plan: Plan, habits: Habits, sip_port: int, ready: Callable[[], None]) -> None:
        super().__init__(plan, sip_port)
        self._habits = habits
        self._ready = ready
        self._call: pj.Call | None = None
        self._rung_at: float | None = None
        self._keys = deque(habits.keys)
        self._heard_at: float | None = None
        self._next_key_at = 0.0

    def called(self, call: pj.Call) -> None:
        """The telephone rings; a second caller hears that it is busy."""
        if self._call is not None:
            call.hangup(_status(486))
            self._keep.append(call)
            return
        self._call = call
        self._rung_at = self._dialled = time.monotonic()
        if self._habits.ring_s > 0:
            call.answer(_status(180))

    def _new_account(self) -> pj.Account:
        return _Account(self)

    def _live(self, endpoint: pj.Endpoint, account: pj.Account) -> None:  # noqa: ARG002  (the account calls back)
        self._ready()
        end = time.monotonic() + self._plan.max_s
        decided = False
        while not self._over:
            endpoint.libHandleEvents(10)
            now = time.monotonic()
            if now > end or self._leaves(now):
                if self._call is not None:
                    self._hang_up(endpoint, self._call)
                break
            if self._call is None or self._rung_at is None or self._over:
                continue
            if not decided and now - self._rung_at >= self._habits.ring_s:
                decided = True
                self._decide(self._call)
            elif self._picked_up and self._audio is not None:
                self._act(self._call, now)
        self._call = None

    def _leaves(self, now: float) -> bool:
        leave = self._plan.hang_up_after_s
        return leave is not None and self._picked_up > 0 and now - self._picked_up > leave

    def _decide(self, call: pj.Call) -> None:
        if self._habits.refuse is not None:
            call.hangup(_status(self._habits.refuse))
        elif self._habits.picks_up:
            call.answer(_status(200))

    def _act(self, call: pj.Call, now: float) -> None:
        self._count_packets(call, now)
        assert self._audio is not None
        if self._audio.getTxLevel() > _LEVEL:
            self._heard_at = now
        if self._digits and now >= self._next_key_at:
            self._press(call, self._digits.popleft())
            self._next_key_at = now + _BETWEEN_KEYS_S
        if self._player is not None:
            if self._player.done:
                self._keep.append(self._player)
                self._player = self._heard_at = None
            return
        if self._digits or self._heard_at is None or now - self._heard_at < _QUIET_S:
            return
        self._heard_at = None  # the next thing is for the next announcement
        if self._keys:
            self._digits.extend(self._keys.popleft())
        else:
            self._speak(now, now)


def _status(code: int) -> pj.CallOpParam:
    prm = pj.CallOpParam(True)
    prm.statusCode = code
    return prm
