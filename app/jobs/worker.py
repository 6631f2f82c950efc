"""``hotline worker``: dramatiq workers, the relay that feeds them from the outbox, and the sweeper.

Valkey only carries row ids. While it cannot be reached the relay does the work itself; what was in it when it vanished
is claimed again when its lease is over.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

import dramatiq
import psycopg
import structlog
from dramatiq.asyncio import async_to_sync
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, Retries, ShutdownNotifications, TimeLimit
from prometheus_client import start_http_server
from redis.exceptions import RedisError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.attachments.care import AttachmentCare
from app.attachments.depot import depot_of
from app.callbacks.jobs import call_done, close_callback, place_call
from app.callbacks.planning import CLOSE_CALLBACK
from app.callbacks.sweeping import sweep_callbacks
from app.calls.intake import DRAFT_TOPIC, LATE, undrafted_calls
from app.calls.orders import PLACE_CALL
from app.calls.placed import CALLBACK_CALL_DONE, tell_late
from app.citizens.lockout import forget
from app.city_watch import CityWatch
from app.clock import utc_now
from app.instance import database_url, valkey_url
from app.intake.jobs import judge
from app.intake.services import JUDGE_TOPIC
from app.jobs.drafting import draft, renew_city, router
from app.jobs.keys import sweep_keys
from app.jobs.loops import forever
from app.jobs.outbox import Handler, claim, perform
from app.jobs.recalculation import recalculate_job
from app.jobs.ticking import tick_once
from app.messages.jobs import send_message
from app.messages.writing import SEND_TOPIC
from app.settings import AppSettings
from app.tickets.missing import start_missing_clocks
from app.tickets.recalculating import TOPIC as RECALCULATE_TOPIC
from models.outbox import OutboxRow
from models.session import engine, sessions

log = structlog.get_logger(__name__)

HANDLERS: dict[str, Handler] = {
    DRAFT_TOPIC: draft,
    JUDGE_TOPIC: judge,
    SEND_TOPIC: send_message,
    PLACE_CALL: place_call,
    CALLBACK_CALL_DONE: call_done,
    CLOSE_CALLBACK: close_callback,
    RECALCULATE_TOPIC: recalculate_job,
}
_POLL_S = 0.5
_SWEEP_S = 15.0
_LONGEST_DELAY_S = 2.0
_THREADS = 2


class Relay:
    """Claims due rows and hands them to dramatiq, or does them itself."""

    def __init__(
        self,
        db: async_sessionmaker[AsyncSession],
        actor: dramatiq.Actor[[int], None] | None,
        handlers: dict[str, Handler],
    ) -> None:
        self._db = db
        self._actor = actor
        self._handlers = handlers

    async def once(self) -> int:
        """One round; how many rows were handed on or done."""
        rows = await claim(self._db, utc_now())
        reached = True
        for row in rows:
            reached = reached and await self._enqueue(row)  # trying in vain takes a while: once a round
            if not reached:
                await perform(self._db, self._handlers, row, utc_now())
        return len(rows)

    async def _enqueue(self, row: int) -> bool:
        if self._actor is None:
            return False
        try:
            await asyncio.to_thread(self._actor.send, row)
        except (RedisError, dramatiq.errors.BrokerError, OSError) as error:
            log.warning("valkey_not_reached", error=type(error).__name__)
            return False
        return True


async def sweep(db: async_sessionmaker[AsyncSession], late: timedelta) -> None:
    """Calls that fell through: ended, nothing decided, text long overdue → a ticket for a person to listen to.

    Whoever ordered a call of ours is told of its end without the text. Keys of requests that nobody will send again
    are forgotten.
    """
    async with db() as session:
        for call_id in await undrafted_calls(session, utc_now() - late):
            await session.execute(
                insert(OutboxRow)
                .values(
                    topic=DRAFT_TOPIC,
                    key=f"{call_id}{LATE}",
                    payload={"call_id": call_id, "without_text": True},
                    attempts=0,
                )
                .on_conflict_do_nothing()
            )
        await tell_late(session, utc_now() - late)
        await session.commit()
        await sweep_keys(session, utc_now())


async def _listen(url: str, news: asyncio.Event) -> None:
    """Wakes the relay when PostgreSQL tells of new rows; reconnects for ever."""
    delay = 0.1
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
                await connection.execute("LISTEN hotline_outbox")
                delay = 0.1
                async for _ in connection.notifies():
                    news.set()
        except (psycopg.Error, OSError) as error:
            log.warning("database_not_reached", error=type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LONGEST_DELAY_S)


async def _relay_once(relay: Relay, news: asyncio.Event) -> float:
    news.clear()
    if not await relay.once():
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), _POLL_S)
    return 0.0


class Sweeper:
    """Looks for what fell through: calls without a ticket, clocks that can be started by now, citizens not asked."""

    def __init__(self, db: async_sessionmaker[AsyncSession], late: timedelta) -> None:
        self._db, self._late, self._after = db, late, 0

    async def once(self) -> float:
        """One round; how many seconds until the next."""
        await sweep(self._db, self._late)
        judge = await asyncio.to_thread(router)
        self._after = await start_missing_clocks(self._db, judge, utc_now(), after=self._after)
        await sweep_callbacks(self._db, judge.book, utc_now())
        async with self._db() as session:
            await forget(session, utc_now())
        return _SWEEP_S


async def _main(settings: AppSettings, actor: dramatiq.Actor[[int], None]) -> None:
    url = database_url(settings)
    db_engine = engine(url, pool_size=4)
    news = asyncio.Event()
    db = sessions(db_engine)
    work = [
        asyncio.create_task(_listen(url, news)),
        asyncio.create_task(forever("relay", partial(_relay_once, Relay(db, actor, HANDLERS), news))),
        asyncio.create_task(
            forever("sweeper", Sweeper(db, timedelta(seconds=settings.late_text_s)).once, first_s=_SWEEP_S)
        ),
        asyncio.create_task(forever("ticker", lambda: tick_once(db, router().book, utc_now()))),
        asyncio.create_task(forever("city", CityWatch(db, renew_city).once)),
        asyncio.create_task(forever("attachments", AttachmentCare(db, depot_of(settings)).once)),
    ]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    await db_engine.dispose()


class _Database(dramatiq.Middleware):
    """The jobs' database: opened on dramatiq's event loop, which uses it, and closed there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: AsyncEngine | None = None

    def sessions(self) -> async_sessionmaker[AsyncSession]:
        """Only to be asked for on that loop."""
        self._engine = self._engine or engine(self._url, pool_size=4)
        return sessions(self._engine)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        if self._engine is not None:
            async_to_sync(self._engine.dispose)()


