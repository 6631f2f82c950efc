"""Lives of tickets for a load: for each state and profile a few, with their clocks, events and holders, all consistent.

The mix of types follows domain.md §7.2, that of the leaves Yinchuan's own top lists; words are the project's examples.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.bench.shape import hours_of_week, monday_before
from app.tickets.clockwork import HOLDERS, overdue_field
from models.codes import AppealType, ClockKind, TicketStatus
from routing.city.schema import Category
from routing.errors import CalendarError
from routing.ladder import Course, rung_at
from routing.rulebook import Rulebook
from routing.title import make_title

S, K = TicketStatus, ClockKind

OPEN_MIX: dict[TicketStatus, float] = {
    S.REVIEW: 0.06, S.DISPATCH: 0.02, S.SIGN: 0.10, S.RETURN_REQUESTED: 0.01, S.HANDLING: 0.59, S.UNIT_SIGN: 0.04,
    S.REPLY_REVIEW: 0.06, S.CALLBACK: 0.12,
}  # fmt: skip
YEAR_MIX: dict[TicketStatus, float] = {
    **{status: share * 0.04 for status, share in OPEN_MIX.items()}, S.CLOSED: 0.02, S.ARCHIVED: 0.94,
}  # fmt: skip
"""A year's tickets as a running city has them: most are long done."""
_TYPES = {"咨询": 47.09, "求助": 30.30, "建议": 14.75, "投诉": 4.90, "举报": 0.41, "表扬": 0.32, "其他": 2.22}
"""City weekly figures of domain.md §7.2; its 投诉举报 parted as in Xining's."""
_OF_LEAVES = {
    "040103": 12.0, "0901": 7.0, "0201": 6.0, "0402": 5.0, "0403": 5.0, "0101": 5.0, "0401": 3.0, "0404": 3.0,
    "0304": 4.0, "05": 2.5, "0602": 2.5, "0601": 2.0, "1401": 2.0, "1403": 2.0,
}  # fmt: skip
"""How much more often than others, the longest beginning of a leaf's code counting: noise, street order, traffic,
property management, lost things, consumers, buses and taxis lead Yinchuan's lists (domain.md §5, §7.2)."""
_OF_PROFILES = {"E1": 0.05, "E2": 0.5, "T": 0.15}
"""Dangers and what is only transferred are rarer than their number of leaves."""
_ANSWERED = frozenset({S.UNIT_SIGN, S.REPLY_REVIEW, S.CALLBACK})
_DONE = frozenset({S.CLOSED, S.ARCHIVED})
STORIES = 40
"""Different lives of each state and profile."""
_STEP = timedelta(minutes=21)


@dataclass(frozen=True, slots=True)
class Words:
    """One appeal: what it is about, where, and who takes it."""

    title: str
    content: str
    category: str
    type: str
    urgency: int
    district: str
    address: str
    unit: str
    tier: int
    profile: str
    rule: str
    basis: str


@dataclass(slots=True)
class Story:
    """One life up to now; units are those of the words it is joined with."""

    status: TicketStatus
    profile: str
    created: datetime
    dispatched: datetime | None = None
    closed: datetime | None = None
    due: datetime | None = None
    citizen_due: datetime | None = None
    clocks: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, str, datetime, str]] = field(default_factory=list)
    """Kind, actor, when, payload as canonical JSON."""


