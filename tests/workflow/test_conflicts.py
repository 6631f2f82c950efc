"""Several people act on one ticket at the same instant (issue 3, done when): one wins, the others are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.embedded.postgres import EmbeddedPostgres
from app.errors import HotlineError
from app.tickets.actions import act, present_state
from app.tickets.body import ActionBody
from app.tickets.errors import TicketChangedError
from app.tickets.facts import facts_of
from models.codes import TicketStatus
from models.session import engine, sessions
from models.ticket import Ticket
from models.verify import verify
from models.workflow_codes import TicketAction as A
from routing.errors import RoutingError
from routing.permits import RefusedError
from routing.rulebook import Rulebook
from routing.workflow_terms import Step
from tests.fixtures.life import AGENT, DISPATCHER, Life
from tests.fixtures.servers import admin, number, url_of
from tests.workflow.forms import FORMS, Form, body_of
from tests.workflow.oracle import answer
from tests.workflow.people import Person, everybody
from tests.workflow.situations import Situation
from tests.workflow.tally import Tally
from tests.workflow.walk import Walk

pytestmark = pytest.mark.slow
_ROUNDS = 200
_BESIDE = {A.WARN, A.OVERDUE, A.UNLINK, A.LINK, A.DROP_CO, A.MERGE}
"""Of two tickets, or of something that need not be there: tested apart."""


@pytest.fixture
async def arena(postgres: EmbeddedPostgres, stage) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """The stage once more, for those who commit."""
    name = f"arena_{number()}"
    admin(postgres, f"CREATE DATABASE {name} TEMPLATE stage STRATEGY file_copy")
    db_engine = engine(url_of(postgres, name), pool_size=6)
    yield sessions(db_engine)
    await db_engine.dispose()
    admin(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Wish:
    """What somebody is about to do."""

    person: Person
    step: Step
    body: ActionBody


async def _wishes(db: AsyncSession, book: Rulebook, place: Situation, file: int) -> tuple[Ticket, list[Wish]]:
    """All that anybody may do to a ticket as it is now."""
    walk = await Walk.at(db, book, place, file, Tally(), special=True)
    found = []
    for form in FORMS:
        if form.action in _BESIDE:
            continue
        facts = _facts(walk, form, book, place)
        for person in everybody(walk.units):
            step = answer(form.action, facts.status, person, facts)
            if isinstance(step, Step):
                found.append(Wish(person, step, body_of(form, step, walk.units, place.now, file)))
    return walk.ticket, found


def _facts(walk: Walk, form: Form, book: Rulebook, place: Situation) -> Any:
    draft = body_of(form, None, walk.units, place.now, walk.file)
    return facts_of(walk.ticket, walk.presents[draft.target_no], book, place.now, draft, form.action)


async def _at_once(
    arena: async_sessionmaker[AsyncSession], book: Rulebook, place: Situation, wishes: list[Wish], version: int | None
) -> list[Ticket | Exception]:
    """Each on a connection of its own; all are ready before the first one begins."""
    start = asyncio.Barrier(len(wishes))

    async def one(wish: Wish) -> Ticket:
        async with arena() as db:
            await db.execute(text("SELECT 1"))
            await start.wait()
            ticket = await act(
                db, book, place.no, wish.step.action, wish.body, wish.person.party, place.now, expected_version=version
            )
            await db.commit()
            return ticket

    return await asyncio.gather(*(one(wish) for wish in wishes), return_exceptions=True)  # type: ignore[return-value]


async def _works(
    arena: async_sessionmaker[AsyncSession], book: Rulebook, place: Situation, wishes: list[Wish]
) -> list[Wish]:
    """Those that nothing but another one is in the way of: who helps already, or is no helper any more, is no race."""
    found = []
    for wish in wishes:
        async with arena() as db:
            with suppress(HotlineError, RoutingError):
                await act(db, book, place.no, wish.step.action, wish.body, wish.person.party, place.now)
                await db.flush()
                found.append(wish)
            await db.rollback()
    return found


def _pick(random: Random, wishes: list[Wish], count: int, *, moving: bool) -> list[Wish]:
    """Different actions; ``moving``: such that change the state."""
    pool = [wish for wish in wishes if not moving or wish.step.target is not None]
    random.shuffle(pool)
    chosen: dict[A, Wish] = {}
    for wish in pool:
        if len(chosen) < count:
            chosen.setdefault(wish.step.action, wish)
    return list(chosen.values())


async def _state(arena: async_sessionmaker[AsyncSession], no: str) -> tuple[dict[str, Any], int]:
    """What the ticket is now, and how many events it has."""
    async with arena() as db:
        ticket = (await db.execute(select(Ticket).filter_by(no=no))).scalar_one()
        events = text("SELECT count(*) FROM ticket_events WHERE ticket_id = :id")
        return present_state(ticket), (await db.execute(events, {"id": ticket.id})).scalar_one()


async def _no_faults(arena: async_sessionmaker[AsyncSession]) -> None:
    async with arena() as db:
        assert not [(check.name, check.examples) for check in await verify(db) if check.breaches]


async def test_of_two_or_three_at_the_same_instant_one_wins_and_the_others_see_what_it_is_now(stage, arena, book):
    random, pairs, rounds = Random(12345), set(), 0
    while rounds < _ROUNDS:
        place = random.choice(stage.situations)
        async with arena() as db:
            ticket, wishes = await _wishes(db, book, place, await Life(arena, book).file())
        contest = await _works(arena, book, place, _pick(random, wishes, random.choice((2, 2, 3)), moving=False))
        if len(contest) < 2:
            continue
        rounds += 1
        pairs.add(frozenset(wish.step.action for wish in contest))
        _, events = await _state(arena, place.no)
        outcomes = await _at_once(arena, book, place, contest, ticket.version)
        told = f"{place.name}: {[(wish.step.action.value, wish.person.key) for wish in contest]} {outcomes}"
        winners = [outcome for outcome in outcomes if isinstance(outcome, Ticket)]
        losers = [outcome for outcome in outcomes if not isinstance(outcome, Ticket)]
        assert len(winners) == 1, told
        now, after = await _state(arena, place.no)
        assert after == events + 1, told
        assert now == present_state(winners[0])
        for loser in losers:
            assert isinstance(loser, TicketChangedError), told
            assert (loser.status, loser.id, loser.extra) == (412, "ticket.changed", now)
    await _no_faults(arena)
    assert len(pairs) > _ROUNDS // 2, "always the same ones"


async def test_without_a_version_the_later_one_is_judged_by_what_the_first_has_made_of_it(stage, arena, book):
    random, refused, rounds = Random(54321), 0, 0
    while rounds < _ROUNDS // 2:
        place = random.choice(stage.situations)
        async with arena() as db:
            ticket, wishes = await _wishes(db, book, place, await Life(arena, book).file())
        contest = await _works(arena, book, place, _pick(random, wishes, 2, moving=True))
        if len(contest) < 2:
            continue
        rounds += 1
        _, events = await _state(arena, place.no)
        outcomes = await _at_once(arena, book, place, contest, None)
        told = f"{place.name}: {[(wish.step.action.value, wish.person.key) for wish in contest]} {outcomes}"
        done = [outcome for outcome in outcomes if isinstance(outcome, Ticket)]
        assert done, told
        now, after = await _state(arena, place.no)
        assert after == events + len(done), told
        assert now["version"] == ticket.version + len(done)
        for outcome in outcomes:
            if not isinstance(outcome, Ticket):
                assert isinstance(outcome, RefusedError), told
                assert {name: outcome.extra[name] for name in now} == now, told
                refused += 1
    await _no_faults(arena)
    assert refused > rounds // 2


# ---- two tickets at once


async def _merge(arena, book, child: str, master: str, now, action: A = A.MERGE, **fields: Any) -> Ticket:
    async with arena() as db:
        fields = {"target_no": master, "reason": "同一诉求"} | fields
        ticket = await act(db, book, child, action, ActionBody(**fields), AGENT, now)
        await db.commit()
        return ticket


async def test_two_tickets_merged_into_each_other_leave_one_master(stage, arena, book):
    places = stage.of(TicketStatus.REVIEW)[:1] + stage.of(TicketStatus.DISPATCH)[:1]
    for place, other in [(*places,), (*reversed(places),)] * 5:
        outcomes = await asyncio.gather(
            _merge(arena, book, place.no, other.no, place.now), _merge(arena, book, other.no, place.no, place.now),
            return_exceptions=True,
        )  # fmt: skip
        done = [outcome for outcome in outcomes if isinstance(outcome, Ticket)]
        lost = [outcome for outcome in outcomes if not isinstance(outcome, Ticket)]
        assert len(done) == 1, outcomes
        assert isinstance(lost[0], RefusedError), lost
        await _no_faults(arena)
        async with arena() as db:
            body = ActionBody(reason="误并")
            await act(db, book, done[0].no, A.UNMERGE, body, DISPATCHER, place.now)
            await db.commit()


async def test_nothing_is_merged_into_what_is_being_merged_itself(stage, arena, book):
    first, second, third = (
        stage.of(state)[0] for state in (TicketStatus.DRAFT, TicketStatus.REVIEW, TicketStatus.DISPATCH)
    )
    for child, middle, master in (
        (first, second, third), (third, second, first), (second, first, third), (second, third, first),
    ) * 3:  # fmt: skip
        outcomes = await asyncio.gather(
            _merge(arena, book, child.no, middle.no, child.now), _merge(arena, book, middle.no, master.no, child.now),
            return_exceptions=True,
        )  # fmt: skip
        done = [outcome for outcome in outcomes if isinstance(outcome, Ticket)]
        assert len(done) == 1, outcomes
        await _no_faults(arena)
        async with arena() as db:
            await act(db, book, done[0].no, A.UNMERGE, ActionBody(reason="误并"), DISPATCHER, child.now)
            await db.commit()


async def test_two_tickets_linked_with_each_other_are_linked_once(stage, arena, book):
    first, second = (stage.of(state)[0] for state in (TicketStatus.DRAFT, TicketStatus.REVIEW))
    for _ in range(5):
        outcomes = await asyncio.gather(
            *(
                _merge(arena, book, one.no, other.no, one.now, A.LINK, link_kind="same_place", reason=None)
                for one, other in ((first, second), (second, first))
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Ticket) for outcome in outcomes) == 1, outcomes
        await _merge(arena, book, first.no, second.no, first.now, A.UNLINK)
    await _no_faults(arena)
