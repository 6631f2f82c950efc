"""Walks every action of everybody on a ticket: what is allowed happens whole, the rest leaves no trace.

Each allowed step is taken for real in a savepoint and undone. A refusal is asked for on a session that may not be
touched, with the facts read once; one of each person's is asked for on the database too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets import actions
from app.tickets.actions import lock_ticket, other_ticket
from app.tickets.body import ActionBody
from app.tickets.facts import Present, facts_of, read_present
from models.ticket import Ticket
from models.workflow_codes import TicketAction as A
from routing.permits import GuardError, NotPermittedError, RefusedError
from routing.rulebook import Rulebook
from routing.workflow import TABLE
from routing.workflow_terms import Step
from tests.fixtures.life import UNIT
from tests.workflow.done import Done
from tests.workflow.effects import check
from tests.workflow.forms import FORMS, Form, body_of
from tests.workflow.oracle import Refusal, answer
from tests.workflow.people import COMMUNITY, HELPER, STRANGER, Person, Units, everybody
from tests.workflow.record import breaches, digest, read
from tests.workflow.situations import Situation
from tests.workflow.tally import Tally

_NUMBER = {id(step): number for number, step in enumerate(TABLE)}


class Untouchable:
    """A session for whoever must not get as far as the database: it knows the ticket as it was read once."""

    def __init__(self, ticket: Ticket, presents: dict[str | None, Present]) -> None:
        self.ticket = ticket
        self.presents = presents

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"went on to the database: {name}")


def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on acting on an untouchable session reads nothing; on any other it does what it always does."""

    async def lock(db: Any, *numbers: str | None) -> Ticket:
        return db.ticket if isinstance(db, Untouchable) else await lock_ticket(db, *numbers)

    async def other(db: Any, *request: Any) -> str | None:
        return None if isinstance(db, Untouchable) else await other_ticket(db, *request)

    async def present(db: Any, ticket: Ticket, now: datetime, target_no: str | None = None) -> Present:
        return db.presents[target_no] if isinstance(db, Untouchable) else await read_present(db, ticket, now, target_no)

    monkeypatch.setattr(actions, "lock_ticket", lock)
    monkeypatch.setattr(actions, "other_ticket", other)
    monkeypatch.setattr(actions, "read_present", present)


