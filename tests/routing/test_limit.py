"""Time limits as a city writes them."""

from __future__ import annotations

import pytest

from routing.calendar.limit import Limit
from routing.city.limit_text import is_limit
from routing.errors import LimitError


@pytest.mark.parametrize(
    ("text", "amount", "unit", "label"),
    [
        ("15m", 15, "nm", "15分钟"),
        ("30nm", 30, "nm", "30分钟"),
        ("2h", 2, "nh", "2小时"),
        ("24nh", 24, "nh", "24小时"),
        ("3d", 3, "nd", "3个自然日"),
        ("270nd", 270, "nd", "270个自然日"),
        ("4wh", 4, "wh", "4个工作小时"),
        ("5wd", 5, "wd", "5个工作日"),
        (" 5wd\n", 5, "wd", "5个工作日"),
    ],
)
def test_a_limit_is_an_amount_and_a_unit(text, amount, unit, label):
    limit = Limit.parse(text)
    assert (limit, limit.label) == (Limit(amount, unit), label)


@pytest.mark.parametrize(
    "text", ["5xd", "0wd", "00d", "-1d", "wd", "5", "5 wd", "5wd5", "1.5h", "5WD", "", "五wd", "٥wd", "100000m"]
)
def test_what_is_no_limit_is_a_clear_limit_error(text):
    with pytest.raises(LimitError, match="无法识别的时限") as caught:
        Limit.parse(text)
    assert caught.value.id == "limit.invalid"
    assert repr(text) in caught.value.message


@pytest.mark.parametrize("text", ["15m", "99999m", "100000m", "05wd", "0wd", "5xd", "5wd", "٥wd"])
def test_what_the_loader_accepts_is_what_the_calendar_understands(text):
    try:
        Limit.parse(text)
    except LimitError:
        assert not is_limit(text)
    else:
        assert is_limit(text)
