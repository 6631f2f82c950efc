"""Several tickers at once, people in between, one killed in mid-batch, a ticket at fault: each rung is taken once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.jobs import loops
from app.jobs.loops import forever
from app.jobs.ticking import POLL_S, tick_once
from app.tickets import actions, marking
from app.tickets.ticker import Ticked, catch_up, tick
from models.codes import Role
from models.session import engine, is_outage, sessions
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import DISPATCHER, UNIT, of_unit

SIGNER = of_unit(UNIT, Role.UNIT_SIGNER)
HANDLER = of_unit(UNIT, Role.UNIT_HANDLER)
COUNTED = (
    "SELECT kind, count(*) AS n, count(DISTINCT ticket_id) AS tickets FROM ticket_events WHERE actor = 'system' "
    "AND kind NOT IN ('created', 'classified') GROUP BY kind"
)
TWICE = (
    "SELECT 1 FROM ticket_events WHERE actor = 'system' GROUP BY ticket_id, kind, payload ->> 'clock_id', "
    "payload ->> 'level' HAVING count(*) > 1"
)


async def _many(life, count: int) -> list[str]:
    """Tickets that wait to be signed for; their numbers."""
    numbers = [f"YC20261102{number:05d}" for number in range(1, count + 1)]
    for life.no in numbers:
        await life.begin()
        await life.do(A.APPROVE, DISPATCHER)
        await life.do(A.DISPATCH, DISPATCHER, unit=UNIT)
    return numbers


async def _counted(life) -> dict[str, tuple[int, int]]:
    return {row["kind"]: (row["n"], row["tickets"]) for row in await life.rows(COUNTED)}


async def _all_taken_once(life, count: int) -> None:
    found = await _counted(life)
    assert found["auto_sign"] == (count, count)
    assert found["escalate"] == (count, count)
    assert found["circulate"] == (count, count)
    assert found["urge"] == (count, count)
    assert await life.rows(TWICE) == []
    assert await life.rows("SELECT 1 FROM clocks WHERE stopped_at IS NULL AND next_at <= :now", now=life.now) == []
    assert not await life.faults()


async def test_four_tickers_at_once_take_each_rung_once(life):
    await _many(life, 24)
    life.later(days=17)  # everything up to the notice, the supervision not yet raised
    done = await asyncio.gather(*(catch_up(life.sessions, life.book, life.now, limit=7) for _ in range(4)))
    assert sum(ticked.failed for ticked in done) == 0
    await catch_up(life.sessions, life.book, life.now)
    await _all_taken_once(life, 24)


async def test_people_act_while_the_ticker_works_and_nobody_waits_for_ever(life):
    numbers = await _many(life, 12)
    life.later(days=17)

    async def sign(no: str) -> str:
        try:
            await life.do(A.SIGN, SIGNER, no=no)
        except Exception as error:  # noqa: BLE001  (the system was faster)
            return type(error).__name__
        return "signed"

    async with asyncio.timeout(60):
        *said, _ = await asyncio.gather(*(sign(no) for no in numbers), catch_up(life.sessions, life.book, life.now))
    await catch_up(life.sessions, life.book, life.now)
    assert set(said) <= {"signed", "WrongStateError"}
    found = await _counted(life)
    assert found.get("auto_sign", (0, 0))[0] + said.count("signed") == 12
    assert await life.rows(TWICE) == []
    assert not await life.faults()


async def test_a_ticket_somebody_works_on_is_passed_over_and_taken_next_round(life):
    first, second = await _many(life, 2)
    life.later(days=3)
    async with life.sessions() as other:
        await other.execute(text("SELECT 1 FROM tickets WHERE no = :no FOR UPDATE"), {"no": first})
        async with asyncio.timeout(10):
            await catch_up(life.sessions, life.book, life.now)
        assert (await life.ticket(first)).status == 40
        assert (await life.ticket(second)).status == 50
        await other.rollback()
    await catch_up(life.sessions, life.book, life.now)
    assert (await life.ticket(first)).status == 50


async def _killed_in_mid_batch(url: str, life, after_s: float) -> None:
    """A ticker in a process of its own, killed so long after it began."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.bench.clock_worker", url, life.now.isoformat(), "6",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert worker.stdout is not None
    assert worker.stdin is not None
    assert await asyncio.wait_for(worker.stdout.readline(), 60) == b"ready\n"
    worker.stdin.write(b"go\n")
    await worker.stdin.drain()
    await asyncio.sleep(after_s)
    os.kill(worker.pid, signal.SIGKILL)
    assert await worker.wait() == -signal.SIGKILL


@pytest.mark.slow
async def test_a_ticker_killed_in_mid_batch_has_done_nothing_and_the_next_one_does_it(life, seeded_url):
    await _many(life, 10)
    life.later(days=17)
    async with life.sessions() as db:  # each batch takes a while, so that it is killed within one
        await db.execute(text(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; "
            "END $$"
        ))  # fmt: skip
        await db.execute(text(
            "CREATE TRIGGER slowly AFTER INSERT ON ticket_events FOR EACH STATEMENT EXECUTE FUNCTION slowly()"
        ))  # fmt: skip
        await db.commit()
    await _killed_in_mid_batch(seeded_url, life, 0.25)
    assert await _counted(life) == {}
    await _killed_in_mid_batch(seeded_url, life, 1.3)
    async with life.sessions() as db:
        await db.execute(text("DROP TRIGGER slowly ON ticket_events"))
        await db.commit()
    async with asyncio.timeout(30):
        while await life.rows("SELECT 1 FROM clocks WHERE stopped_at IS NULL AND next_at <= :now", now=life.now):
            await catch_up(life.sessions, life.book, life.now)
    await _all_taken_once(life, 10)


