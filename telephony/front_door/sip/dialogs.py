"""A SIP dialog as plain data, so that a new front door can go on where a killed one left off. SIP thread only."""

from __future__ import annotations

from typing import Any

import msgspec
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipContentType import SipContentType
from sippy.SipFrom import SipFrom
from sippy.SipRoute import SipRoute
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL
from sippy.Time.MonoTime import MonoTime
from sippy.UaStateConnected import UaStateConnected

_UNWRITTEN = 32
"""More requests than a dead front door can have sent after its last snapshot. A sequence number too low is refused with
500; one higher by more than one is no error (RFC 3261 §12.2.2)."""


class Dialog(msgspec.Struct, frozen=True):
    """A confirmed dialog of ours (RFC 3261 §12)."""

    call_id: str
    local: str
    remote: str
    target: str
    routes: list[str]
    local_cseq: int
    remote_cseq: int | None
    address: tuple[str, int]
    local_sdp: str | None
    remote_sdp: str | None


def dump(ua: Any) -> dict[str, Any]:
    """The dialog of a connected user agent, as builtins (it crosses threads and goes to the journal)."""
    return {
        "call_id": str(ua.cId),
        "local": str(ua.lUri),
        "remote": str(ua.rUri),
        "target": str(ua.rTarget),
        "routes": [str(route) for route in ua.routes or ()],
        "local_cseq": int(ua.lCSeq),
        "remote_cseq": None if ua.rCSeq is None else int(ua.rCSeq),
        "address": (ua.rAddr[0][0], int(ua.rAddr[0][1])),
        "local_sdp": None if ua.lSDP is None else str(ua.lSDP),
        "remote_sdp": None if ua.rSDP is None else str(ua.rSDP),
    }


def revive(ua: Any, dialog: Dialog, transactions: Any) -> None:
    """Put a fresh user agent into the state Connected of this dialog, and let it hear the dialog's requests."""
    ua.cId = SipCallId(body=dialog.call_id)
    ua.lUri = SipFrom(body=dialog.local)
    ua.rUri = SipTo(body=dialog.remote)
    for uri in (ua.lUri, ua.rUri):
        uri.parse()
    ua.lTag = ua.lUri.getTag()
    ua.rTarget = SipURL(dialog.target)
    ua.routes = [SipRoute(body=route) for route in dialog.routes]
    ua.lCSeq, ua.rCSeq = dialog.local_cseq + _UNWRITTEN, dialog.remote_cseq
    ua.rAddr = ua.rAddr0 = (tuple(dialog.address), "udp")
    ua.lSDP, ua.rSDP = body(dialog.local_sdp), body(dialog.remote_sdp)
    ua.setup_ts = ua.connect_ts = MonoTime()
    ua.origin = "caller"
    ua.state = UaStateConnected(ua)
    transactions.regConsumer(ua, dialog.call_id)


def body(sdp: str | None) -> Any:
    """An SDP body sippy will send as it is."""
    if sdp is None:
        return None
    content = MsgBody(sdp)
    content.needs_update = False
    return content


def key_for_line(info: Any) -> Any:
    """A key as ``application/dtmf`` (the bare digit) in the only form pjsua2 reads, ``application/dtmf-relay``."""
    told = info.getData()
    if told is not None and told.getType() == "application/dtmf":
        key = f"Signal={str(told).strip()[:1]}\r\nDuration=160\r\n"
        info.data = MsgBody(key, SipContentType("application/dtmf-relay"))
    return info
