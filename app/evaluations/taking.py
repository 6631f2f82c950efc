"""A rating comes in: kept once for its platform's own number; a bad one with a name becomes a ticket at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.numbers import normalise_number
from app.clock import in_city
from app.evaluations.schemas import NewRating
from app.intake.appeal import NewAppeal
from app.intake.services import register
from app.tickets.clockwork import Clockwork
from app.tickets.errors import InputError, MissingFieldError, TimeError, UnknownCodeError
from app.tickets.party import SYSTEM
from app.tickets.texts import clean
from models.codes import AppealType, Channel, ClockKind, Satisfied
from models.evaluation import ServiceEvaluation
from models.ticket import Ticket
from models.workflow_codes import EvaluationClass, EvaluationState
from routing.evaluation import PROFILES, is_bad
from routing.rulebook import Rulebook

CATEGORY = "140102"
"""窗口态度/拖延(差评): the leaf of every bad rating's ticket (domain.md §8)."""


async def take_rating(
    db: AsyncSession, book: Rulebook, new: NewRating, now: datetime, platform: str | None = None
) -> tuple[ServiceEvaluation, str | None]:
    """The rating, and the number of its ticket where it is bad and its rater can be called. The caller commits.

    Doing it again with the same number of the platform gives the same rating back. ``platform``: whose key it came
    with, and so its source, whatever it says.

    Raises:
        MissingFieldError: nobody says where it was given.
        UnknownCodeError: the unit.
        InputError, TimeError, MarkupError: a value that cannot be.
    """
    row = _checked(new, platform or new.source, book, now)
    values = {name: getattr(row, name) for name in ServiceEvaluation.model_fields if name != "id"}
    written = await db.execute(
        insert(ServiceEvaluation)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["external_id"])
        .returning(col(ServiceEvaluation.id))
    )
    number = written.scalar_one_or_none()
    found = select(ServiceEvaluation).filter_by(external_id=row.external_id).with_for_update()
    kept = (await db.execute(found)).scalar_one()
    if number is not None and kept.state == EvaluationState.VERIFY:
        await _open_ticket(db, book, kept, now)
    query = select(col(Ticket.no)).where(col(Ticket.id) == kept.ticket_id)
    return kept, (await db.execute(query)).scalar_one_or_none()


def _checked(new: NewRating, source: str | None, book: Rulebook, now: datetime) -> ServiceEvaluation:
    if source is None:
        raise MissingFieldError("须填写评价来源", "source")
    if new.unit not in book.units:
        raise UnknownCodeError(f"没有代码为“{new.unit}”的单位", "unit")
    at = in_city(new.rated_at) or now
    if at > now:
        raise TimeError("评价时间不能晚于现在", "rated_at")
    phone = normalise_number(new.rater_phone) if new.rater_phone else None
    if new.rater_phone and phone is None:
        raise InputError("评价人电话不是有效的号码", "rater_phone")
    loop = is_bad(new.rating) and new.real_name and phone is not None
    return ServiceEvaluation(
        source=clean(source, "source"),
        external_id=f"{source}/{clean(new.external_id, 'external_id')}",
        unit=new.unit,
        item=clean(new.item, "item"),
        item_code=new.item_code,
        rating=new.rating,
        words=clean(new.words, "words") if new.words.strip() else "",
        real_name=new.real_name,
        rater_name=clean(new.rater_name, "rater_name") if new.rater_name else None,
        rater_phone=phone,
        state=(EvaluationState.VERIFY if loop else EvaluationState.DONE).value,
        received_at=now,
    )


async def _open_ticket(db: AsyncSession, book: Rulebook, rating: ServiceEvaluation, now: datetime) -> None:
    """Its ticket is confidential: who rated is hidden from the rated. The call-back is due within a working day."""
    level = Satisfied.of(rating.rating).label
    appeal = NewAppeal(
        channel=Channel.BAD_REVIEW.value,
        content=f"对“{rating.item}”评价为{level}。{rating.words}".strip(),
        title=f"{level}：{rating.item}"[:100],
        type=AppealType.COMPLAINT.value,
        category=CATEGORY,
        unit=rating.unit,
        phone=rating.rater_phone,
        caller_name=rating.rater_name,
        confidential=True,
    )
    profile = PROFILES[EvaluationClass.CLEAR]
    ticket = await register(db, book, appeal, SYSTEM, now, profile=profile, told={"evaluation": rating.id})
    rating.ticket_id = ticket.id
    work = Clockwork(db, ticket, [], book, now)
    limit = book.limit_of(ClockKind.EVALUATION_VERIFY, profile)
    work.start(ClockKind.EVALUATION_VERIFY, limit=limit, holder=book.hotline())
    ticket.missing_clocks = list(dict.fromkeys([*ticket.missing_clocks, *work.missing]))
    await db.flush()
