"""What routing says about an appeal: the records that app stores and the CLI prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlaceFound:
    """A place in the text. ``score`` 0–1; ``heard`` is the piece of text it was read from."""

    code: str | None
    district_code: str | None
    district: str | None
    street: str | None
    name: str | None
    """Road, community or POI as the gazetteer spells it."""
    number: str | None
    """House number in digits."""
    address: str | None
    """Standard form: district + street/road + number, as far as known."""
    score: float
    heard: str
    alternatives: tuple[str, ...] = ()
    street_code: str | None = None
    """Of ``street``; a street's or town's unit has the same code."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What people have decided about an appeal already: it stands, whatever the classifier would say."""

    category: str | None = None
    type: str | None = None
    """Its Chinese label."""
    urgency: int | None = None
    unit: str | None = None
    co_units: tuple[str, ...] | None = None
    district: str | None = None
    """Place code."""
    address: str = ""
    """Where, in people's words: tells more than what the appeal itself says of a place."""


@dataclass(frozen=True, slots=True)
class Alternative:
    category: str
    path: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines of the ticket, aware datetimes; None: no such clock for this profile."""

    profile: str
    dispatch_due: datetime | None
    sign_due: datetime | None
    contact_due: datetime | None
    feedback_due: datetime | None
    """First feedback, or the result filled in afterwards (backfill)."""
    due: datetime | None
    """The unit's finish; without one, when it must have told of it."""
    citizen_due: datetime | None
    """The citizen's own clock; never restarts."""
    texts: dict[str, str]
    """Clock → the limit as the city wrote it ("5wd")."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Who takes it and why. ``row_id`` is the catalogue row (or rule) that hit; it is stored as 依据."""

    unit: str
    unit_name: str
    tier: int
    co_units: tuple[str, ...]
    row_id: str
    basis: str
    confirm: tuple[str, ...]
    """Why a person must confirm; empty: may be dispatched by itself."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole judgement on one text.

    ``urgency`` 1 特急, 2 紧急, 3 一般; ``confidence`` is the category's, calibrated, 0–1.
    """

    type: str
    category: str
    path: str
    urgency: int
    place: PlaceFound | None
    dispatch: Dispatch
    limits: Limits
    confidence: float
    at_once: bool
    """May be dispatched before a person has looked: nothing to confirm, or a danger with those who answer it."""
    alternatives: tuple[Alternative, ...]
    reasons: tuple[str, ...]
    title: str
    model: str
