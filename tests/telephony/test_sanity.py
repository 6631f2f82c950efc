"""What is let in to the SIP stack, refused or dropped; how often one source may ask."""

from __future__ import annotations

import pytest

from telephony.front_door.sip.sanity import RateLimit, judge, response

GOOD = {
    "Via": "SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKa",
    "From": "<sip:1@127.0.0.1>;tag=a",
    "To": "<sip:12345@127.0.0.1>",
    "Call-ID": "a@127.0.0.1",
    "CSeq": "1 INVITE",
    "Contact": "<sip:1@127.0.0.1:5061>",
    "Max-Forwards": "70",
    "Content-Type": "application/sdp",
}
SDP = "v=0\r\n"


def message(start: str = "INVITE sip:12345@127.0.0.1 SIP/2.0", body: str = SDP, **changes: str | None) -> bytes:
    headers: dict[str, str | None] = GOOD | {"Content-Length": str(len(body))}
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([start, *lines, "", body]).encode("utf-8", "surrogateescape")


def verdict(data: bytes) -> str:
    judged = judge(data)
    assert sum((judged.drop, judged.answer is not None, judged.passes)) == 1
    if judged.drop:
        return "drop " + judged.reason
    return "in" if judged.answer is None else f"{judged.answer[0]}"


TABLE = [
    ("a good INVITE", message(), "in"),
    ("UTF-8 name", message(From='"市民" <sip:1@h>;tag=a'), "in"),
    ("GBK name", message(From=f'"{"市民".encode("gbk").decode("utf-8", "surrogateescape")}" <sip:1@h>;tag=a'), "in"),
    ("compact names", message(Via=None, From=None, v=GOOD["Via"], f=GOOD["From"]), "in"),
    ("compact content length too large", message(Content_Length=None, l="999"), "400"),
    ("names in capitals", message(Call_ID=None, **{"CALL-ID": "x"}), "in"),
    ("no Content-Length", message(Content_Length=None), "in"),
    ("no Max-Forwards", message(Max_Forwards=None), "in"),
    ("no Via", message(Via=None), "drop missing_header"),
    ("no From", message(From=None), "drop missing_header"),
    ("no To", message(To=None), "drop missing_header"),
    ("no Call-ID", message(Call_ID=None), "drop missing_header"),
    ("no CSeq", message(CSeq=None), "drop missing_header"),
    ("Via port too high", message(Via="SIP/2.0/UDP 1.2.3.4:99999999;branch=z9hG4bKa"), "drop via"),
    ("Via port 65536", message(Via="SIP/2.0/UDP 1.2.3.4:65536;branch=z9hG4bKa"), "drop via"),
    ("Via port 65535", message(Via="SIP/2.0/UDP 1.2.3.4:65535;branch=z9hG4bKa"), "in"),
    ("Via port 0", message(Via="SIP/2.0/UDP 1.2.3.4:0;branch=z9hG4bKa"), "drop via"),
    ("Via port a word", message(Via="SIP/2.0/UDP 1.2.3.4:sip;branch=z9hG4bKa"), "drop via"),
    ("Via of another version", message(Via="SIP/3.0/UDP 1.2.3.4;branch=z9hG4bKa"), "drop via"),
    ("Via empty", message(Via=""), "drop via"),
    ("Via IPv6", message(Via="SIP/2.0/UDP [::1]:5060;branch=z9hG4bKa"), "in"),
    ("two Vias in a line", message(Via="SIP/2.0/UDP a.b;branch=z9hG4bKa, SIP/2.0/UDP c;branch=z"), "in"),
    ("method in small letters", message("invite sip:1@h SIP/2.0"), "drop start_line"),
    ("unknown method", message("DANCE sip:1@h SIP/2.0", CSeq="1 DANCE"), "405"),
    ("method of 21 letters", message("A" * 21 + " sip:1@h SIP/2.0"), "drop start_line"),
    ("version 7.0", message("INVITE sip:1@h SIP/7.0"), "505"),
    ("version without number", message("INVITE sip:1@h SIP/x"), "drop start_line"),
    ("no version", message("INVITE sip:1@h"), "drop start_line"),
    ("two spaces", message("INVITE  sip:1@h SIP/2.0"), "drop start_line"),
    ("space in the address", message("INVITE sip:1@h h SIP/2.0"), "drop start_line"),
    ("address of http", message("INVITE http://h SIP/2.0"), "drop start_line"),
    ("address of 600 letters", message(f"INVITE sip:{'1' * 600}@h SIP/2.0"), "drop start_line"),
    ("tel address", message("INVITE tel:12345 SIP/2.0"), "in"),
    ("star address", message("OPTIONS * SIP/2.0", CSeq="1 OPTIONS"), "in"),
    ("CSeq of another method", message(CSeq="1 OPTIONS"), "400"),
    ("CSeq without number", message(CSeq="INVITE"), "400"),
    ("CSeq negative", message(CSeq="-1 INVITE"), "400"),
    ("CSeq 2**31", message(CSeq=f"{2**31} INVITE"), "400"),
    ("CSeq 2**31 - 1", message(CSeq=f"{2**31 - 1} INVITE"), "in"),
    ("CSeq twice", message() .replace(b"CSeq: 1 INVITE", b"CSeq: 1 INVITE\r\nCSeq: 2 INVITE"), "400"),
    ("From twice", message().replace(b"Call-ID", b"From: <sip:2@h>;tag=b\r\nCall-ID"), "400"),
    ("To twice", message().replace(b"Call-ID", b"t: <sip:2@h>\r\nCall-ID"), "400"),
    ("Call-ID twice", message().replace(b"CSeq", b"i: other\r\nCSeq"), "400"),
    ("From without tag", message(From="<sip:1@h>"), "400"),
    ("From tag in capitals", message(From="<sip:1@h>;TAG=a"), "in"),
    ("Max-Forwards 0", message(Max_Forwards="0"), "483"),
    ("Max-Forwards 256", message(Max_Forwards="256"), "400"),
    ("Max-Forwards a word", message(Max_Forwards="many"), "400"),
    ("Content-Length too large", message(Content_Length="6"), "400"),
    ("Content-Length smaller than the datagram", message(Content_Length="4"), "in"),
    ("Content-Length negative", message(Content_Length="-1"), "400"),
    ("Content-Length of superscripts", message(Content_Length="²"), "400"),
    ("body of text", message(Content_Type="text/plain"), "415"),
    ("body without type", message(Content_Type=None), "415"),
    ("no body without type", message(Content_Type=None, body=""), "in"),
    ("text in a MESSAGE", message("MESSAGE sip:1@h SIP/2.0", CSeq="1 MESSAGE", Content_Type="text/plain"), "in"),
    ("ACK with a bad CSeq", message("ACK sip:1@h SIP/2.0", CSeq="1 INVITE"), "drop Bad CSeq"),
    ("ACK without a From tag", message("ACK sip:1@h SIP/2.0", CSeq="1 ACK", From="<sip:1@h>"), "drop Missing From Tag"),
    ("header without colon", message().replace(b"Contact: ", b"Contact "), "drop header_line"),
    ("header with a space in its name", message().replace(b"Contact:", b"Con tact:"), "drop header_line"),
    ("header folded", message(From='"a"\r\n  <sip:1@h>;tag=a'), "in"),
    ("first line folded", message("INVITE sip:1@h SIP/2.0\r\n more"), "drop header_line"),
    ("no end of headers", message(body="").rstrip(b"\r\n"), "drop no_end_of_headers"),
    ("bare line feeds", message().replace(b"\r\n", b"\n"), "drop no_end_of_headers"),
    ("nothing", b"", "drop no_end_of_headers"),
    ("zeros", bytes(100), "drop no_end_of_headers"),
    ("too long", message(Subject="x" * 17000), "drop too_long"),
    ("HTTP", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "drop start_line"),
    ("response", message("SIP/2.0 200 OK"), "in"),
    ("response 700", message("SIP/2.0 700 What"), "drop start_line"),
    ("response of another version", message("SIP/1.0 200 OK"), "drop start_line"),
    ("response without a Via", message("SIP/2.0 200 OK", Via=None), "drop missing_header"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_message_is_let_in_answered_or_dropped(data: bytes, expected: str):
    assert verdict(data) == expected


def test_an_answer_carries_back_what_the_sender_needs():
    data = message("INVITE sip:1@h SIP/7.0").replace(b"From", b"Via: SIP/2.0/UDP second;branch=z9hG4bKb\r\nFrom")
    answer = response(judge(data)).decode()
    assert answer.startswith("SIP/2.0 505 Version Not Supported\r\n")
    assert answer.count("Via: ") == 2
    assert answer.index(";branch=z9hG4bKa") < answer.index("second")
    assert "To: <sip:12345@127.0.0.1>;tag=" in answer
    assert "Call-Id: a@127.0.0.1\r\n" in answer
    assert "Cseq: 1 INVITE\r\n" in answer
    assert answer.endswith("Content-Length: 0\r\n\r\n")


def test_an_answer_keeps_a_tag_that_is_there_and_405_tells_what_is_allowed():
    judged = judge(message("DANCE sip:1@h SIP/2.0", CSeq="1 DANCE", To="<sip:1@h>;tag=mine"))
    answer = response(judged).decode()
    assert "To: <sip:1@h>;tag=mine\r\n" in answer
    assert "Allow: INVITE" in answer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_source_may_ask_its_rate_and_again_when_time_has_passed():
    clock = Clock()
    limit = RateLimit(10, clock)
    assert [limit.allows("a") for _ in range(12)] == [True] * 10 + [False] * 2
    clock.now += 0.25
    assert [limit.allows("a") for _ in range(4)] == [True, True, False, False]
    clock.now += 3600
    assert sum(limit.allows("a") for _ in range(100)) == 10


def test_one_source_takes_nothing_from_another():
    limit = RateLimit(2, Clock())
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    assert limit.allows("b")


def test_sources_without_number_take_bounded_memory_and_the_longest_silent_is_forgotten():
    clock = Clock()
    limit = RateLimit(1, clock, sources=100)
    for number in range(1000):
        limit.allows(f"{number}")
        limit.allows("busy")
    assert len(limit._buckets) <= 100
    assert not limit.allows("busy")
