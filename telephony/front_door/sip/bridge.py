"""One call at the SIP edge: the citizen's leg, and the inner leg to the line that serves it now. SIP thread only.

When the line dies the citizen's leg stays; a new inner leg is offered the citizen's session, and its answer goes to the
citizen as a re-INVITE. Towards the citizen the o= line keeps its session id; its version grows with each change.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventInfo,
    CCEventPreConnect,
    CCEventRing,
    CCEventTry,
    CCEventUpdate,
)
from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipHeader import SipHeader
from sippy.SipURL import SipURL
from sippy.Time.Timeout import Timeout
from sippy.UA import UA

from telephony.front_door.sip import dialogs
from telephony.front_door.sip.stack import counters
from telephony.line.protocol import TOKEN_HEADER

if TYPE_CHECKING:
    from telephony.front_door.sip.edge import Edge

_SESSION = itertools.count(int(time.time()))
_GLARE_S = 0.3
_DEFER_S = 0.1
_DEFERRALS = 50
_ANOTHER_LINE_MAY = frozenset({408, 480, 481, 486, 487, 500, 503})
"""Answers of a line that are about the line; any other is about the offer, and the citizen's to know."""


class Bridge:
    """Reports to ``edge.tell(kind, bridge id, data)``: invite, answered, renewed, reanchored, line_failed, ended."""

    def __init__(self, edge: Edge, bridge_id: str, source: str = "") -> None:
        self.id = bridge_id
        self.source = source
        """Where the INVITE came from."""
        self._edge = edge
        self._session = next(_SESSION)
        self._version = 0
        self._last_sdp: str | None = None
        self._ended = False
        self._ended_by = "citizen"
        self._answered = False
        self._try: Any = None
        self._offer: Any = None
        self._line_at: tuple[str, int] | None = None
        self._reanchoring: dict[str, Any] | None = None
        self._lost_at: float | None = None
        self._deferrals = 0
        self.a = self._citizen_ua()
        self.b: Any = None

    def _citizen_ua(self) -> Any:
        return self._ua(None, citizen=True)

    def _ua(
        self,
        address: tuple[str, int] | None,
        *,
        citizen: bool = False,
        headers: Any = None,
        credentials: tuple[str, str] | None = None,
    ) -> Any:
        user, password = credentials or (None, None)
        ua = UA(
            self._edge.config,
            self._on_event,
            username=user,
            password=password,
            nh_address=address,
            disc_cbs=(self._on_over,),
            fail_cbs=(self._on_over,),
            dead_cbs=(self._on_dead,),
            extra_headers=headers,
        )
        ua.kaInterval = 0
        if citizen:
            url = SipURL(username="hotline", host=self._edge.host, port=self._edge.port)
            ua.lContact = SipContact(address=SipAddress(url=url, hadbrace=True))
        return ua

    # ---- asked by the door (through Edge)

    def place(self, address: tuple[str, int], token: str) -> None:
        """Offer the citizen's session to the line at this address: the first time, or after a line was lost."""
        self._line_at = address
        fresh = self._answered
        self.b = self._ua(address, headers=(SipHeader(f"{TOKEN_HEADER}: {token}"),))
        caller, called, name = self._try
        event = CCEventTry((SipCallId(), caller, called, self._offer, None, name))
        event.max_forwards = 70
        if fresh:
            self._reanchoring = {"answered": False, "pushed": False}
        self.b.recvEvent(event)

    def refuse(self, code: int, reason: str, retry_after: int | None) -> None:
        """A final answer to the INVITE."""
        event = CCEventFail((code, reason))
        if retry_after is not None:
            event.extra_headers = (SipHeader(f"Retry-After: {retry_after}"),)
        self._ended_by = "system"
        self.a.recvEvent(event)

    def line_lost(self) -> None:
        """The line's process is gone: forget the inner leg, keep the citizen's."""
        self._lost_at = self._lost_at or time.monotonic()
        if self.a.state is not None and self.a.state.sname == "Updating(UAS)":  # it died with a re-INVITE in hand
            self.a.recvEvent(CCEventFail((491, "Request Pending")))
        old, self.b = self.b, None
        if old is not None:
            old.event_cb = None
            old.dead_cbs = old.disc_cbs = old.fail_cbs = ()
            old.recvEvent(CCEventDisconnect())

    def hang_up(self) -> None:
        """End both legs."""
        self._ended_by = "system"
        if not self.a.isConnected():
            self.refuse(503, "Service Unavailable", None)
        for ua in (self.a, self.b):
            if ua is not None and ua.state is not None and not ua.isDead():
                ua.recvEvent(CCEventDisconnect())

    def snapshot(self) -> dict[str, Any]:
        """What a new front door needs of this call."""
        return {
            "citizen": dialogs.dump(self.a) if self.a.isConnected() else None,
            "line": dialogs.dump(self.b) if self.b is not None and self.b.isConnected() else None,
            "line_at": self._line_at,
            "session": self._session,
            "version": self._version,
            "last_sdp": self._last_sdp,
            "try": list(self._try) if self._try else None,
        }

    def revive(self, snapshot: dict[str, Any], *, line_lives: bool) -> None:
        """Go on from a snapshot, with its inner leg too when the line still lives."""
        transactions = self._edge.transactions
        dialogs.revive(self.a, dialogs.Dialog(**snapshot["citizen"]), transactions)
        self._answered = True
        self._session, self._version = snapshot["session"], snapshot["version"]
        self._last_sdp = snapshot["last_sdp"]
        self._offer = self.a.rSDP
        self._try = tuple(snapshot["try"])
        if line_lives and snapshot["line"] is not None:
            address = tuple(snapshot["line_at"])
            self._line_at = address
            self.b = self._ua(address)
            dialogs.revive(self.b, dialogs.Dialog(**snapshot["line"]), transactions)
        else:
            self._lost_at = time.monotonic()

    # ---- told by sippy

    def _on_event(self, event: Any, ua: Any) -> None:
        try:
            if ua is self.a:
                self._from_citizen(event)
            elif ua is self.b:
                self._from_line(event)
        except Exception:  # noqa: BLE001  (sippy would leave the transaction open for ever)
            counters["bridge_exceptions"] += 1
            self.hang_up()

    def _from_citizen(self, event: Any) -> None:
        if self._try is None:
            if not isinstance(event, CCEventTry):
                self.a.recvEvent(CCEventDisconnect())
                return
            call_id, caller, called, body, _, name = event.getData()
            self._offer = None if body is None else dialogs.body(str(body))
            self._try = (caller, called, name)
            invite = {"ani": caller or "", "dialled": called or "", "sip_call_id": str(call_id), "source": self.source}
            self._edge.tell("invite", self.id, invite)
            return
        if self._reanchoring is not None:
            self._from_citizen_while_reanchoring(event)
            return
        if isinstance(event, CCEventConnect):  # an ACK with the answer to our offer
            self._agreed()
        if self.b is not None:
            self.b.recvEvent(dialogs.key_for_line(event) if isinstance(event, CCEventInfo) else event)
            if isinstance(event, (CCEventInfo, CCEventConnect)):
                self._tell_snapshot("renewed")
        elif isinstance(event, CCEventUpdate):  # between two lines: asked to come again
            self.a.recvEvent(CCEventFail((491, "Request Pending")))

    def _from_citizen_while_reanchoring(self, event: Any) -> None:
        assert self._reanchoring is not None
        if isinstance(event, (CCEventConnect, CCEventFail)) and not self._reanchoring["pushed"]:
            return  # the answer to a session of a line that died meanwhile
        if isinstance(event, CCEventConnect):
            self._reanchoring = None
            self._agreed()
            lost_at, self._lost_at = self._lost_at, None
            gap_ms = 0.0 if lost_at is None else (time.monotonic() - lost_at) * 1000
            self._edge.tell("reanchored", self.id, {"gap_ms": round(gap_ms, 1), "snapshot": self.snapshot()})
        elif isinstance(event, CCEventFail):
            if event.getData()[0] == 491:
                self._reanchoring["pushed"] = False
                self.a.lSDP = self._towards_citizen(self._reanchoring["sdp"])
                Timeout(self._push, _GLARE_S, 1)
            else:
                self.hang_up()
        elif isinstance(event, CCEventUpdate):
            self.a.recvEvent(CCEventFail((491, "Request Pending")))
        elif isinstance(event, CCEventDisconnect) and self.b is not None:
            self.b.recvEvent(event)

    def _from_line(self, event: Any) -> None:
        if self._ended:
            return
        if self._reanchoring is not None and not self._reanchoring["answered"]:
            self._from_new_line(event)
            return
        if isinstance(event, (CCEventFail, CCEventDisconnect)) and not self.a.isConnected():
            self._line_failed(event)
            return
        if not self._translate(event):
            return
        connecting = isinstance(event, (CCEventConnect, CCEventPreConnect)) and not self._answered
        self.a.recvEvent(event)
        if isinstance(event, CCEventConnect):
            self._agreed()
            if not connecting:
                self._tell_snapshot("renewed")
        if connecting and self.a.isConnected():
            self._answered = True
            self._tell_snapshot("answered")

    def _translate(self, event: Any) -> bool:
        """What the line says, as the citizen is to hear it; False: not at all."""
        if isinstance(event, (CCEventRing, CCEventConnect, CCEventPreConnect)):
            code, reason, body = event.getData()
            event.data = (code, reason, self._towards_citizen(None if body is None else str(body)))
            return bool(code != 100)
        if isinstance(event, CCEventUpdate):
            body = event.getData()
            event.data = self._towards_citizen(None if body is None else str(body))
        elif isinstance(event, CCEventDisconnect):
            self._ended_by = "system"
        elif isinstance(event, CCEventFail) and event.getData()[0] != 491:  # pjsua2 says 500 to an offer it can't take
            event.data = (488, "Not Acceptable Here")
        return True

    def _from_new_line(self, event: Any) -> None:
        assert self._reanchoring is not None
        if isinstance(event, (CCEventConnect, CCEventPreConnect)):
            self._reanchoring.update(answered=True, sdp=str(event.getData()[2]))
            self._push()
        elif isinstance(event, (CCEventFail, CCEventDisconnect)):
            self._line_failed(event)

    def _line_failed(self, event: Any) -> None:
        """The line would not take it: another may, unless it is the offer's fault."""
        code = int(event.getData()[0]) if isinstance(event, CCEventFail) else 503
        self.b = None
        if code in _ANOTHER_LINE_MAY or self._answered:
            self._edge.tell("line_failed", self.id, {"code": code})
        else:
            self.refuse(488, "Not Acceptable Here", None)

    def _tell_snapshot(self, kind: str) -> None:
        """Soon: a leg's dialog is complete only when the present callback has returned."""
        Timeout(lambda: self._edge.tell(kind, self.id, self.snapshot()), 0.001, 1)

    def _agreed(self) -> None:
        """The citizen's present session is what another line would be offered."""
        if self.a.rSDP is not None:
            self._offer = dialogs.body(str(self.a.rSDP))

    def _push(self) -> None:
        """The new line's answer, as a re-INVITE to the citizen."""
        if self._reanchoring is None or self.a.isDead() or not self.a.isConnected():
            return
        if self.a.state.sname != "Connected" and self._deferrals < _DEFERRALS:  # a re-INVITE is under way
            self._deferrals += 1
            Timeout(self._push, _DEFER_S, 1)
            return
        self._deferrals = 0
        self._reanchoring["pushed"] = True
        self.a.lSDP = dialogs.body("x")  # sippy sends no session that it takes for the present one
        self.a.recvEvent(CCEventUpdate(self._towards_citizen(self._reanchoring["sdp"])))

    def _towards_citizen(self, sdp: str | None) -> Any:
        if sdp is None:
            return None
        lines = sdp.splitlines()
        rest = "\r\n".join(line for line in lines if not line.startswith("o="))
        if rest != self._last_sdp:
            self._version += 1
            self._last_sdp = rest
        origin = f"o=- {self._session} {self._version} IN IP4 {self._edge.host}"
        return dialogs.body("\r\n".join(origin if line.startswith("o=") else line for line in lines) + "\r\n")

    def _on_over(self, ua: Any, _: Any, __: Any, code: int = 487) -> None:
        """A leg has ended (BYE; CANCEL: 487; failure: its code)."""
        if ua is not self.a or self._ended:
            return
        self._ended = True
        if self.b is not None and not self.b.isDead():
            self.b.disconnect()
        self._edge.tell("ended", self.id, {"by": self._ended_by, "cause": 200 if self._answered else int(code)})

    def _on_dead(self, ua: Any, *_: Any) -> None:
        if ua is self.a:
            self._edge.forget(self.id)
