"""A city in the database: units, places, categories, catalogue, limits, calendar. Mirrors routing/city/schema.py.

Rows are seeded from cities/<name>/; what left the files is marked inactive, never deleted: old tickets point to it.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, String

from models.base import Json, Table, Timestamp, code_check, empty_list, utc_now
from models.codes import Tier

_TEXTS = ARRAY(String())


class UnitRow(Table, table=True):
    """承办单位: a tree with four tiers."""

    __tablename__ = "units"
    __table_args__ = (
        code_check("tier", Tier),
        CheckConstraint("parent IS NULL OR parent <> code", name="not_own_parent"),
        Index(None, "parent"),
    )

    code: str = Field(primary_key=True)
    name: str
    short: str
    kind: str
    tier: int
    parent: str | None = Field(default=None, foreign_key="units.code")
    district: str | None = Field(default=None, foreign_key="places.code")
    function: str | None = None
    phone: str | None = None
    active: bool = True


class PlaceRow(Table, table=True):
    """地名: city → district → street → community; roads and POIs below any of them."""

    __tablename__ = "places"
    __table_args__ = (
        CheckConstraint("parent IS NULL OR parent <> code", name="not_own_parent"),
        Index(None, "parent"),
    )

    code: str = Field(primary_key=True)
    name: str
    kind: str
    parent: str | None = Field(default=None, foreign_key="places.code")
    aliases: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
    also_in: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
    lng: float | None = None
    lat: float | None = None
    active: bool = True


class CategoryRow(Table, table=True):
    """A leaf of the category tree."""

    __tablename__ = "categories"

    code: str = Field(primary_key=True)
    top: str
    group: str
    leaf: str
    lead: str
    co: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
    tier: str
    profile: str = Field(foreign_key="limit_profiles.name")
    active: bool = True


class CatalogueRow(Table, table=True):
    """派单目录: who takes a category in a district."""

    __tablename__ = "catalogue"
    __table_args__ = (Index(None, "category", "district"),)

    id: str = Field(primary_key=True)
    category: str = Field(foreign_key="categories.code")
    district: str | None = Field(default=None, foreign_key="places.code")
    unit: str = Field(foreign_key="units.code")
    co_units: list[str] = Field(default_factory=empty_list, sa_column=Column(_TEXTS, nullable=False))
    basis: str
    origin: str = "city"
    """"city": from the files; "ruling": learnt from a dispute that was decided (never retired by a seed)."""
    ruled_in: str | None = None
    """Number of the ticket whose dispute made the row."""
    active: bool = True


class LimitProfileRow(Table, table=True):
    """时限: one SLA profile; limits as texts."""

    __tablename__ = "limit_profiles"

    name: str = Field(primary_key=True)
    dispatch: str | None = None
    sign: str | None = None
    contact: str | None = None
    first_feedback: str | None = None
    finish: str | None = None
    extension_max: int = 0
    extension: str | None = None
    note: str = ""
    backfill: str | None = None
    active: bool = True


class CalendarDayRow(Table, table=True):
    """One dated exception of a calendar layer."""

    __tablename__ = "calendar_days"

    layer: str = Field(primary_key=True, foreign_key="calendar_layers.name")
    day: date = Field(primary_key=True)
    working: bool
    name: str
    source: str
    active: bool = True


class CalendarLayerRow(Table, table=True):
    """A layer and the years it is complete for; ``position``: later layers win."""

    __tablename__ = "calendar_layers"

    name: str = Field(primary_key=True)
    position: int
    years: list[int] = Field(default_factory=empty_list, sa_column=Column(Json, nullable=False))
    required: bool
    active: bool = True


class OfficeHoursRow(Table, table=True):
    """Office hours from a date on: ``intervals`` is a list of ["08:30", "12:00"]."""

    __tablename__ = "office_hours"

    start: date = Field(primary_key=True)
    intervals: list[list[str]] = Field(default_factory=empty_list, sa_column=Column(Json, nullable=False))
    active: bool = True


class SeedRow(Table, table=True):
    """Which state of which city was brought in, and when."""

    __tablename__ = "seeds"

    id: int | None = Field(default=None, primary_key=True)
    city: str
    fingerprint: str
    at: datetime = Field(default_factory=utc_now, sa_type=Timestamp)
    added: int
    changed: int
    retired: int
