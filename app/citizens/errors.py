"""What a citizen is told when it is no: in plain words, and nothing of the house."""

from __future__ import annotations

from app.errors import HotlineError


class WrongCodeError(HotlineError):
    """There is no such ticket, or its code or link is another one; which is not said."""

    id = "citizen.wrong_code"
    status = 404


class LockedOutError(HotlineError):
    """Too many wrong codes; a right one is not heard either. ``extra``: after how many seconds it will be."""

    id = "citizen.locked"
    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.extra = {"retry_after_s": retry_after_s}


class NotNowError(HotlineError):
    """The ticket is not where this can be done."""

    id = "citizen.not_now"
    status = 409


class RatedBeforeError(HotlineError):
    """One rating a round."""

    id = "citizen.rated_before"
    status = 409
