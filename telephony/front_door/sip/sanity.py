"""What stands between the network and the SIP stack: refuses what RFC 3261 forbids before any parser trusts it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_START = re.compile(
    rb"^(?:([A-Z]{1,20}) (sips?:[^\s]{1,512}|tel:[^\s]{1,64}|\*) SIP/(\d+\.\d+)|SIP/2\.0 [1-6]\d\d .{0,256})$"
)
_HEADER = re.compile(rb"^([!%*+\-.0-9A-Za-z_`'~]{1,64})[ \t]*:[ \t]*(.*)$")
_SHORT = {
    b"v": b"via",
    b"f": b"from",
    b"t": b"to",
    b"i": b"call-id",
    b"l": b"content-length",
    b"m": b"contact",
    b"c": b"content-type",
}
_CSEQ = re.compile(rb"^(\d{1,10})[ \t]+([A-Z]{1,20})$")
_VIA = re.compile(
    rb"^SIP\s*/\s*2\.0\s*/\s*[A-Za-z]{2,8}\s+(?:\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.\-]+)(?:\s*:\s*(\d+))?\s*(?:;.*|,.*)?$"
)
_METHODS = frozenset(
    b"INVITE ACK BYE CANCEL OPTIONS INFO UPDATE PRACK NOTIFY MESSAGE REFER SUBSCRIBE PUBLISH REGISTER".split()
)
_LONGEST = 16_384
_HIGHEST_CSEQ = 2**31
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Verdict:
    """``answer``: (code, reason) to send back; ``drop``: say nothing; neither: let it in."""

    reason: str = ""
    drop: bool = False
    answer: tuple[int, str] | None = None
    headers: dict[bytes, list[bytes]] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether the stack may see it."""
        return not self.drop and self.answer is None


def judge(data: bytes) -> Verdict:  # noqa: C901, PLR0911, PLR0912  (a list of rules, one line each)
    """A datagram: in, out, or answered at once."""
    if len(data) > _LONGEST:
        return Verdict("too_long", drop=True)
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return Verdict("no_end_of_headers", drop=True)
    start, *lines = head.split(b"\r\n")
    match = _START.match(start)
    if match is None:
        return Verdict("start_line", drop=True)
    headers = _headers(lines)
    if headers is None:
        return Verdict("header_line", drop=True)
    if any(not headers.get(name) for name in (b"via", b"from", b"to", b"call-id", b"cseq")):
        return Verdict("missing_header", drop=True)
    via = _VIA.match(headers[b"via"][0])
    if via is None or (via[1] is not None and not 0 < int(via[1]) <= _HIGHEST_PORT):
        return Verdict("via", drop=True)
    if match[1] is None:
        return Verdict(headers=headers)

    def bad(code: int, text: str) -> Verdict:
        if match[1] == b"ACK":
            return Verdict(text, drop=True)
        return Verdict(text, answer=(code, text), headers=headers)

    if match[3] != b"2.0":
        return bad(505, "Version Not Supported")
    cseq = _CSEQ.match(headers[b"cseq"][0])
    if cseq is None or cseq[2] != match[1] or int(cseq[1]) >= _HIGHEST_CSEQ or len(headers[b"cseq"]) > 1:
        return bad(400, "Bad CSeq")
    if any(len(headers[name]) > 1 for name in (b"from", b"to", b"call-id")):
        return bad(400, "Repeated Header")
    if match[1] not in _METHODS:
        return bad(405, "Method Not Allowed")
    hops = headers.get(b"max-forwards", [b"70"])[0]
    if not hops.isdigit() or int(hops) > 255:
        return bad(400, "Bad Max-Forwards")
    if int(hops) == 0:
        return bad(483, "Too Many Hops")
    length = headers.get(b"content-length", [str(len(body)).encode()])[0]
    if not length.isdigit() or int(length) > len(body):
        return bad(400, "Bad Content-Length")
    if b";tag=" not in headers[b"from"][0].lower():
        return bad(400, "Missing From Tag")
    if (
        body
        and match[1] == b"INVITE"
        and not headers.get(b"content-type", [b""])[0].lower().startswith(b"application/sdp")
    ):
        return bad(415, "Unsupported Media Type")
    return Verdict(headers=headers)


def _headers(lines: list[bytes]) -> dict[bytes, list[bytes]] | None:
    headers: dict[bytes, list[bytes]] = {}
    last: list[bytes] | None = None
    for line in lines:
        if line[:1] in b" \t" and line and last:
            last[-1] += b" " + line.strip()
            continue
        match = _HEADER.match(line)
        if match is None:
            return None
        name = match[1].lower()
        last = headers.setdefault(_SHORT.get(name, name), [])
        last.append(match[2].strip())
    return headers


def response(verdict: Verdict) -> bytes:
    """The answer to a request that was not let in."""
    assert verdict.answer is not None
    code, reason = verdict.answer
    lines = [f"SIP/2.0 {code} {reason}".encode()]
    lines += [b"Via: " + via for via in verdict.headers[b"via"]]
    to = verdict.headers[b"to"][0]
    lines.append(b"To: " + to + (b"" if b";tag=" in to.lower() else b";tag=sanity"))
    lines += [name.title() + b": " + verdict.headers[name][0] for name in (b"from", b"call-id", b"cseq")]
    if code == 405:
        lines.append(b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO")
    return b"\r\n".join([*lines, b"Content-Length: 0", b"", b""])


class RateLimit:
    """A token bucket for each source address; bounded in memory."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic, sources: int = 10_000) -> None:
        self._rate = per_second
        self._clock = clock
        self._sources = sources
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, source: str) -> bool:
        """Whether one more from this source is within its rate (burst: one second's worth)."""
        now = self._clock()
        tokens, at = self._buckets.pop(source, (self._rate, now))
        tokens = min(self._rate, tokens + (now - at) * self._rate)
        allowed = tokens >= 1.0
        self._buckets[source] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > self._sources:
            del self._buckets[next(iter(self._buckets))]  # the one not heard for longest
        return allowed
