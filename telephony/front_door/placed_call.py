"""A call the hotline places by an order: rings for so long, then asks its survey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from telephony.conversation.survey import SurveySettings, SurveyTalk
from telephony.conversation.surveys import CALLBACK, SURVEYS
from telephony.conversation.talk import Talk
from telephony.dialling import unanswered_outcome
from telephony.events import Outcome, Placed
from telephony.front_door.call import Call, EndedBy, Surroundings
from telephony.front_door.journal import CallRecord, PlacedRecord

log = structlog.get_logger(__name__)

_REQUEST_TIMEOUT, _REQUEST_TERMINATED = 408, 487


class RingLimits(msgspec.Struct, frozen=True):
    """Seconds from the INVITE: until the network has said anything at all, and until somebody has picked up."""

    heard_s: float
    ring_s: float


class PlacedCall(Call):
    """Ends by itself when nobody picks up."""

    def __init__(self, door: Surroundings, record: CallRecord, limits: RingLimits, clock: Callable[[], float]) -> None:
        assert record.placed is not None
        self.placed: PlacedRecord = record.placed
        self._limits = limits
        self._gave_up = False
        """Nobody picked up in time: else an end by us has other reasons."""
        super().__init__(door, record, clock)

    def _begin_talk(self) -> Talk[Any]:
        # a front door of another version may have left a survey that is no more: the call must still be taken up
        return SurveyTalk(SURVEYS.get(self.placed.survey, CALLBACK), SurveySettings(), self.placed.state)

    def place(self, caller: str) -> None:
        """The order is in the journal; ``caller``: the number the citizen will see."""
        placed = self.placed
        self._emit(Placed(placed.order_id, placed.purpose, placed.survey, placed.number, caller))

    def dialling(self) -> None:
        """The INVITE leaves next."""
        self.placed.dialled_at = self._clock()
        self._door.remember(self.record, durable=True)

    def ringing(self, cancel: str | None) -> None:
        """The network has answered; ``cancel``: how to take the INVITE back."""
        self.placed.heard_at = self.placed.heard_at or self._clock()
        self.placed.cancel = cancel or self.placed.cancel
        self._door.remember(self.record)

    def tick(self) -> None:
        """Time has passed."""
        super().tick()
        placed, limits = self.placed, self._limits
        if placed.dialled_at is None or self.record.answered_at is not None or self.sip_over.is_set():
            return
        rung_s = self._clock() - placed.dialled_at
        if rung_s >= limits.ring_s or (placed.heard_at is None and rung_s >= limits.heard_s):
            log.info("nobody_picked_up", call=self.id, heard=placed.heard_at is not None)
            self._gave_up = True
            self._door.ask_sip("hang_up", self.id)

    def sip_ended(self, by: EndedBy, cause: int) -> None:
        """The citizen's leg is over. Who refuses a call of ours is not told apart from his network."""
        if self.record.answered_at is None:
            if self._gave_up:
                cause = _REQUEST_TIMEOUT if self.placed.heard_at is None else _REQUEST_TERMINATED
            elif by == "citizen":
                by = "network"
        super().sip_ended(by, cause)

    def _outcome(self) -> Outcome:
        if self.record.answered_at is not None:
            return self._talk.outcome(answered=True)
        if self._gave_up:
            return "failed" if self.placed.heard_at is None else "unanswered"
        return unanswered_outcome(self._cause) if self._ended_by == "network" else "failed"
