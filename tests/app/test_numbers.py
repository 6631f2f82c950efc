"""One citizen, one number, however the trunk writes it; whoever withholds it is nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.numbers import normalise_number


@pytest.mark.parametrize(
    ("ani", "number"),
    [
        ("13900000001", "13900000001"),
        ("013900000001", "13900000001"),
        ("+8613900000001", "13900000001"),
        ("008613900000001", "13900000001"),
        ("8613900000001", "13900000001"),
        ("+86013900000001", "13900000001"),
        ("tel:+86-139-0000-0001", "13900000001"),
        ("TEL:13900000001;phone-context=+86", "13900000001"),
        ("sip:13900000001@10.0.0.1", "13900000001"),
        (" 139 0000 0001 ", "13900000001"),
        ("09515678901", "09515678901"),
        ("+869515678901", "09515678901"),
        ("0086 (951) 567-8901", "09515678901"),
        ("5678901", "5678901"),
        ("8612345", "8612345"),  # a local number that begins like the country's code
        ("110", "110"),
        ("+15550100", "+15550100"),
        ("0015550100", "+15550100"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(ani, number):
    assert normalise_number(ani) == number
    assert normalise_number(number) == number


@pytest.mark.parametrize(
    "ani",
    [None, "", " ", "anonymous", "Anonymous", "unavailable", "restricted", "sip:anonymous@a.invalid", "0", "000",
     "000000000", "1", "+", "+86", "tel:", "unknown13900000001", "1" * 21, "\uff11\uff13\uff19", "*31#"],
)  # fmt: skip
def test_what_is_no_number_is_nobodys(ani):
    assert normalise_number(ani) is None


@given(st.text(max_size=30))
def test_whatever_the_network_says_a_number_stays_what_it_is(ani):
    number = normalise_number(ani)
    assert number is None or normalise_number(number) == number
