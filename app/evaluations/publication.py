"""What everybody may see of the ratings (domain.md §8): by unit and month, masked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.evaluations.schemas import UnitRatings, published_of
from routing.evaluation import WORST_GOOD, Tally, called_in
from routing.rulebook import Rulebook

_SAMPLE = 5
_TALLY = text(
    """
    SELECT unit, count(*) AS total, count(*) FILTER (WHERE rating < :good) AS bad,
      count(*) FILTER (WHERE rating < :good AND ticket_id IS NOT NULL) AS bad_named,
      count(*) FILTER (WHERE rating < :good AND ticket_id IS NOT NULL AND verified_at IS NOT NULL) AS called_back,
      count(*) FILTER (WHERE verdict IN ('a', 'b')) AS due_right,
      count(*) FILTER (WHERE verdict IN ('a', 'b') AND rectified_at IS NOT NULL) AS put_right
    FROM service_evaluations
    WHERE received_at >= :since AND received_at < :until AND verdict IS DISTINCT FROM 'd'
    GROUP BY unit ORDER BY unit
    """
)
_REPLIES = text(
    """
    SELECT unit, reply FROM (
      SELECT unit, reply, row_number() OVER (PARTITION BY unit ORDER BY published_at DESC) AS place
      FROM service_evaluations WHERE published_at >= :since AND published_at < :until) r
    WHERE place <= :sample ORDER BY unit, place
    """
)


async def tallies(db: AsyncSession, since: datetime, until: datetime) -> dict[str, Tally]:
    """Ratings by unit; what was found to be a mistake or malice is kept, but not counted."""
    rows = await db.execute(_TALLY, {"since": since, "until": until, "good": WORST_GOOD})
    return {
        row.unit: Tally(row.total, row.bad, row.bad_named, row.called_back, row.due_right, row.put_right)
        for row in rows
    }


async def published(
    db: AsyncSession, book: Rulebook, since: datetime, until: datetime, months: Sequence[tuple[datetime, datetime]]
) -> list[UnitRatings]:
    """The public page's lines. ``months``: the last two, by which 约谈 is decided."""
    by_unit = await tallies(db, since, until)
    replies: dict[str, list[str]] = {}
    values: dict[str, Any] = {"since": since, "until": until, "sample": _SAMPLE}
    for row in await db.execute(_REPLIES, values):
        replies.setdefault(row.unit, []).append(row.reply)
    talks = called_in([await tallies(db, *month) for month in months])
    return [
        published_of(unit, tally, replies.get(unit, []), book, called_in=unit in talks)
        for unit, tally in by_unit.items()
    ]


def last_months(now: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """The last whole calendar months before ``now`` in its own zone, the oldest first."""
    end = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months: list[tuple[datetime, datetime]] = []
    for _ in range(count):
        begin = end.replace(year=end.year - (end.month == 1), month=end.month - 1 or 12)
        months.insert(0, (begin, end))
        end = begin
    return months
