"""What of a ticket is covered for whom: numbers, names, the citizen's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.auth.policy import Sight
from app.personal import HIDDEN, hide_phone, mask_phone

SHORTEST = 7
"""Shorter numbers are too likely to be something else in a text."""


@dataclass(frozen=True, slots=True)
class Veil:
    """Over one ticket for one reader."""

    sight: Sight
    hides: bool
    """Who called is not to be known at all."""
    numbers: tuple[str, ...]
    """The citizen's: covered in texts too."""

    @classmethod
    def over(cls, sight: Sight, type_: str, confidential: bool, numbers: Iterable[str | None]) -> Veil:
        """``numbers``: all that are known of the ticket's citizen."""
        known = {number for number in numbers if number is not None and len(number) >= SHORTEST}
        return cls(sight, sight.hides(type_, confidential), tuple(sorted(known, key=len, reverse=True)))

    def phone(self, number: str | None) -> str | None:
        """``138****5678``, or not a digit."""
        if self.sight.phone:
            return number
        return hide_phone(number) if self.hides else mask_phone(number)

    def name(self, name: str | None) -> str | None:
        """``张**``, or nothing of it."""
        if name is None or self.sight.phone:
            return name
        return HIDDEN if self.hides or not self.sight.content else name[0] + "*" * min(len(name) - 1, 2)

    def words(self, said: Any) -> Any:
        """Texts, also those inside lists and objects, with the citizen's numbers covered."""
        if self.sight.phone:
            return said
        if isinstance(said, str):
            for number in self.numbers:
                said = said.replace(number, str(self.phone(number)))
            return said
        if isinstance(said, dict):
            return {key: self.words(value) for key, value in said.items()}
        if isinstance(said, list):
            return [self.words(value) for value in said]
        return said
