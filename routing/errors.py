"""Errors of the domain rules: each class has a stable id and a Chinese message."""

from __future__ import annotations


class RoutingError(Exception):
    """Base."""

    id = "routing.error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LimitError(RoutingError):
    """A time limit that is none, such as ``5xd``."""

    id = "limit.invalid"


class ModelError(RoutingError):
    """A model file that is missing, broken, of another version, or holds types it should not."""

    id = "classifier.model"


class TrainingError(RoutingError):
    """Data from which nothing can be learnt."""

    id = "classifier.training"


class CalendarError(RoutingError):
    """A deadline needs a year whose calendar is not known: refused, never guessed."""

    id = "calendar.year_missing"
