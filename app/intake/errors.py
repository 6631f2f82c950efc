"""Errors of intake."""

from __future__ import annotations

from app.errors import HotlineError


class AlreadyHereError(HotlineError):
    """The other platform's ticket came before; ``extra`` has our number."""

    id = "intake.already_registered"
    status = 409

    def __init__(self, message: str, no: str | None) -> None:
        super().__init__(message)
        self.no = no
        self.extra = {"no": no}


class ConsentError(HotlineError):
    """Nobody's data are taken without his consent (个人信息保护法)."""

    id = "intake.consent_required"
    status = 422


class NothingSaidError(HotlineError):
    """Words that say nothing: a few letters, the same again and again."""

    id = "intake.nothing_said"
    status = 422
