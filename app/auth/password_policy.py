"""Which passwords people may choose: long ones, that are no one's first guess. Nothing has to be changed by date."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.errors import HotlineError

LEAST_CHARACTERS = 12
LEAST_WORDS = 4
MOST_CHARACTERS = 256
"""As many as the page sends."""
_LEAST_OWN = 8
"""Characters a password has besides the login it may contain."""
_LEAST_DIFFERENT = 5
_COMMON = Path(__file__).parent / "common_passwords.txt"


class WeakPasswordError(HotlineError):
    """The password would be guessed; the message says why."""

    id = "user.password_weak"
    status = 400


def check_password(login: str, password: str) -> None:
    """Refuse what would be guessed.

    Raises:
        WeakPasswordError: see there.
    """
    words = {word for word in password.split() if len(word) > 1}
    if len(password) < LEAST_CHARACTERS and len(words) < LEAST_WORDS:
        raise WeakPasswordError(
            f"密码至少 {LEAST_CHARACTERS} 个字符，或由至少 {LEAST_WORDS} 个不同的词组成（词之间用空格）"
        )
    if len(password) > MOST_CHARACTERS:
        raise WeakPasswordError(f"密码最多 {MOST_CHARACTERS} 个字符")
    if "\0" in password:
        raise WeakPasswordError("密码中有不可用的字符")
    plain = password.casefold()
    if len(plain.replace(login.casefold(), "")) < _LEAST_OWN:
        raise WeakPasswordError("密码不能由账号构成")
    if len(set(plain)) < _LEAST_DIFFERENT or plain in _common():
        raise WeakPasswordError("密码过于常见，请换一个")


@cache
def _common() -> frozenset[str]:
    """Those of the usual lists that are long enough, and ours."""
    return frozenset(_COMMON.read_text("utf-8").casefold().split("\n"))
