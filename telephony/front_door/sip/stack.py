"""sippy made fit to face a network: what a stock sippy does wrong and how it is put right (measured; docs/adr/0001).

Import this in the SIP thread only.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections import Counter
from typing import Any, ClassVar

os.environ.setdefault("SIPLOG_BEND", "none")

import sippy.Network_server
import sippy.SipTransactionManager
from sippy.CCEvents import CCEventUpdate
from sippy.Network_server import Network_server
from sippy.SipConf import SipConf
from sippy.SipHeader import SipHeader
from sippy.SipTransactionManager import SipTransactionManager
from sippy.UacStateUpdating import UacStateUpdating
from sippy.UasStateUpdating import UasStateUpdating
from sippy.UaStateConnected import UaStateConnected
from sippy.Udp_server import AsyncReceiver, Udp_server, Udp_server_opts

from telephony.front_door.sip.sanity import RateLimit, judge, response

SipConf.my_uaname = "hotline"
_BUFFER = 4 << 20
_ASCII = bytes(octet if octet < 0x80 else ord("?") for octet in range(256))

counters: Counter[str] = Counter()
"""What came in and what was refused, by reason; read by the status socket."""


class NoLog:
    """sippy wants a logger; messages hold callers' numbers, so nothing is written."""

    def write(self, *_: object, **__: object) -> None:
        """Nothing."""


def _count_exception(*_: object, **__: object) -> None:
    """In place of a traceback for each bad datagram."""
    counters["stack_exceptions"] += 1


sippy.SipTransactionManager.dump_exception = _count_exception
sippy.Network_server.dump_exception = _count_exception


class _OneReceiver(Udp_server_opts):
    nworkers = 1


class DirectUdp(Udp_server):
    """Sends without sender threads, and never lets a datagram that cannot be sent harm anything; no DNS."""

    def __init__(self, _: Any, opts: Any) -> None:
        Network_server.__init__(self, opts)
        self.skt = socket.socket(opts.family, socket.SOCK_DGRAM)
        for option in opts.getSockOpts():
            self.skt.setsockopt(*option)
        self.skt.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.skt.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.skt.bind((opts.laddress[0], int(opts.laddress[1])))
        self.asenders: list[Any] = []
        self.areceivers = [] if opts.flags == 0 else [AsyncReceiver(self)]

    def send_to(self, data: bytes | str, address: tuple[str, int], delayed: bool = False) -> None:  # noqa: ARG002
        """At once; counted when it cannot be."""
        try:
            if not isinstance(data, bytes):
                data = data.encode("utf-8", "backslashreplace")
            ipaddress.ip_address(address[0])  # a name would be looked up on the signalling thread
            self.skt.sendto(data, socket.MSG_DONTWAIT, (address[0], int(address[1])))
        except (OSError, ValueError, OverflowError):
            counters["send_failed"] += 1


class Transactions(SipTransactionManager):
    """The transaction layer behind the source list, the rate limit and the sanity filter."""

    model_udp_server = (DirectUdp, _OneReceiver)
    allow: ClassVar[list[ipaddress.IPv4Network]] = []
    rate: ClassVar[RateLimit]

    def handleIncoming(self, data: bytes, remote: Any, server: Any, rtime: Any) -> None:  # noqa: N802  (sippy's name)
        """A datagram from the network."""
        source = remote.address[0]
        address = ipaddress.ip_address(source)
        if not any(address in network for network in self.allow):
            counters["denied_source"] += 1
            return
        if len(data) <= 4 and not data.strip():
            return
        verdict = judge(data)
        if not verdict.passes:
            counters[f"refused_{verdict.reason.lower().replace(' ', '_')}"] += 1
            if verdict.answer is not None and self.rate.allows(source):
                server.send_to(response(verdict), remote.address)
            return
        if data.startswith((b"INVITE", b"OPTIONS", b"REGISTER")) and not self.rate.allows(source):
            counters["rate_limited"] += 1
            return
        counters["received"] += 1
        data = _as_sippy_reads_it(data)
        super().handleIncoming(data, remote, server, rtime)

    def newTransaction(self, msg: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        """``;transport=UDP`` in a Contact (upper case) is UDP too."""
        address, transport = msg.getTarget()
        name = str(transport).lower()
        msg.setTarget((address, name if name in {"ws", "wss"} else "udp"))
        return super().newTransaction(msg, *args, **kwargs)


def _as_sippy_reads_it(data: bytes) -> bytes:
    """UTF-8 in the headers (old switches send names in GBK), ASCII in the body (sippy counts it in characters)."""
    head, end, body = data.partition(b"\r\n\r\n")
    try:
        head.decode()
    except UnicodeDecodeError:
        head = head.decode("utf-8", "backslashreplace").encode()
    return head + end + body.translate(_ASCII)


def _on_update(state: Any, request: Any) -> None:
    """In-dialog UPDATE gets no answer from sippy: a session refresh is 200, an offer goes by re-INVITE."""
    if request.getBody() is not None:
        request.sendResponse(488, "Use re-INVITE")
        return
    answer = request.genResponse(200, "OK", server=state.ua.local_ua)
    answer.appendHeader(SipHeader(name="contact", body=state.ua.lContact))
    state.ua.global_config["_sip_tm"].sendResponse(answer)


def _not_allowed(_: Any, request: Any) -> None:
    request.sendResponse(405, "Method Not Allowed")


def _fine(_: Any, request: Any) -> None:
    request.sendResponse(200, "OK")


def _no_transfer(_: Any, request: Any) -> None:
    """Sippy would end the call on REFER; transfers are the bridge's business."""
    request.sendResponse(403, "Forbidden")


_invite = UaStateConnected._recvRequestInvite  # noqa: SLF001  (to call on)


def _on_reinvite(state: Any, request: Any) -> Any:
    """A re-INVITE without an offer (a refresh) is offered the present session; sippy would put the call on hold."""
    ua = state.ua
    if request.getBody() is not None or ua.lSDP is None:
        return _invite(state, request)
    ua.uasResp = request.genResponse(100, "Trying", server=ua.local_ua)
    ua.global_config["_sip_tm"].sendResponse(ua.uasResp)

    def on_ack(ack: Any) -> None:
        body = ack.getBody()
        if body is not None and str(body) != str(ua.rSDP):
            ua.rSDP = body.getCopy()
            ua.event_cb(CCEventUpdate(body), ua)

    answer = ua.uasResp.getCopy()
    answer.setSCode(200, "OK")
    answer.setBody(ua.lSDP)
    answer.appendHeader(SipHeader(name="contact", body=ua.lContact))
    ua.global_config["_sip_tm"].sendResponse(answer, ack_cb=on_ack)
    return None


for _state in (UaStateConnected, UasStateUpdating, UacStateUpdating):
    _handlers = dict(_state.recv_request_handlers)
    _handlers.update({"UPDATE": _on_update, "REFER": _no_transfer, "NOTIFY": _fine, "OPTIONS": _fine})
    _handlers.update(dict.fromkeys(("PRACK", "MESSAGE", "SUBSCRIBE", "PUBLISH"), _not_allowed))
    _state.recv_request_handlers = _handlers
UaStateConnected.recv_request_handlers["INVITE"] = _on_reinvite