def words(book: Rulebook, examples: Path, count: int, seed: int = 12345) -> list[Words]:
    """``count`` appeals in the city's mix, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311  (a load, no secret)
    files = [path.read_text("utf-8").splitlines() for path in sorted(examples.glob("*.csv"))]
    rows = [row for file in files for row in csv.DictReader(file)]
    rows = [row for row in rows if row["leaf"] in book.categories]
    shares = [_share(book.categories[row["leaf"]]) for row in rows]
    number: dict[str, float] = defaultdict(float)
    for row, share in zip(rows, shares, strict=True):
        number[row["type"]] += share
    weights = [
        share * _TYPES.get(row["type"], 1.0) / number[row["type"]] for row, share in zip(rows, shares, strict=True)
    ]
    districts = [place for place in book.city.places if place.kind == "district"]
    by_key = {(row.category, row.district): row for row in reversed(book.city.catalogue)}
    found = []
    for row in chance.choices(rows, weights, k=count):
        category = book.categories[row["leaf"]]
        place = chance.choice(districts)
        hit = by_key.get((category.code, place.code)) or by_key.get((category.code, None))
        unit = hit.unit if hit else book.city.backstop.get(place.code) or book.city.backstop["*"]
        urgency = {"E1": 1, "E2": 2}.get(category.profile, 3)
        kind = AppealType.of_label(row["type"])
        found.append(
            Words(
                title=make_title(row["text"], category, None),
                content=row["text"],
                category=category.code,
                type=kind.value,
                urgency=urgency,
                district=place.code,
                address=f"{place.name}{chance.randint(1, 400)}号",
                unit=unit,
                tier=book.units[unit].tier,
                profile=book.profile_for(category.code, kind.value, urgency),
                rule=hit.id if hit else "rule:backstop",
                basis=hit.basis if hit else "目录无对应条目，属地兜底",
            )
        )
    return found


def _share(category: Category) -> float:
    known = (category.code[:length] for length in (6, 4, 2))
    return _OF_PROFILES.get(category.profile, 1.0) * next(
        (_OF_LEAVES[code] for code in known if code in _OF_LEAVES), 1.0
    )


def state_of(status: TicketStatus, profile: str, book: Rulebook) -> TicketStatus:
    """The state a ticket of this profile can be in: what nobody signs for or answers (P, T) is in hand or done."""
    signed = book.profile(profile).sign is not None
    return status if signed or status in {S.REVIEW, S.DISPATCH, *_DONE} else S.HANDLING


def stories(book: Rulebook, status: TicketStatus, profile: str, now: datetime) -> list[Story]:
    """Lives that stand in this state at ``now``: no rung of any clock has been reached, all calendars are known."""
    candidates = [story for at in _starts(status, now) if (story := _tell(book, status, profile, at, now))]
    if not candidates:
        raise ValueError(f"no ticket of profile {profile} can be in state {status.value} at {now}")
    step = max(1, len(candidates) // STORIES)
    chosen = candidates[::step][:STORIES]
    return [chosen[number % len(chosen)] for number in range(STORIES)]


def _starts(status: TicketStatus, now: datetime) -> Iterator[datetime]:
    if status is S.ARCHIVED:
        monday = monday_before(now - timedelta(days=12))  # the load moves them whole weeks back
        yield from (monday + moment for moment in hours_of_week(STORIES))
    elif status is S.CLOSED:
        yield from (now - timedelta(days=3) - number * timedelta(hours=1) for number in range(60))
    else:
        near = (now - number * timedelta(seconds=20) for number in range(1, 21))
        yield from near
        yield from (now - number * _STEP for number in range(1, 270))


def _tell(book: Rulebook, status: TicketStatus, profile: str, at: datetime, now: datetime) -> Story | None:
    at = at.replace(microsecond=0)
    span = (min(timedelta(days=3), now - at) if status in _DONE else now - at) / 10
    when = [at + number * span for number in range(11)]
    when = [moment.replace(microsecond=0) for moment in when]
    story = Story(status, profile, at)
    try:
        _clocks(story, book, when)
    except CalendarError:
        return None
    if any(clock["stopped_at"] is None and not clock["paused"] and not _ahead(clock, now) for clock in story.clocks):
        return None
    _events(story, when)
    return story


def _ahead(clock: dict[str, Any], now: datetime) -> bool:
    return clock["next_at"] is not None and clock["next_at"] > now


def _clocks(story: Story, book: Rulebook, when: list[datetime]) -> None:
    status, row, end = story.status, book.profile(story.profile), None
    if status in _DONE:
        end = story.closed = when[9]
    if row.finish or row.first_feedback:
        _run(story, book, K.CITIZEN, when[0], end)
    if status in {S.REVIEW, S.DISPATCH}:
        _run(story, book, K.DISPATCH, when[0])
        story.due = story.citizen_due
        return
    story.dispatched = when[1]
    signed = None if status is S.SIGN else when[2]
    touched = None if status in {S.SIGN, S.RETURN_REQUESTED} else when[3]
    _run(story, book, K.SIGN, when[1], signed)
    _run(story, book, K.CONTACT, when[1], touched)
    counts = overdue_field(K.FEEDBACK, story.profile, book) is not None  # then nothing else is due
    _run(story, book, K.FEEDBACK, when[1], (end or (when[5] if status in _ANSWERED else None)) if counts else touched)
    answered = when[7] if status is S.CALLBACK else end
    _run(story, book, K.FINISH, when[1], answered, held=when[6] if status is S.REPLY_REVIEW else None)
    beyond = {
        S.RETURN_REQUESTED: (K.RETURN_REVIEW, 3),
        S.REPLY_REVIEW: (K.REVIEW, 6),
        S.CALLBACK: (K.CALLBACK, 7),
        S.CLOSED: (K.ARCHIVE, 9),
    }
    if status in beyond:
        kind, number = beyond[status]
        _run(story, book, kind, when[number])
    elif status is S.ARCHIVED:
        _run(story, book, K.ARCHIVE, when[9], when[9] + timedelta(days=7))


def _run(
    story: Story,
    book: Rulebook,
    kind: ClockKind,
    start: datetime,
    stop: datetime | None = None,
    *,
    held: datetime | None = None,
) -> None:
    limit = book.limit_of(kind, story.profile)
    if limit is None:
        return
    due = book.due(limit, start)
    rung = rung_at(Course(kind, limit, start, due, book.is_urgent(story.profile)), 0, book)
    story.clocks.append(
        {
            "kind": kind.value,
            "limit": limit,
            "started_at": start,
            "due": due,
            "stopped_at": stop,
            "outcome": None if stop is None else "done",
            "next_at": rung.at if rung and stop is None and held is None else None,
            "paused": [] if held is None else [{"from": held.isoformat(), "reason": "reply_review"}],
            "of_unit": kind in HOLDERS,
        }
    )
    name = overdue_field(kind, story.profile, book)
    if name == "citizen_overdue":
        story.citizen_due = due
    elif name == "unit_overdue":
        story.due = due


def _events(story: Story, when: list[datetime]) -> None:
    """What has happened to it. Ids of people are made up; ``@unit`` becomes the ticket's unit."""
    told = [("created", "system", 0, '{"channel":"10"}'), ("classified", "system", 0, '{"unit":"@unit"}')]
    if story.dispatched is not None:
        told.append(("dispatched", "system", 1, '{"unit":"@unit"}'))
    if story.status not in {S.REVIEW, S.DISPATCH, S.SIGN}:
        told.append(("sign", "user:2", 2, '{"from":40,"to":50}'))
        if story.status is S.RETURN_REQUESTED:
            told.append(("request_return", "user:2", 3, '{"code":"R01","from":50,"to":45}'))
        else:
            told.append(("contact", "user:3", 3, '{"from":50,"result":"reached","to":50}'))
    if story.status in _ANSWERED | _DONE:
        told.append(("submit_reply", "user:3", 5, '{"from":50,"solved":1,"to":60}'))
    if story.status in {S.REPLY_REVIEW, S.CALLBACK, *_DONE}:
        told.append(("sign_off", "user:4", 6, '{"from":60,"to":62}'))
    if story.status in {S.CALLBACK, *_DONE}:
        told.append(("accept_reply", "user:5", 7, '{"from":62,"to":70}'))
    if story.status in _DONE:
        told.append(("record_callback", "user:6", 9, '{"callback_result":"answered","from":70,"satisfied":5,"to":80}'))
    story.events = [(kind, actor, when[number], payload) for kind, actor, number, payload in told]
    if story.status is S.ARCHIVED:
        story.events.append(("archive", "system", when[9] + timedelta(days=7), '{"from":80,"to":90}'))
