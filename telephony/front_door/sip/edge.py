"""What comes in from the network and is not part of a call yet: INVITE, OPTIONS, digest. SIP thread only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from sippy.SipHeader import SipHeader
from sippy.SipWWWAuthenticate import SipWWWAuthenticate

from telephony.front_door.sip.bridge import Bridge
from telephony.front_door.sip.placing import PlacingBridge, Trunk
from telephony.front_door.sip.sanity import RateLimit
from telephony.front_door.sip.stack import NoLog, Transactions, counters
from telephony.settings import TelephonySettings

_ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"

Tell = Callable[[str, str, dict[str, Any]], None]


class Edge:
    """One public SIP/UDP address. ``tell`` is called on the SIP thread."""

    def __init__(self, settings: TelephonySettings, tell: Tell, new_id: Callable[[], str]) -> None:
        self.host, self.port = settings.host, settings.sip_port
        self.tell = tell
        self._new_id = new_id
        self._settings = settings
        self._bridges: dict[str, Bridge] = {}
        self._accepting = True
        self.config: dict[str, Any] = {
            "_sip_address": settings.host,
            "_sip_port": settings.sip_port,
            "_sip_logger": NoLog(),
        }
        # our own addresses too: the lines and the watchdog speak from them
        own = [ipaddress.IPv4Network(address) for address in (settings.host, settings.line_host)]
        self._trunk = _trunk(settings)
        if self._trunk is not None:
            own.append(ipaddress.IPv4Network(self._trunk.address[0]))
        Transactions.allow = [*settings.allow, *own]
        Transactions.rate = RateLimit(settings.rate_per_source)
        self.transactions = self.config["_sip_tm"] = Transactions(self.config, self._on_request)

    # ---- asked by the door

    def place(self, bridge_id: str, address: tuple[str, int], token: str) -> None:
        """See :meth:`Bridge.place`."""
        if bridge_id in self._bridges:
            self._bridges[bridge_id].place(address, token)

    def dial(self, bridge_id: str, caller: str, number: str) -> None:
        """A call of ours over the trunk; its INVITE leaves when a line is :meth:`place`d."""
        assert self._trunk is not None
        self._bridges[bridge_id] = PlacingBridge(self, bridge_id, self._trunk, caller, number)

    def cancel_left(self, cancel: str) -> None:
        """Take back an INVITE of the front door before us."""
        assert self._trunk is not None
        self.transactions.l4r.getServer(self._trunk.address).send_to(cancel, self._trunk.address)

    def refuse(self, bridge_id: str, code: int, reason: str, retry_after: int | None = None) -> None:
        """See :meth:`Bridge.refuse`."""
        if bridge_id in self._bridges:
            self._bridges[bridge_id].refuse(code, reason, retry_after)

    def line_lost(self, bridge_id: str) -> None:
        """See :meth:`Bridge.line_lost`."""
        if bridge_id in self._bridges:
            self._bridges[bridge_id].line_lost()

    def hang_up(self, bridge_id: str) -> None:
        """See :meth:`Bridge.hang_up`."""
        if bridge_id in self._bridges:
            self._bridges[bridge_id].hang_up()

    def revive(self, bridge_id: str, snapshot: dict[str, Any], line_lives: bool) -> None:
        """A call of the front door before us."""
        bridge = self._bridges[bridge_id] = Bridge(self, bridge_id)
        try:
            bridge.revive(snapshot, line_lives=line_lives)
        except Exception:  # noqa: BLE001  (whatever is wrong with a snapshot, the call must still be ended properly)
            counters["revive_failed"] += 1
            self._bridges.pop(bridge_id, None)
            self.tell("ended", bridge_id, {"by": "network", "cause": 0})

    def stop_accepting(self) -> None:
        """New INVITEs get 503 from now on."""
        self._accepting = False

    def forget(self, bridge_id: str) -> None:
        """The citizen's leg is wholly gone."""
        self._bridges.pop(bridge_id, None)

    # ---- told by sippy

    def _on_request(self, request: Any, transaction: Any) -> Any:
        try:
            return self._judge(request, transaction)
        except Exception:  # noqa: BLE001  (sippy reads headers late; without an answer the transaction stays for ever)
            counters["request_unreadable"] += 1
            return _answer(request, 400, "Bad Request")

    def _judge(self, request: Any, transaction: Any) -> Any:
        method = request.getMethod()
        counters[f"method_{method.lower()}"] += 1
        if request.getHFBody("to").getTag() is not None:
            return _answer(request, 481, "Call Leg/Transaction Does Not Exist")
        if method == "INVITE":
            return self._on_invite(request, transaction)
        if method == "OPTIONS":
            return _answer(request, 200, "OK", f"Allow: {_ALLOW}", "Accept: application/sdp")
        return _answer(request, 405, "Method Not Allowed", f"Allow: {_ALLOW}")

    def _on_invite(self, request: Any, transaction: Any) -> Any:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        request.getHFBody("contact").getUrl().getTAddr()  # raises: answered 400 before there is a call
        host, port = request.getSource()
        bridge = Bridge(self, self._new_id(), f"{host}:{port}")
        self._bridges[bridge.id] = bridge
        return bridge.a.recvRequest(request, transaction)

    def _refusal(self, request: Any) -> Any:
        if not self._accepting:
            return _answer(request, 503, "Service Unavailable", "Retry-After: 5")
        if request.countHFs("contact") == 0:
            return _answer(request, 400, "Missing Contact")
        if request.countHFs("require"):
            return _answer(request, 420, "Bad Extension", f"Unsupported: {request.getHFBody('require')}")
        return self._challenge(request) if not self._authentic(request) else None

    def _authentic(self, request: Any) -> bool:
        user, password = self._settings.digest_user, self._settings.digest_password
        if user is None or password is None:
            return True
        if request.countHFs("authorization") == 0:
            return False
        try:
            given = request.getHFBody("authorization")
            given.parse()
            ok = (
                given.username == user
                and given.realm == self._settings.digest_realm
                and given.verify(password.get_secret_value(), "INVITE", None)
            )
        except Exception:  # noqa: BLE001  (a header the parser cannot read is a wrong password)
            ok = False
        if not ok:
            counters["wrong_password"] += 1
        return bool(ok)

    def _challenge(self, request: Any) -> Any:
        response = request.genResponse(401, "Unauthorized")
        for algorithm in ("SHA-256", "MD5"):
            challenge = SipWWWAuthenticate(realm=self._settings.digest_realm, algorithm=algorithm)
            response.appendHeader(SipHeader(body=challenge))
        return (response, None, None)


def _trunk(settings: TelephonySettings) -> Trunk | None:
    if settings.trunk is None:
        return None
    password = settings.trunk_password
    known = settings.trunk_user is not None and password is not None
    return Trunk(settings.trunk, (settings.trunk_user, password.get_secret_value()) if known else None)  # type: ignore[arg-type,union-attr]


def _answer(request: Any, code: int, reason: str, *headers: str) -> Any:
    response = request.genResponse(code, reason)
    for header in headers:
        response.appendHeader(SipHeader(header))
    return (response, None, None)
