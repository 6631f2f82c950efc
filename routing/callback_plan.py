"""How a citizen is asked about an answer (domain.md §1.5): by link, then by a machine's call or a person's. Pure.

A round begins when the hotline accepts a reply. Whoever does not open the link within the start limit is called, in
the hours in which citizens may be called; who does not pick up is called again in another part of the day, and after
so many tries what the unit reported stands, outside of the rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from models.workflow_codes import CallbackMode, CallbackResult
from routing.city.rules import EVENING, NOON, Rules, daypart
from routing.errors import CalendarError
from routing.rulebook import Rulebook

_LEAST = timedelta(minutes=10)
"""So much must be left of a stretch of calling hours for a call to be begun in it."""
_AGAIN = timedelta(minutes=30)
"""After a call that could not be placed."""
_BROKEN = 2
"""So many calls that could not be placed, then a person calls."""
_DAY = timedelta(days=1)
_LONGEST_DAYS = 8


@dataclass(frozen=True, slots=True)
class Try:
    """One try of the round. ``at``: when it ended. ``broken``: it could not be placed, which is not the citizen's."""

    mode: CallbackMode
    result: CallbackResult
    planned_at: datetime
    at: datetime | None = None
    unhappy: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """What is known when the next step is asked for. ``tries``: in their order."""

    began: datetime
    reachable: bool
    """Some number is known."""
    written: bool
    """He was sent a link."""
    profile: str | None = None
    supervised: bool = False
    reworked: bool = False
    tries: Sequence[Try] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """Call him: a person or a machine, at this time or as soon after as calls may be made."""

    mode: CallbackMode
    at: datetime


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing is left to ask: it may be closed."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something else has to happen first: the supervision is to be lifted."""


Next = Ask | Over | Wait


def next_step(round_: Round, book: Rulebook) -> Next:
    """What comes next in a round; the same facts give the same answer, whenever they are asked."""
    rules = book.city.rules
    over: Next = Wait() if round_.supervised else Over()
    if not round_.reachable:
        return over
    vain = [one for one in round_.tries if one.result is CallbackResult.NOT_REACHED and one.at is not None]
    rated = [one for one in round_.tries if one.result is CallbackResult.ANSWERED]
    refused = any(one.result is CallbackResult.REFUSED for one in round_.tries)
    if refused or in_vain([one.at for one in vain if one.at is not None], book):
        return over
    if rated and not _to_be_heard(rated[-1], rules):
        return over
    mode = CallbackMode.HUMAN if rated or _by_person(round_, vain, rules) else CallbackMode.AUTO_CALL
    return Ask(mode, _when(round_, vain, mode, book))


def in_vain(ended: Sequence[datetime], book: Rulebook) -> bool:
    """Whether tries that ended then are enough to give up: so many, in so many parts of the day."""
    rules, zone = book.city.rules, book.calendar.zone
    parts = {daypart(at.astimezone(zone).time()) for at in ended}
    return len(ended) >= rules.callback_tries and len(parts) >= rules.callback_dayparts


def allowed(at: datetime, book: Rulebook) -> datetime:
    """The first instant from ``at`` on at which a call may be begun."""
    for start, end in _stretches(at.astimezone(book.calendar.zone).date(), book):
        if at <= end - _LEAST:
            return max(at.astimezone(book.calendar.zone), start)
    raise AssertionError("a city's calling hours are never empty")


def ends(at: datetime, book: Rulebook) -> datetime:
    """Until when a call planned for an allowed instant may be begun."""
    return next(end for _, end in _stretches(at.astimezone(book.calendar.zone).date(), book) if at < end)


def _to_be_heard(rated: Try, rules: Rules) -> bool:
    """Whether a person is to hear why he is not content: unless one has asked him."""
    return rated.unhappy and rated.mode is not CallbackMode.HUMAN and "unhappy" in rules.callback_human_if


def _by_person(round_: Round, vain: Sequence[Try], rules: Rules) -> bool:
    wanted = rules.callback_human_if
    return (
        round_.profile in wanted
        or (round_.supervised and "supervised" in wanted)
        or (round_.reworked and "rework" in wanted)
        or (len(vain) == rules.callback_tries - 1 and "unreached" in wanted)
        or sum(one.broken for one in round_.tries) >= _BROKEN
    )


def _when(round_: Round, vain: Sequence[Try], mode: CallbackMode, book: Rulebook) -> datetime:
    if vain:
        at = _another_part(vain, book)
    elif mode is CallbackMode.AUTO_CALL and round_.written:
        at = allowed(_start(round_.began, book), book)
    else:
        at = allowed(round_.began, book)
    broken = [one.at for one in round_.tries if one.broken and one.at is not None]
    return allowed(max([at, *(when + _AGAIN for when in broken)]), book)


def _start(began: datetime, book: Rulebook) -> datetime:
    try:
        return book.due(book.city.rules.callback_start, began)
    except CalendarError:  # nobody is left unasked because a notice is missing
        return began + _DAY


def _another_part(vain: Sequence[Try], book: Rulebook) -> datetime:
    """Of the day than the last time; the last of the tries not on the one day of all the others."""
    zone = book.calendar.zone
    ended = sorted(one.at.astimezone(zone) for one in vain if one.at is not None)
    last, days = ended[-1], {at.date() for at in ended}
    for start, end in _stretches(last.date(), book):
        at = max(start, last)
        if at > end - _LEAST or daypart(at.time()) == daypart(last.time()):
            continue
        if len(vain) >= book.city.rules.callback_tries - 1 > 1 and days == {at.date()}:
            continue
        return at
    return allowed(last + _DAY, book)  # the city calls in one part of the day only


def _stretches(first: date, book: Rulebook) -> list[tuple[datetime, datetime]]:
    """Calling hours from a day on, cut where the parts of the day meet."""
    zone = book.calendar.zone
    found: list[tuple[datetime, datetime]] = []
    for ahead in range(_LONGEST_DAYS):
        day = first + timedelta(days=ahead)
        for start, end in book.city.rules.callback_hours:
            borders = [start, *(border for border in (NOON, EVENING) if start < border < end), end]
            edges = [datetime.combine(day, border, zone) for border in borders]
            found += pairwise(edges)
    return found
