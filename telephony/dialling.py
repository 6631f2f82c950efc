"""Which numbers may be dialled, and what the network's answers to a call mean. Pure rules."""

from __future__ import annotations

import re

from telephony.errors import TelephonyError
from telephony.events import Outcome

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0(?:10|2[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}")
"""Area code and subscriber. Subscribers' numbers begin with 2–8; 1… and 9… behind an area code are its services."""

_OUTCOMES: dict[int, Outcome] = {
    404: "unreachable",
    408: "unanswered",
    410: "unreachable",
    480: "unanswered",
    484: "unreachable",
    486: "busy",
    487: "unanswered",
    600: "busy",
    603: "declined",
    604: "unreachable",
    607: "declined",
    608: "declined",
}
"""By RFC 3261 §21, RFC 3398 §8.2.6.1 (a gateway says 480 for "no answer", 408 for "no user responding"), RFC 8197,
RFC 8688."""


class NumberRefusedError(TelephonyError):
    """No subscriber's number: an emergency or service number, another country's, or no number at all."""

    id = "order.number_refused"


def check_number(number: str) -> None:
    """Let mobile and landline subscribers of mainland China pass, and nothing else.

    Emergency numbers (110, 119, 120, 122, 999 …) and all short and service numbers are never dialled by a machine.

    Raises:
        NumberRefusedError: it may not be dialled.
    """
    if _MOBILE.fullmatch(number) is None and _LANDLINE.fullmatch(number) is None:
        raise NumberRefusedError("号码不是可以外呼的手机或固定电话号码")


def unanswered_outcome(cause: int) -> Outcome:
    """What a call was that was never answered, by the network's final answer (SIP status)."""
    return _OUTCOMES.get(cause, "failed")
