"""The worker: over Valkey, without it, and after what fell through."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import contextmanager
from datetime import timedelta

import dramatiq
import httpx
import pytest
from sqlalchemy import text

from app.clock import utc_now
from app.jobs import worker
from app.jobs.drafting import draft
from app.settings import AppSettings
from models.outbox import OutboxRow

from .telling import CONSULT, Story, bring, rows, whole


@pytest.fixture(autouse=True)
def _messages_stay_here(monkeypatch, tmp_path):
    monkeypatch.setenv("HOTLINE_MESSAGES_FILE", str(tmp_path / "sent.jsonl"))


@pytest.fixture
def settings(seeded_url, valkey, tmp_path):
    return AppSettings(data_dir=tmp_path, database_url=seeded_url, valkey_url=valkey.url)


@contextmanager
def _working(broker):
    """dramatiq's own threads, as `hotline worker` starts them."""
    running = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
    running.start()
    try:
        yield running
    finally:
        running.stop()
        broker.close()


async def _until(condition, what: str) -> None:
    """Until it holds; the bound only ends a test that has failed."""
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110  (another process brings it about)
            await asyncio.sleep(0.02)
    assert await condition(), what


async def test_a_row_goes_over_valkey_to_dramatiq_and_becomes_a_ticket(settings, city_db, city_sessions, judge):
    await bring(city_db, whole(CONSULT))
    broker, actor = worker.make_actor(settings)
    relay = worker.Relay(city_sessions, actor, worker.HANDLERS)
    with _working(broker):
        assert await relay.once() == 1
        await asyncio.to_thread(broker.join, "outbox", timeout=30_000)

        async def done():
            await city_db.rollback()
            return await rows(city_db, "SELECT 1 FROM outbox WHERE topic = 'draft_ticket' AND done_at IS NOT NULL")

        await _until(done, "the row is done")
    assert await rows(city_db, "SELECT no, category FROM tickets") == [("123452026112400001", "140302")]
    assert await rows(city_db, "SELECT attempts FROM outbox WHERE topic = 'draft_ticket'") == [1]


async def test_what_is_sent_through_valkey_is_a_number_and_nothing_else(settings, city_db, city_sessions):
    await bring(city_db, whole(CONSULT))
    broker, actor = worker.make_actor(settings)
    await worker.Relay(city_sessions, actor, worker.HANDLERS).once()
    (message,) = broker.client.hvals("dramatiq:outbox.msgs")
    assert dramatiq.Message.decode(message).args == (1,)
    assert b"1390000" not in message
    broker.close()


async def test_without_valkey_the_relay_does_the_work_itself(settings, city_db, city_sessions, judge, valkey, capfd):
    await bring(city_db, whole(CONSULT))
    broker, actor = worker.make_actor(settings)
    valkey._process.kill()
    valkey._process.wait()
    assert await worker.Relay(city_sessions, actor, worker.HANDLERS).once() == 1
    assert await rows(city_db, "SELECT no FROM tickets") == ["123452026112400001"]
    assert await rows(city_db, "SELECT topic FROM outbox WHERE done_at IS NULL") == ["send_message"]
    broker.close()


async def test_what_was_in_valkey_when_it_vanished_is_claimed_again_after_its_lease(
    settings, city_db, city_sessions, judge
):
    await bring(city_db, whole(CONSULT))
    broker, actor = worker.make_actor(settings)
    relay = worker.Relay(city_sessions, actor, worker.HANDLERS)
    assert await relay.once() == 1
    broker.flush_all()
    assert await relay.once() == 0
    await city_db.execute(text("UPDATE outbox SET available_at = now()"))  # twenty seconds later
    await city_db.commit()
    alone = worker.Relay(city_sessions, None, worker.HANDLERS)
    assert await alone.once() == 1
    assert await rows(city_db, "SELECT no FROM tickets") == ["123452026112400001"]
    broker.close()


