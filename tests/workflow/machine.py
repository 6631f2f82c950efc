"""Random people act on tickets at random times while workers die: whatever comes of it, the record holds together."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.embedded.postgres import EmbeddedPostgres
from app.errors import HotlineError
from app.tickets.actions import act
from app.tickets.body import ActionBody
from app.tickets.facts import facts_of
from models.codes import TicketStatus
from models.session import engine, is_outage, sessions
from models.ticket import Ticket
from models.workflow_codes import TicketAction as A
from routing.errors import RoutingError
from routing.rulebook import Rulebook
from routing.workflow_terms import Step
from tests.fixtures.life import MONDAY, OTHER, SHANGHAI, THIRD, UNIT, Life, new_ticket
from tests.fixtures.servers import admin, number, url_of
from tests.workflow.forms import FORMS, Form, body_of
from tests.workflow.holds import Watch
from tests.workflow.oracle import answer
from tests.workflow.people import COMMUNITY, DISTRICT, HELPER, STREET, Person, everybody
from tests.workflow.situations import GONE, MASTER, PLAIN, Situation, play_others
from tests.workflow.tally import Tally
from tests.workflow.walk import Walk
from tests.workflow.working import CountingGateway, Working, killed_worker

Result = TypeVar("Result")


@dataclass
class World:
    """Where the machine runs, and what all its runs have come to."""

    postgres: EmbeddedPostgres
    template: str
    book: Rulebook
    counts: Counter[str] = field(default_factory=Counter)
    states: Counter[int] = field(default_factory=Counter)
    """In which state a ticket was after somebody had acted on it."""


@dataclass(frozen=True)
class Wish:
    """What somebody may do now."""

    form: Form
    person: Person
    step: Step


_UNITS = (STREET, DISTRICT, COMMUNITY, HELPER, UNIT, OTHER, THIRD, "640100-12345", "640199", "")
_TEXTS = ("已现场核实", "<script>alert(1)</script>", "  ", "行\n行", "a\x00b", "长" * 900, "😀", "\ud800", "\u202e反")
_STRANGE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        ("reason", "text", "basis", "public_reply", "co_demand", "unsolved_reason", "route", "target", "title",
         "demand", "number", "subject", "address", "street"), _TEXTS,
    ),
    "code": ("R01", "R03", "R07", "R99", "N1", "N9", "X01", "X10", "X99", ""),
    "unit": _UNITS,
    "co_units": ([], [HELPER], [OTHER, THIRD], [STREET, STREET], ["640199"]),
    "limit": ("1wd", "3wd", "5wd", "10wd", "30wd", "4wh", "x", "0wd"),
    "attachments": ([], [1], [2], [1, 2], [1, 1], [999999], [-1]),
    "level": (1, 2, 3),
    "solved": (1, 2, 3, 4, 9, 5),
    "satisfied": (0, 1, 2, 3, 4, 5, 9, 7),
    "mode": ("sms", "auto_call", "human"),
    "callback_result": ("answered", "not_reached", "refused"),
    "callback_id": (0, 1, 2, 3, 4, 5),
    "result": ("reached", "not_reached"),
    "learn": (True, False),
    "target_no": ("T0", "T1", "T9", MASTER, GONE),
    "duplicate_no": ("T0", "T1", "T9"),
    "link_kind": ("same_matter", "same_place", "none"),
    "category": ("010101", "030101", "010105", "140102", "999999"),
    "type": ("01", "02", "04", "05", "06", "99"),
    "urgency": (1, 2, 3),
    "contact_phone": ("13900000002", "0951-6666666", "x"),
    "is_true": (True, False),
    "call_id": ("nothing",),
    "district": ("640104", "640106", "1"),
}  # fmt: skip
_LUCK = st.integers(0, 2**32 - 1)
"""What chooses among whatever there is: workers die where they die, so that no two runs need offer the same choice."""
_DAYS = timedelta(days=1)
_SPANS = st.one_of(
    st.timedeltas(timedelta(minutes=1), timedelta(hours=5)),
    st.timedeltas(timedelta(hours=5), 3 * _DAYS),
    st.timedeltas(3 * _DAYS, 21 * _DAYS),
).map(lambda span: timedelta(minutes=span // timedelta(minutes=1)))
_PROFILES = st.sampled_from(
    [
        {"profile": "N5"}, {"profile": "N10"}, {"profile": "Q", "type": "01"}, {"profile": "E1", "urgency": 1},
        {"profile": "E2", "urgency": 2}, {"profile": "ST", "type": "04"}, {"profile": "P", "type": "06"},
    ]
)  # fmt: skip
_THE_TICKERS = {A.WARN, A.OVERDUE, A.URGE, A.ESCALATE, A.CIRCULATE}
"""What the system does only when a clock says so."""
_ASIDE = {
    TicketStatus.NOT_ACCEPTED, TicketStatus.TRANSFERRED, TicketStatus.WITHDRAWN, TicketStatus.MERGED,
    TicketStatus.WAIT_INFO,
}  # fmt: skip
"""Where a ticket goes that does not go on."""
_DUE = text(
    "SELECT EXISTS (SELECT FROM clocks WHERE stopped_at IS NULL AND next_at <= :now) "
    "OR EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND available_at <= :now)"
)
_YEAR_END = datetime(2026, 12, 1, tzinfo=SHANGHAI)
"""The notice for the next year is not out: what needs it cannot be counted, which is tested elsewhere."""


class Lives(RuleBasedStateMachine):
    """One database, two tickets, a worker; time only moves on."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.book = world, world.book
        self.loop = asyncio.new_event_loop()
        self.name = f"lives_{number()}"
        admin(world.postgres, f"CREATE DATABASE {self.name} TEMPLATE {world.template} STRATEGY file_copy")
        self.url = url_of(world.postgres, self.name)
        self.engine: AsyncEngine = engine(self.url, pool_size=3)
        self.sessions = sessions(self.engine)
        self.folder = Path(tempfile.mkdtemp(prefix="lives-"))
        self.gateway = CountingGateway(self.folder)
        self.working = Working(self.sessions, self.book, self.gateway)
        self.now = MONDAY
        self.watch = Watch()
        self.killed = 0
        self.world.counts["lives"] += 1

    def teardown(self) -> None:
        """The worker comes once more, undisturbed: nothing is left to be sent."""
        try:
            if self.watch.tickets:
                self.now += timedelta(minutes=5)  # what the dead had claimed is let go
                self._work()
                self._run(self.watch.at_rest(self.sessions, self.gateway, killed=self.killed))
        finally:
            self._run(self.engine.dispose())
            self.loop.close()
            admin(self.world.postgres, f"DROP DATABASE {self.name} WITH (FORCE)")
            shutil.rmtree(self.folder)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    # ---- what happens

    @initialize(state=st.sampled_from(sorted(PLAIN)), second=_PROFILES, later=_SPANS)
    def two_tickets(self, state: TicketStatus, second: dict[str, Any], later: timedelta) -> None:
        """One has come some way; the other is new."""

        async def begin() -> None:
            await play_others(self.sessions, self.book)
            life = Life(self.sessions, self.book, no="T0")
            await PLAIN[state](life)
            self.now = max(life.now, MONDAY + timedelta(hours=3)) + later  # the others have come where they are
            self.files = [await life.file(), await life.file()]
            async with self.sessions() as db:
                await new_ticket(db, self.book, "T1", self.now, TicketStatus.REVIEW, **second)
                await db.commit()

        self._run(begin())
        self.watch.tickets = ("T0", "T1")

    @rule(span=_SPANS)
    def time_passes(self, span: timedelta) -> None:
        if self.now + span < _YEAR_END:
            self.now += span

    @rule(luck=_LUCK)
    def it_goes_on(self, luck: int) -> None:
        self._somebody(Random(luck), lambda wish: wish.step.target is not None and wish.step.target not in _ASIDE)

    @rule(luck=_LUCK)
    def it_goes_on_again(self, luck: int) -> None:
        self.it_goes_on(luck)

    @rule(luck=_LUCK)
    def somebody_does_what_he_may(self, luck: int) -> None:
        self._somebody(Random(luck))

    @rule(luck=_LUCK)
    def somebody_does_what_he_may_with_strange_words(self, luck: int) -> None:
        self._somebody(Random(luck), strange=True)

    @rule(luck=_LUCK)
    def somebody_does_what_he_may_not(self, luck: int) -> None:
        random = Random(luck)
        no = random.choice(self.watch.tickets)
        walk = self._run(self._walk(no))
        person, form = random.choice(everybody(walk.units)), random.choice(FORMS)
        if not (person.party.system and form.action in _THE_TICKERS):
            self._act(no, form.action, body_of(form, None, walk.units, self.now, self.files[0]), person)

    @rule(span=_SPANS)
    def the_worker_works(self, span: timedelta) -> None:
        self.time_passes(span)
        self._work()

    @rule(span=_SPANS, after=st.floats(0, 0.25))
    def a_worker_is_killed(self, span: timedelta, after: float) -> None:
        self.time_passes(span)
        if self._run(self._is_due()):
            killed_worker(self.url, self.folder, self.now, after)
            self.killed += 1
            self.world.counts["workers killed"] += 1

    @rule(luck=_LUCK, statement=st.integers(1, 40))
    def a_connection_is_lost_on_the_way(self, luck: int, statement: int) -> None:
        self._somebody(Random(luck), lost_at=statement)

    # ---- what always holds

    @invariant()
    def the_record_holds_together(self) -> None:
        if self.watch.tickets:
            self._run(self.watch.look(self.sessions, self.now))

    # ---- how

    def _work(self) -> None:
        ticked = self._run(self.working.round(self.now))
        self.world.counts["rungs"] += ticked.moved
        assert ticked.failed == 0, "a clock was put off: something went wrong with it"
        again = self._run(self.working.round(self.now))
        assert again.moved == 0, again
        self.world.counts["rounds"] += 1

    def _somebody(
        self,
        random: Random,
        chosen: Callable[[Wish], bool] = lambda _: True,
        *,
        strange: bool = False,
        lost_at: int | None = None,
    ) -> None:
        no = random.choice(self.watch.tickets)
        wishes, walk = self._wishes(no)
        wishes = [wish for wish in wishes if chosen(wish)]
        if not wishes:
            return
        action = random.choice(sorted({wish.form.action for wish in wishes}))  # first: many may append, few sign off
        wish = random.choice([wish for wish in wishes if wish.form.action is action])
        fields = body_of(wish.form, wish.step, walk.units, self.now, random.choice(self.files)).given()
        if strange:
            fields |= self._strange(random, wish.step)
        self._act(no, action, ActionBody(**fields), wish.person, lost_at)

    def _strange(self, random: Random, step: Step) -> dict[str, Any]:
        """Some of what may be said, with values that often cannot be."""
        may_say = {*step.needs, *step.takes, random.choice(sorted(_STRANGE))}
        names = sorted(may_say & _STRANGE.keys())
        said = {name: random.choice(_STRANGE[name]) for name in random.sample(names, min(len(names), 3))}
        if "until" in may_say and random.random() < 0.7:
            said["until"] = self.now + random.uniform(-1, 300) * _DAYS
        if "at" in may_say and random.random() < 0.7:
            said["at"] = self.now - random.uniform(-1, 3) * _DAYS
        return said

    def _act(self, no: str, action: A, body: ActionBody, person: Person, lost_at: int | None = None) -> None:
        note(f"{self.now:%m-%d %H:%M} {no} {action} by {person.key}: {body.given()}")
        before = self._run(self._version(no))
        try:
            self._run(self._done(no, action, body, person, lost_at))
        except (HotlineError, RoutingError) as error:
            note(f"refused: {error}")
            self.world.counts["refused"] += 1
        except DBAPIError as error:
            if lost_at is None or not is_outage(error):
                raise
            self.world.counts["connections lost"] += 1
        else:
            self.world.counts["done"] += 1
            self.watch.amended |= action is A.AMEND
            self.world.states[self._run(self._state(no))] += 1
            assert self._run(self._version(no)) == before + 1
            return
        assert self._run(self._version(no)) == before

    async def _done(self, no: str, action: A, body: ActionBody, person: Person, lost_at: int | None) -> None:
        async with self.sessions() as db:
            if lost_at is not None:
                await self._lose_connection(db, lost_at)
            await act(db, self.book, no, action, body, person.party, self.now)
            await db.commit()

    async def _lose_connection(self, db: AsyncSession, at_statement: int) -> None:
        """The server ends this session's connection before its so manieth statement."""
        connection = await db.connection()
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        pid, statements = raw.info.backend_pid, itertools.count(1)

        @event.listens_for(connection.sync_connection, "before_cursor_execute")
        def _(*_: object) -> None:
            if next(statements) == at_statement:
                admin(self.world.postgres, f"SELECT pg_terminate_backend({pid}, 5000)")

    async def _is_due(self) -> bool:
        async with self.sessions() as db:
            return bool((await db.execute(_DUE, {"now": self.now})).scalar_one())

    async def _version(self, no: str) -> int:
        async with self.sessions() as db:
            return (await db.execute(select(Ticket.version).filter_by(no=no))).scalar_one()

    async def _state(self, no: str) -> int:
        async with self.sessions() as db:
            return (await db.execute(select(Ticket.status).filter_by(no=no))).scalar_one()

    async def _walk(self, no: str) -> Walk:
        async with self.sessions() as db:
            return await Walk.at(db, self.book, Situation(no, no, TicketStatus.DRAFT, self.now), self.files[0], Tally(),
                                 special=True)  # fmt: skip

    def _wishes(self, no: str) -> tuple[list[Wish], Walk]:
        """All that anybody may do to a ticket now."""
        walk, wishes = self._run(self._walk(no)), []
        people = everybody(walk.units)
        for form in FORMS:
            draft = body_of(form, None, walk.units, self.now, self.files[0])
            present = walk.presents[draft.target_no]
            facts = facts_of(walk.ticket, present, self.book, self.now, draft, form.action)
            for person in people:
                step = answer(form.action, facts.status, person, facts)
                if isinstance(step, Step) and not (person.party.system and form.action in _THE_TICKERS):
                    wishes.append(Wish(form, person, step))
        return wishes, walk