@dataclass
class Walk:
    """Of one situation."""

    db: AsyncSession
    book: Rulebook
    situation: Situation
    file: int
    tally: Tally
    random: Random
    ticket: Ticket
    units: Units
    presents: dict[str | None, Present]
    special: bool
    """Not the first situation of its state."""

    @classmethod
    async def at(
        cls, db: AsyncSession, book: Rulebook, situation: Situation, file: int, tally: Tally, *, special: bool
    ) -> Walk:
        ticket = (await db.execute(select(Ticket).filter_by(no=situation.no))).scalar_one()
        present = await read_present(db, ticket, situation.now)
        walk = cls(
            db, book, situation, file, tally, Random(situation.name), ticket, _units_of(ticket, present, book),
            {None: present}, special,
        )  # fmt: skip
        await walk._read_targets()
        return walk

    async def _read_targets(self) -> None:
        for form in FORMS:
            no = body_of(form, None, self.units, self.situation.now, self.file).target_no
            if no not in self.presents:
                self.presents[no] = await read_present(self.db, self.ticket, self.situation.now, no)

    async def everything(self) -> None:
        """Every action with every form by everybody."""
        assert self.ticket.id is not None
        people = everybody(self.units)
        before, whole = await read(self.db, self.ticket.id), await digest(self.db)
        self.db.expunge_all()  # the readings stay as they were, whatever happens now
        refused: dict[str, list[tuple[Form, Refusal]]] = {}
        for form in FORMS:
            draft = body_of(form, None, self.units, self.now, self.file)
            facts = facts_of(self.ticket, self.presents[draft.target_no], self.book, self.now, draft, form.action)
            for person in people:
                expected = answer(form.action, self.situation.state, person, facts)
                if self.special and isinstance(expected, Refusal) and expected.error is NotPermittedError:
                    continue  # hangs on nothing but the person: asked for in the plain situation
                if isinstance(expected, Refusal):
                    await self._refused(form, person, expected)
                    refused.setdefault(person.key, []).append((form, expected))
                else:
                    await self._allowed(form, person, expected, before)
        for person in people if not self.special else ():
            await self._refused_on_record(person, *self.random.choice(refused[person.key]), whole)
        assert await digest(self.db) == whole, "something stayed"

    @property
    def now(self) -> datetime:
        return self.situation.now

    def _body(self, form: Form, step: Step | None) -> ActionBody:
        return body_of(form, step, self.units, self.now, self.file)

    async def _refused(self, form: Form, person: Person, expected: Refusal) -> None:
        where = f"{self.situation.name}: {form.action} by {person.key}"
        error = await self._asked(Untouchable(self.ticket, self.presents), form, person, where)
        self._judge(error, expected, where)
        self.tally.cells["refused"] += 1
        self.tally.refusals[expected.error.__name__] += 1
        if expected.guard is not None:
            self.tally.guards[expected.guard] += 1

    async def _asked(self, db: Any, form: Form, person: Person, where: str) -> RefusedError:
        try:
            await actions.act(
                db, self.book, self.situation.no, form.action, self._body(form, None), person.party, self.now
            )
        except RefusedError as error:
            return error
        raise AssertionError(f"{where} was not refused")

    def _judge(self, error: RefusedError, expected: Refusal, where: str) -> None:
        assert type(error) is expected.error, f"{where}: {error.id} instead of {expected.error.id}"
        assert error.guard == expected.guard, where
        assert error.extra["ticket_status"] == self.situation.state
        assert error.extra["version"] == self.ticket.version
        if isinstance(error, GuardError):
            assert error.extra["guard"] == expected.guard
        assert error.message
        assert not error.message.isascii(), "people read Chinese"

    async def _refused_on_record(
        self, person: Person, form: Form, expected: Refusal, whole: dict[str, str | None]
    ) -> None:
        where = f"{self.situation.name}: {form.action} by {person.key}, on the database"
        undo = await self.db.begin_nested()
        error = await self._asked(self.db, form, person, where)
        self._judge(error, expected, where)
        assert await digest(self.db) == whole, where
        await undo.rollback()
        self.tally.on_record += 1

    async def _allowed(self, form: Form, person: Person, step: Step, before: Any) -> None:
        self.tally.cells["allowed"] += 1
        row = _NUMBER[id(step)]
        here, key = (self.situation.name, row, form.label), (self.situation.state.value, row, person.key, form.label)
        done_before = here in self.tally.tried and key in self.tally.taken
        if done_before or not self._makes_sense(form.action, before):
            return
        body = self._body(form, step)
        undo = await self.db.begin_nested()
        try:
            await actions.act(self.db, self.book, self.situation.no, form.action, body, person.party, self.now)
            await self.db.flush()
            assert self.ticket.id is not None
            done = Done(
                step, person.party.name, body.given(), self.now, before, await read(self.db, self.ticket.id), self.book
            )
            check(done)
            if here not in self.tally.tried:
                assert await breaches(self.db) == []
        except Exception as error:
            where = f"{self.situation.name}: {form.action}{form.label} by {person.key}"
            raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
        finally:
            await undo.rollback()
            self.db.expunge_all()
        self.tally.steps += 1
        self.tally.tried.add(here)
        self.tally.taken.add(key)

    def _makes_sense(self, action: A, before: Any) -> bool:
        """Some the table always allows, and they can only do something where there is something to do it to."""
        if action is A.UNLINK:
            return self.situation.name.endswith("_marked")
        if action is A.SUB_DISPATCH:
            return self.units.lower is not None
        return action is not A.DROP_CO or bool(before.live("co_handlings"))


def _units_of(ticket: Ticket, present: Present, book: Rulebook) -> Units:
    host = ticket.host_unit or UNIT
    above = book.units[host].parent or host
    below = next((unit.code for unit in book.units.values() if unit.parent == (ticket.sub_unit or host)), None)
    return Units(
        host=host,
        above=above,
        sub=ticket.sub_unit or below or COMMUNITY,
        unrelated=STRANGER,
        co=HELPER,
        sub_open=bool(present.subs),
        co_open=bool(present.helpers),
        above_helps=any(book.is_below(helper.unit, above) for helper in present.helpers),
        lower=below,
    )