async def test_the_sweeper_makes_a_ticket_of_a_call_whose_text_never_came(city_db, city_sessions, judge):
    story = Story()
    story.arrived()
    story.utterance()
    story.ended()
    await bring(city_db, story)
    await city_db.execute(text("UPDATE calls SET ended_at = :at"), {"at": utc_now() - timedelta(seconds=599)})
    await city_db.commit()
    late = timedelta(seconds=600)
    await worker.sweep(city_sessions, late)
    assert await rows(city_db, "SELECT key FROM outbox") == []
    await city_db.execute(text("UPDATE calls SET ended_at = ended_at - interval '1 minute'"))
    await city_db.commit()
    for _ in range(2):
        await worker.sweep(city_sessions, late)
    assert await rows(city_db, "SELECT key, payload FROM outbox") == [
        ("c1/late", {"call_id": "c1", "without_text": True})
    ]
    await city_db.rollback()
    assert await worker.Relay(city_sessions, None, worker.HANDLERS).once() == 1
    assert await rows(city_db, "SELECT status, title FROM tickets") == [(10, "录音待转写")]


async def test_the_sweeper_starts_clocks_that_the_calendar_did_not_know_before(city_db, city_sessions, judge):
    await bring(city_db, whole(CONSULT))
    await draft(city_sessions, {"call_id": "c1"})
    await city_db.execute(text("DELETE FROM clocks WHERE family = 'citizen'"))  # as if the year had not been known
    await city_db.execute(text("UPDATE tickets SET citizen_due = NULL, missing_clocks = '{citizen}'"))
    await city_db.commit()
    await worker.Sweeper(city_sessions, timedelta(seconds=600)).once()
    await city_db.rollback()
    assert await rows(city_db, "SELECT missing_clocks, citizen_due IS NOT NULL FROM tickets") == [([], True)]
    assert await rows(city_db, "SELECT count(*) FROM ticket_events WHERE kind = 'clocks_started'") == [1]


async def test_a_job_for_a_call_that_is_gone_is_done_with(city_sessions, judge):
    await draft(city_sessions, {"call_id": "nobody's"})


async def test_the_whole_worker_drafts_what_arrives_and_stops_when_told(settings, city_db, judge, monkeypatch):
    """Its three tasks on the real database: woken by PostgreSQL, not by the clock."""
    monkeypatch.setattr(worker, "_POLL_S", 3600)
    monkeypatch.setattr(worker, "_SWEEP_S", 0.05)
    await bring(city_db, whole(CONSULT, "c1"))
    broker, actor = worker.make_actor(settings)
    with _working(broker):
        running = asyncio.create_task(worker._main(settings, actor))

        async def drafted(number: int) -> bool:
            await city_db.rollback()
            return await rows(city_db, "SELECT count(*) FROM tickets") == [number]

        await _until(lambda: drafted(1), "what was there before")
        await bring(city_db, whole(CONSULT, "c2"))
        await _until(lambda: drafted(2), "what came")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 30)


async def test_relay_and_listener_outlive_the_database_connection(settings, city_db, judge, monkeypatch, capfd):
    monkeypatch.setattr(worker, "_POLL_S", 0.05)
    broker, actor = worker.make_actor(settings)
    with _working(broker):
        running = asyncio.create_task(worker._main(settings, actor))

        async def listening() -> bool:
            await city_db.rollback()
            return await rows(city_db, f"SELECT pid FROM pg_stat_activity {others} AND query = 'LISTEN hotline_outbox'")

        others = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await _until(listening, "it listens")
        await city_db.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {others}"))
        await bring(city_db, whole(CONSULT))

        async def drafted() -> bool:
            await city_db.rollback()
            return await rows(city_db, "SELECT no FROM tickets")

        await _until(drafted, "drafted after all")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 30)


async def test_a_row_that_fails_in_dramatiq_is_not_tried_again_by_dramatiq_but_by_its_row(
    settings, city_db, city_sessions, capfd
):
    city_db.add(OutboxRow(topic="unknown", key="1"))
    await city_db.commit()
    broker, actor = worker.make_actor(settings)
    with _working(broker):
        assert await worker.Relay(city_sessions, actor, worker.HANDLERS).once() == 1

        async def noted():
            await city_db.rollback()
            return await rows(city_db, "SELECT 1 FROM outbox WHERE last_error IS NOT NULL")

        await _until(noted, "the failure is noted")
        await asyncio.to_thread(broker.join, "outbox", timeout=30_000)
    assert await rows(city_db, "SELECT attempts, last_error FROM outbox") == [(1, "KeyError: 'unknown'")]


def test_the_workers_metrics_are_served_to_this_machine_and_a_taken_port_hinders_no_work(capfd):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with worker._metrics(port):
        assert "hotline_jobs" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        with worker._metrics(port):
            pass
    with worker._metrics(0), pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
