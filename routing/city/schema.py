"""What a city is, once read from its folder: plain immutable records, no database.

Codes are the city's own and never reused. Every list is in the order of its file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal

from routing.city.rules import Rules

UnitKind = Literal["hotline", "department", "district", "utility", "street", "section", "community", "emergency"]
RULING = "CD"
"""Begins the ids of catalogue rows that rulings made (裁定); no file of a city may use it."""
CONFIDENTIAL, STABILITY = "保密", "涉稳"
"""What a ticket can be marked with that a person has to see before a unit does (domain.md §9)."""
PlaceKind = Literal["city", "district", "street", "community", "road", "poi"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A body that answers for something.

    ``tier``: 1 hotline centre, 2 district/department/utility, 3 street, district's department, section, 4 community.
    """

    code: str
    name: str
    short: str
    kind: UnitKind
    tier: int
    parent: str | None
    district: str | None
    """Place code of the district it works for; None: the whole city. Units of districts, streets and communities have
    the code of their place."""
    function: str | None
    """What it is for, as the tree's lead column calls it (住建, 供水企业 …), several joined by ";"; None: general."""
    phone: str | None = None

    @property
    def is_local(self) -> bool:
        """A street's or community's: it answers for its own ground and no other."""
        return self.kind in {"street", "community"}


@dataclass(frozen=True, slots=True)
class Place:
    """A named place; the tree is city → district → street → community; roads and POIs hang below any of them."""

    code: str
    name: str
    kind: PlaceKind
    parent: str | None
    aliases: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()
    """Other districts a road runs through (place codes)."""
    lng: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf of the three-level tree. ``tier`` C, D, S, U or T (see derivation.py); ``profile`` names a limits row."""

    code: str
    top: str
    group: str
    leaf: str
    lead: str
    co: tuple[str, ...]
    tier: str
    profile: str

    @property
    def path(self) -> str:
        """公用事业/供水/停水/爆管: top, group and leaf joined by "/" (a leaf's own name may hold one)."""
        return f"{self.top}/{self.group}/{self.leaf}"


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """派单目录: who takes ``category`` in ``district`` (None: everywhere). The most specific row wins."""

    id: str
    category: str
    district: str | None
    unit: str
    co_units: tuple[str, ...]
    basis: str
    """Rule the row was made by, in Chinese, shown to people."""


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """Time limits of one SLA profile as texts like "15m", "4wh", "5wd", "3d", "24h"; None: no such clock."""

    name: str
    dispatch: str | None
    sign: str | None
    contact: str | None
    first_feedback: str | None
    finish: str | None
    extension_max: int = 0
    extension: str | None = None
    note: str = ""
    backfill: str | None = None
    """Where the citizen is passed on or helps himself: when the holder tells what came of it. No citizen's clock."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One dated exception of a layer; ``working`` on a weekend is a make-up day (补班)."""

    day: date
    working: bool
    layer: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """From ``start`` on (until the next row): the intervals of a working day, local time."""

    start: date
    intervals: tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class CalendarLayer:
    """A layer of the calendar and the years it is complete for; a missing one warns, or refuses if it is required."""

    name: str
    years: tuple[int, ...]
    required: bool
    days: tuple[CalendarDay, ...]
    expected: tuple[int, ...] = ()
    """Years it should hold; one that is not in ``years`` is warned of."""


@dataclass(frozen=True, slots=True)
class City:
    """Everything of cities/<name>/."""

    name: str
    title: str
    timezone: str
    units: tuple[Unit, ...]
    places: tuple[Place, ...]
    categories: tuple[Category, ...]
    catalogue: tuple[CatalogueRow, ...]
    limits: dict[str, LimitProfile]
    type_override: dict[str, str]
    """Appeal type (咨询 …) → profile used instead of the leaf's, unless the leaf's is E1 or E2."""
    default_profile: str
    """Limits of a ticket whose words are not known yet."""
    layers: tuple[CalendarLayer, ...]
    office_hours: tuple[OfficeHours, ...]
    count_from_next_day: bool
    messages: dict[str, str]
    """Message templates by key (受理, 派单 …), Chinese, ``{field}`` slots."""
    prompts: dict[str, str]
    """Spoken prompts: key → its text; the sound is prompts/<key>.wav."""
    backstop: dict[str, str]
    """District place code (or "*") → unit that takes what nothing else fits."""
    emergency_words: tuple[tuple[str, str, str], ...]
    """(phrase, cue group, companion groups joined by ";"): see routing/urgency.py.

    No companion: the phrase is an emergency by itself when it stands in the text. With companions it counts only beside
    a phrase of one of those groups; a phrase given both ways stands alone as text and needs a companion when it is only
    matched by sound (着火 may be 找活).
    """
    emergency_leaves: dict[str, tuple[str, ...]]
    """Cue group → leaves of the category tree it stands for (急病 → 突发疾病伤害)."""
    not_accepted: tuple[tuple[str, str, str], ...]
    """(reason N1 …, phrase, what is shown): see routing/exclusions.py."""
    confirm_leaves: tuple[str, ...]
    """Leaves that never go by themselves: what is nobody's in particular, a person reads."""
    auto_dispatch_confidence: float
    suggest_confidence: float
    human_confirm: tuple[str, ...]
    """What a person always confirms: types (举报 …), profiles (E1 …), and what is marked :data:`CONFIDENTIAL` or
    :data:`STABILITY`."""
    rules: Rules
    """How a ticket's life goes."""
    warnings: tuple[str, ...] = field(default=())
    """What the loader noticed and accepted, e.g. a regional layer without a year."""
