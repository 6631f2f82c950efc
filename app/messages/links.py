"""The link in the message that tells a citizen of the answer: it reads the answer, and rates it once."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

_LETTERS = 22
"""128 bits."""


def token_of(secret: str, callback_id: int, message_id: str) -> str:
    """The same each time a message is tried, so that a gateway which has it already delivered the right one.

    It is not stored anywhere: without the secret nobody can tell it.
    """
    digest = hmac.new(secret.encode(), f"{callback_id}:{message_id}".encode(), sha256).digest()
    return urlsafe_b64encode(digest).decode()[:_LETTERS]


def hash_of(token: str) -> str:
    """What the record keeps of a token."""
    return sha256(token.encode()).hexdigest()


def link_of(public_url: str, no: str, token: str) -> str:
    """After the ``#``, which no browser sends: the token stays out of every server's log."""
    return f"{public_url.rstrip('/')}/r/{no}#{token}"
