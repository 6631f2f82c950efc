"""What the API takes and tells of ratings; the rater is never shown to the rated."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from app.auth.policy import Sight
from app.clock import local_iso
from app.tickets.veil import Veil
from models.codes import AppealType, Satisfied
from models.evaluation import ServiceEvaluation
from models.workflow_codes import EvaluationClass, EvaluationState
from routing.evaluation import Tally
from routing.rulebook import Rulebook

_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class NewRating(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One rating as a platform hands it over."""

    source: _Short | None = None
    """Where it was given: only of whoever has the internal secret; a platform's key says it by itself."""
    external_id: _Short
    unit: _Short
    item: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    item_code: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    words: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    real_name: bool = False
    rater_name: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    rater_phone: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    rated_at: datetime | None = None


class VerdictBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``verdict``: a 清楚合理, b 复杂, c 无法定依据, d 误评或恶意."""

    verdict: str
    reason: Annotated[str, msgspec.Meta(max_length=1000)]
    unit: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class PublishBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``reply``: what is published; the unit's own answer when there is none."""

    reply: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class Rating(msgspec.Struct, kw_only=True):
    """A rating without its rater."""

    id: int
    unit: str
    unit_name: str
    item: str
    rating: int
    rating_name: str
    words: str
    real_name: bool
    state: str
    state_name: str
    verdict: str | None
    verdict_name: str | None
    ticket_no: str | None
    received_at: str | None
    verified_at: str | None
    rectified_at: str | None
    follow_up_at: str | None
    published_at: str | None


class UnitRatings(msgspec.Struct, kw_only=True):
    """What the public sees of one unit: counts and rates (null: nobody rated), and some replies."""

    unit: str
    unit_name: str
    total: int
    bad: int
    good_rate: float | None
    callback_rate: float | None
    rectified_rate: float | None
    called_in: bool
    replies: list[str]


def rating_of(row: ServiceEvaluation, book: Rulebook, ticket_no: str | None, sight: Sight) -> Rating:
    """One row, without who rated; what was written only for those who may read citizens' words, his number covered."""
    assert row.id is not None
    unit = book.units.get(row.unit)
    veil = Veil.over(sight, AppealType.COMPLAINT, confidential=True, numbers=(row.rater_phone,))
    return Rating(
        id=row.id,
        unit=row.unit,
        unit_name=unit.name if unit else row.unit,
        item=veil.words(row.item) if sight.content else "",
        rating=row.rating,
        rating_name=Satisfied.of(row.rating).label,
        words=veil.words(row.words) if sight.content else "",
        real_name=row.real_name,
        state=row.state,
        state_name=EvaluationState.of(row.state).label,
        verdict=row.verdict,
        verdict_name=EvaluationClass.of(row.verdict).label if row.verdict else None,
        ticket_no=ticket_no,
        received_at=local_iso(row.received_at),
        verified_at=local_iso(row.verified_at),
        rectified_at=local_iso(row.rectified_at),
        follow_up_at=local_iso(row.follow_up_at),
        published_at=local_iso(row.published_at),
    )


def published_of(unit: str, tally: Tally, replies: list[str], book: Rulebook, *, called_in: bool) -> UnitRatings:
    """A unit's line on the public page."""
    known = book.units.get(unit)
    return UnitRatings(
        unit=unit,
        unit_name=known.name if known else unit,
        total=tally.total,
        bad=tally.bad,
        good_rate=_rounded(tally.good_rate),
        callback_rate=_rounded(tally.callback_rate),
        rectified_rate=_rounded(tally.rectified_rate),
        called_in=called_in,
        replies=replies,
    )


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)
