"""Errors of the telephony half: each class has a stable id and a message for people in Chinese."""

from __future__ import annotations


class TelephonyError(Exception):
    """Base. ``retry`` says whether the same thing may work later."""

    id = "telephony.error"
    retry = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
