"""The stage: one database in which a ticket stands in every state; nothing that is done there stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.embedded.postgres import EmbeddedPostgres
from models.codes import TicketStatus
from models.session import engine, sessions
from routing.rulebook import Rulebook
from tests.fixtures.life import Life
from tests.fixtures.record import run_apart
from tests.fixtures.servers import admin, url_of

pytest.register_assert_rewrite(
    *(f"tests.workflow.{name}" for name in ("clock_effects", "effects", "holds", "machine", "walk"))
)

from tests.workflow.situations import Situation, play  # noqa: E402  (what asserts tells why)
from tests.workflow.tally import Tally  # noqa: E402


@dataclass(frozen=True)
class Stage:
    url: str
    situations: tuple[Situation, ...]
    file: int
    """An attachment that waits for its ticket."""

    def of(self, state: TicketStatus) -> list[Situation]:
        return [situation for situation in self.situations if situation.state is state]


@pytest.fixture(scope="session")
def stage(postgres: EmbeddedPostgres, seeded_template: str, book: Rulebook) -> Stage:
    """Played once; tests roll back whatever they do on it."""
    admin(postgres, f"CREATE DATABASE stage TEMPLATE {seeded_template} STRATEGY file_copy")
    url = url_of(postgres, "stage")
    made: list[Situation] = []
    files: list[int] = []

    async def build() -> None:
        db_engine = engine(url, pool_size=2)
        try:
            made.extend(await play(sessions(db_engine), book))
            files.append(await Life(sessions(db_engine), book).file())
        finally:
            await db_engine.dispose()

    run_apart(build())
    return Stage(url, tuple(made), files[0])


@pytest.fixture
async def stage_engine(stage: Stage) -> AsyncIterator[AsyncEngine]:
    db_engine = engine(stage.url, pool_size=2)
    yield db_engine
    await db_engine.dispose()


_TALLY = Tally()
_SAID: list[tuple[Any, ...]] = []


@pytest.fixture(scope="session")
def tally() -> Tally:
    """What the walk over all states has seen; told at the end of the run."""
    return _TALLY


@pytest.fixture
def said() -> Callable[..., None]:
    """Something to be told at the end of the run."""
    return lambda *words: _SAID.append(words)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TALLY.cells:
        terminalreporter.section("workflow matrix")
        for line in _TALLY.lines():
            terminalreporter.write_line(line)
    for words in _SAID:
        terminalreporter.write_line(" ".join(str(word) for word in words))
