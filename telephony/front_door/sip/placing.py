"""A call of ours at the SIP edge: the line is asked for an offer, the offer goes to the citizen over the trunk.

Third-party call control, RFC 3725 flow I with the line as first party: it waits for its ACK while the citizen's
telephone rings, so nothing is recorded or played before he picks up. From then on it is a call like any other.
SIP thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventPreConnect,
    CCEventRing,
    CCEventTry,
)
from sippy.SipCallId import SipCallId

from telephony.front_door.sip import dialogs
from telephony.front_door.sip.bridge import Bridge

if TYPE_CHECKING:
    from telephony.front_door.sip.edge import Edge


@dataclass(frozen=True, slots=True)
class Trunk:
    """Where our calls go, and user and password for digest authentication."""

    address: tuple[str, int]
    credentials: tuple[str, str] | None


class PlacingBridge(Bridge):
    """Reports besides: ringing (with the CANCEL for the INVITE). It never follows a redirection."""

    def __init__(self, edge: Edge, bridge_id: str, trunk: Trunk, caller: str, number: str) -> None:
        self._trunk = trunk
        super().__init__(edge, bridge_id)
        self._try = (caller, number, None)
        self._early: Any = None
        """The session of a provisional answer: some gateways leave it out of the final one."""

    def _citizen_ua(self) -> Any:
        return self._ua(self._trunk.address, citizen=True, credentials=self._trunk.credentials)

    @property
    def _invited(self) -> bool:
        """The INVITE has left; the offer of the line that made it can't be changed any more."""
        return self.a.state is not None

    def place(self, address: tuple[str, int], token: str) -> None:
        """As for any call; while it rings another line is of no use."""
        if self._answered or not self._invited:
            super().place(address, token)

    def line_lost(self) -> None:
        """While it rings that is the end of the call."""
        super().line_lost()
        if self._invited and not self._answered:
            self.hang_up()

    def _from_line(self, event: Any) -> None:
        if self._answered or self._ended:
            super()._from_line(event)
        elif isinstance(event, CCEventPreConnect) and not self._invited:
            self._invite(str(event.getData()[2]))
        elif isinstance(event, (CCEventFail, CCEventDisconnect)) and not self._invited:
            self._line_failed(event)
        elif not isinstance(event, CCEventRing):
            self.hang_up()

    def _invite(self, offer: str) -> None:
        caller, number, name = self._try
        event = CCEventTry((SipCallId(), caller, number, self._towards_citizen(offer), None, name))
        event.max_forwards = 70
        self.a.recvEvent(event)

    def _line_failed(self, event: Any) -> None:
        """It made no offer: any other may."""
        self.b = None
        code = int(event.getData()[0]) if isinstance(event, CCEventFail) else 503
        self._edge.tell("line_failed", self.id, {"code": code})

    def _from_citizen(self, event: Any) -> None:
        """Failures and redirections have ended the call already."""
        if self._answered:
            super()._from_citizen(event)
        elif isinstance(event, CCEventRing):
            self._early = event.getData()[2] or self._early
            transaction = self.a.tr
            cancel = transaction.cancel.localStr(transaction.userv.getSIPaddr(), compact=False)
            self._edge.tell("ringing", self.id, {"cancel": cancel})
        elif isinstance(event, CCEventConnect):
            self._picked_up(event)

    def _picked_up(self, event: Any) -> None:
        code, reason, body = event.getData()
        answer = body or self._early
        if answer is None or self.b is None:
            self.hang_up()
            return
        self._answered = True
        self.a.rSDP = answer.getCopy()
        self._agreed()
        self.b.recvEvent(CCEventConnect((code, reason, dialogs.body(str(answer)))))
        self._tell_snapshot("answered")
