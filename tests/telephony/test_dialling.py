"""Which numbers a machine may dial, and what came of a call that nobody took."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.dialling import NumberRefusedError, check_number, unanswered_outcome

SUBSCRIBERS = ["13900000001", "19912345678", "16612345678", "09516668888", "01062345678", "02151234567",
               "089866778899"]  # fmt: skip

NEVER = [
    # emergency and short numbers, also behind area codes and prefixes
    "110", "119", "120", "122", "999", "112", "911", "12110", "12119", "12345", "10086", "10000", "95588", "96110",
    "114", "11185", "1258", "0110", "0951110", "0951119", "010110", "0951-110", "110110110110", "09511234567",
    "0951123456", "095112345", "095195588", "09519558800", "0951961100", "01012345678", "01099999999", "01191234567",
    # service numbers, other countries, what only looks like a subscriber
    "4008123456", "8008108888", "0014155550100", "+8613900000001", "8613900000001", "013900000001", "12900000001",
    "1390000000", "139000000011", "10900000001", "00951666888", "0951666888", "0351", "0951", "06668888",
    # no numbers
    "", " ", "13900000001 ", " 13900000001", "13900000001\n", "139-0000-0001", "1390000000a", "１３９００００００01",
    "１３９００００００００", "٠١٣٩", "13900000001;ext=1", "13900000001@10.0.0.1", "sip:13900000001", "13900000001>",
    "*86", "#31#13900000001", "13900000001,110", "anonymous",
]  # fmt: skip


@pytest.mark.parametrize("number", SUBSCRIBERS)
def test_subscribers_may_be_called(number: str):
    check_number(number)


@pytest.mark.parametrize("number", NEVER)
def test_anything_else_is_refused(number: str):
    with pytest.raises(NumberRefusedError) as caught:
        check_number(number)
    assert caught.value.id == "order.number_refused"
    assert number not in caught.value.message or len(number) < 2


@given(st.text(alphabet="0123456789", max_size=9))
def test_nothing_short_is_ever_dialled(number: str):
    with pytest.raises(NumberRefusedError):
        check_number(number)


@given(st.text(max_size=20))
def test_whatever_passes_is_plain_digits_of_a_mobile_or_an_area_code(number: str):
    try:
        check_number(number)
    except NumberRefusedError:
        return
    assert number.isascii()
    assert number.isdigit()
    assert 11 <= len(number) <= 12
    assert number[0] in "01"
    assert number[:2] not in {"10", "11", "12", "00"}


@pytest.mark.parametrize(("cause", "outcome"), [
    (486, "busy"), (600, "busy"), (603, "declined"), (607, "declined"), (608, "declined"), (404, "unreachable"),
    (410, "unreachable"), (484, "unreachable"), (604, "unreachable"), (408, "unanswered"), (480, "unanswered"),
    (487, "unanswered"), (302, "failed"), (403, "failed"), (500, "failed"), (503, "failed"), (0, "failed"),
])  # fmt: skip
def test_the_networks_answer_tells_what_a_call_was(cause: int, outcome: str):
    assert unanswered_outcome(cause) == outcome
