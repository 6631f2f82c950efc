"""What citizens send and what they are shown: no name, no number, no word of the house."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.intake.appeal import Files
from app.tickets.body import Reason, Text

Code = Annotated[str, msgspec.Meta(pattern="^[0-9]{4,6}$")]
Token = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{22}$")]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How an appeal stands."""

    no: str
    step: str
    """For programs: accepted, handling, waiting, answered, redone, reviewed, closed, ended."""
    state: str
    """For people."""
    accepted_at: str
    unit: str | None
    due: str | None
    """Until when he will be answered; None: he has been, or nobody can tell."""
    reply: str | None
    closed_at: str | None
    may: list[str]
    """What he can do now: rate, append, urge, withdraw, appeal."""


class ShowBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of both; whatever is none of ours is wrong like any other."""

    code: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    token: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class _Coded(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Code


class RateBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """By the link's token, or by the query code. ``satisfied``: 5 非常满意 … 1 非常不满意."""

    satisfied: Annotated[int, msgspec.Meta(ge=1, le=5)]
    solved: Annotated[int, msgspec.Meta(ge=1, le=4)]
    reason: Reason | None = None
    code: Code | None = None
    token: Token | None = None


class AppendBody(_Coded):
    text: Text
    attachments: Files = msgspec.field(default_factory=list)


class UrgeBody(_Coded):
    text: Reason | None = None


class WithdrawBody(_Coded):
    reason: Reason


class AppealBody(_Coded):
    reason: Reason
    attachments: Files = msgspec.field(default_factory=list)