def make_actor(settings: AppSettings) -> tuple[RedisBroker, dramatiq.Actor[[int], None]]:
    """The broker and its one actor: it does an outbox row by its id."""
    database = _Database(database_url(settings))
    broker = RedisBroker(  # type: ignore[no-untyped-call]
        url=valkey_url(settings),
        middleware=[AsyncIO(), database, TimeLimit(), ShutdownNotifications(), Retries(max_retries=0)],
    )

    async def do_row(row_id: int) -> None:
        await perform(database.sessions(), HANDLERS, row_id, utc_now())

    actor: dramatiq.Actor[[int], None] = dramatiq.Actor(
        do_row,
        broker=broker,
        actor_name="do_row",
        queue_name="outbox",
        priority=0,
        options={"time_limit": 60_000},
    )
    return broker, actor


@contextmanager
def _metrics(port: int) -> Iterator[None]:
    """Serves them to this machine; a port that is taken hinders no work."""
    server = None
    if port:
        try:
            server, _ = start_http_server(port, addr="127.0.0.1")
        except OSError as error:
            log.warning("metrics_not_served", port=port, error=str(error))
    try:
        yield
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()


def run(settings: AppSettings) -> None:
    """Until SIGTERM."""
    router()  # load the model before the first call needs it
    broker, actor = make_actor(settings)
    worker = dramatiq.Worker(broker, worker_threads=_THREADS)
    worker.start()
    log.info("worker_ready")
    try:
        with _metrics(settings.worker_metrics_port):
            asyncio.run(_main(settings, actor))
    finally:
        worker.stop()
        broker.close()
