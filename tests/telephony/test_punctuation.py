"""Signs of both widths are taken out, or written as Chinese is."""

from __future__ import annotations

import pytest

from telephony.scribe.punctuation import chinese, squeeze

COMMA, QUESTION, BANG, COLON = "\uff0c", "\uff1f", "\uff01", "\uff1a"


@pytest.mark.parametrize(
    ("half", "full"),
    [
        ("你好,在吗?", f"你好{COMMA}在吗{QUESTION}"),
        ("着火了!快来!", f"着火了{BANG}快来{BANG}"),
        ("地址:西夏区", f"地址{COLON}西夏区"),
        ("36路,在哪", f"36路{COMMA}在哪"),
        ("早上3:30", "早上3:30"),
        ("欠了1,000块", "欠了1,000块"),
        (f"已经是{COMMA}全角", f"已经是{COMMA}全角"),
        ("OK, thanks", "OK, thanks"),
        ("", ""),
    ],
)
def test_half_width_signs_beside_chinese_characters_become_full_width(half: str, full: str):
    assert chinese(half) == full


@pytest.mark.parametrize("sign", [",", ".", "!", "?", COMMA, QUESTION, BANG, COLON, "\u3002", "\u3001", "\u2026", " "])
def test_squeezing_takes_out_signs_of_either_width(sign: str):
    assert squeeze(f"停水{sign}三天{sign}OK") == "停水三天ok"