async def test_a_ticket_at_fault_is_put_off_ever_later_and_hinders_none_of_the_others(life, monkeypatch, capfd):
    first, second, third = await _many(life, 3)
    life.later(days=1, hours=9)
    whole = marking.climb

    def climb(ticket, now, book):
        if ticket.no == second:
            raise ValueError("13900000001 住在宁安北街")
        return whole(ticket, now, book)

    monkeypatch.setattr(marking, "climb", climb)
    ticked = await catch_up(life.sessions, life.book, life.now)
    assert ticked.failed == 1
    for no, state in ((first, 2), (second, 0), (third, 2)):
        assert (await life.ticket(no)).warn_state == state
    (clock,) = await life.rows(
        "SELECT c.next_at FROM clocks c JOIN tickets t ON t.id = c.ticket_id WHERE t.no = :no AND c.kind = 'sign'",
        no=second,
    )
    assert timedelta(minutes=1) <= clock["next_at"] - life.now <= timedelta(minutes=15)
    said = "".join(capfd.readouterr())
    assert "clock_put_off" in said
    assert "ValueError" in said
    assert "13900000001" not in said
    assert "宁安" not in said
    monkeypatch.undo()
    await catch_up(life.sessions, life.book, clock["next_at"])
    assert (await life.ticket(second)).warn_state == 2
    assert not await life.faults()


async def test_an_action_that_fails_is_rolled_back_whole_and_comes_again(life, monkeypatch, capfd):
    numbers = await _many(life, 3)
    life.later(days=3)
    whole = dict(actions.DEEDS)

    async def sign(s):
        await whole[A.AUTO_SIGN](s)
        if s.ticket.no == numbers[1]:
            raise RuntimeError("诉求人 13900000001")

    monkeypatch.setitem(actions.DEEDS, A.AUTO_SIGN, sign)
    ticked = await catch_up(life.sessions, life.book, life.now)
    assert (ticked.acted, ticked.failed) == (2, 1)
    assert [(await life.ticket(no)).status for no in numbers] == [50, 40, 50]
    assert (await life.ticket(numbers[1])).signed_at is None
    assert "13900000001" not in "".join(capfd.readouterr())
    monkeypatch.undo()
    life.later(minutes=15)
    await catch_up(life.sessions, life.book, life.now)
    assert (await life.ticket(numbers[1])).status == 50
    assert not await life.faults()


async def test_what_the_table_refuses_is_over_and_not_tried_for_ever(life):
    await life.begin()
    await life.to_handling()
    async with life.sessions() as db:  # as if somebody had moved it on by hand
        await db.execute(text("UPDATE clocks SET stage = 3, next_at = :now WHERE kind = 'finish'"), {"now": life.now})
        await db.execute(text("UPDATE tickets SET circulated = true"))
        await db.commit()
    ticked = await catch_up(life.sessions, life.book, life.now)
    assert (ticked.refused, ticked.acted, ticked.failed) == (1, 0, 0)
    assert await catch_up(life.sessions, life.book, life.now) == Ticked()
    assert await life.rows("SELECT 1 FROM ticket_events WHERE kind = 'circulate'") == []


async def test_the_worker_sleeps_until_the_next_rung_but_no_longer_than_a_second(life):
    assert await tick_once(life.sessions, life.book, life.now) == POLL_S
    await life.begin()
    assert await tick_once(life.sessions, life.book, life.now) == POLL_S
    first = min(row["next_at"] for row in await life.rows("SELECT next_at FROM clocks"))
    assert await tick_once(life.sessions, life.book, first - timedelta(milliseconds=300)) == pytest.approx(0.3)
    assert await tick_once(life.sessions, life.book, first) == 0.0


async def test_a_ticker_whose_connections_are_cut_goes_on_with_new_ones(life, monkeypatch, capfd):
    monkeypatch.setattr(loops, "_FIRST_DELAY_S", 0.01)
    await life.begin()
    task = asyncio.create_task(forever("ticker", lambda: tick_once(life.sessions, life.book, life.now)))
    cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
               "AND pid <> pg_backend_pid()")  # fmt: skip
    async with life.sessions() as db:
        await db.execute(cut)
        await db.rollback()
    life.later(days=3)
    async with asyncio.timeout(20):
        while not await life.rows("SELECT 1 FROM ticket_events WHERE kind = 'overdue'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()
    assert not await life.faults()


async def test_a_database_that_is_away_is_told_from_a_fault(life, tmp_path):
    away = engine(f"postgresql://postgres:@/hotline?host={tmp_path}", pool_size=1)
    with pytest.raises(Exception) as caught:  # noqa: PT011  (which one is what is asked)
        await tick(sessions(away), life.book, life.now)
    assert is_outage(caught.value)
    assert not is_outage(ValueError("x"))
    await away.dispose()


async def test_a_loop_outlives_every_fault_and_says_where_it_was(monkeypatch, capfd):
    monkeypatch.setattr(loops, "_FIRST_DELAY_S", 0.001)
    rounds, fourth = [], asyncio.Event()

    async def once() -> float:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise ValueError("13900000001")
        if len(rounds) == 2:
            raise ConnectionRefusedError
        if len(rounds) == 4:
            fourth.set()
            return 3600
        return 0

    task = asyncio.create_task(forever("ticker", once))
    async with asyncio.timeout(10):
        await fourth.wait()
    task.cancel()
    said = "".join(capfd.readouterr())
    assert "loop_failed" in said
    assert "database_not_reached" in said
    assert "13900000001" not in said
