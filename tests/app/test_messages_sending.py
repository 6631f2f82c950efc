"""From the outbox to the gateway: once, in the city's words, never the matter of a protected ticket, never lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.jobs.outbox import LEASE, claim, perform
from app.messages.composing import compose
from app.messages.gateway import PermanentGatewayError, TemporaryGatewayError
from app.messages.resting import Resting
from app.messages.sending import Sender
from app.messages.settings import MessageSettings
from app.messages.writing import SEND_TOPIC, write_message
from models.ticket import Ticket
from routing.city.words import MESSAGE_SLOTS

from .sms_gateway import KEY, running


class Recorder:
    """A gateway that remembers; ``refuse``: raised by the next ones."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.refuse: list[Exception] = []

    async def send(self, message_id, recipient, text):
        if self.refuse:
            raise self.refuse.pop(0)
        self.sent.append((message_id, recipient, text))


@pytest.fixture
def gateway():
    return Recorder()


@pytest.fixture
def sender(gateway, book, life):
    settings = MessageSettings(attempts=4, first_delay_s=10, longest_delay_s=30, public_url="https://12345.test")
    return Sender(gateway, lambda: book.city.messages, settings, lambda: "secret", lambda: life.now)


@pytest.fixture
def work(life, sender):
    """Does what is due in the outbox, as a worker would."""

    async def once(sender=sender):
        for row in await claim(life.sessions, life.now):
            await perform(life.sessions, {SEND_TOPIC: sender}, row, life.now)

    return once


async def write(life, template="受理", cause="c1", **fields):
    async with life.sessions() as db:
        ticket = await db.get(Ticket, (await life.ticket()).id)
        number = await write_message(db, ticket, template, fields, cause, life.now)
        await db.execute(text("UPDATE outbox SET available_at = :now WHERE done_at IS NULL"), {"now": life.now})
        await db.commit()
    return number


async def state(life):
    rows = await life.rows("SELECT state, attempts, last_error FROM messages ORDER BY created_at, id")
    return [tuple(row.values()) for row in rows]


async def test_a_message_says_what_the_city_says_with_times_as_people_read_them(life, work, gateway):
    await life.begin()
    number = await write(life, "延期", due=life.now + timedelta(days=1, hours=9), reason="材料\n尚未到货 13912345678")
    await work()
    due = "2026年11月3日18:00"
    assert gateway.sent == [
        (number, "13900000001",
         f"【银川12345】您的工单{life.no}因材料 尚未到货 〔号码〕需延期办理，预计{due}前答复您，感谢理解。")
    ]  # fmt: skip
    assert await state(life) == [("sent", 1, None)]
    assert not await life.faults()


async def test_every_occasion_of_this_city_can_be_said(book):
    given = dict.fromkeys(set().union(*MESSAGE_SLOTS.values()), "某") | {"due": "2026-11-02T09:00:00+08:00"}
    for occasion, template in book.city.messages.items():
        allowed = {name: given[name] for name in MESSAGE_SLOTS[occasion]}
        said = compose(template, allowed, hidden=False)
        assert said.startswith("【银川12345】")
        assert "{" not in said


async def test_a_message_is_sent_once_however_often_its_job_is_done(life, sender, gateway):
    await life.begin()
    number = await write(life)
    for _ in range(3):
        await sender(life.sessions, {"message": number})
    assert len(gateway.sent) == 1
    await sender(life.sessions, {"message": "no such message"})


async def test_written_twice_for_one_cause_it_is_one_message(life, work, gateway):
    await life.begin()
    assert await write(life) is not None
    assert await write(life) is None
    await work()
    assert len(gateway.sent) == 1


@pytest.mark.parametrize("number", ["09516012345", "12345", "+85212345678", None])
async def test_who_has_no_mobile_is_not_written_to(life, number):
    await life.begin(caller_phone=number)
    assert await write(life) is None
    assert await life.rows("SELECT 1 FROM outbox") == []


async def test_what_fails_for_now_comes_again_ever_later_and_is_dead_after_so_many_attempts(life, work, gateway):
    await life.begin()
    await write(life)
    gateway.refuse = [TemporaryGatewayError("http.503") for _ in range(4)]
    for attempt, wait in enumerate((10, 20, 30), start=1):
        await work()
        assert await state(life) == [("queued", attempt, "http.503")]
        (row,) = await life.rows("SELECT available_at, last_error, done_at FROM outbox")
        assert (row["available_at"], row["last_error"]) == (life.now + timedelta(seconds=wait), "http.503")
        life.later(seconds=wait - 1)
        await work()
        assert (await state(life))[0][1] == attempt
        life.later(seconds=1)
    await work()
    assert await state(life) == [("dead", 4, "http.503")]
    assert await life.rows("SELECT 1 FROM outbox WHERE done_at IS NULL") == []
    assert gateway.sent == []
    assert not await life.faults()


async def test_the_gateways_own_delay_goes_before_ours_where_it_is_longer(life, work, gateway):
    await life.begin()
    await write(life)
    gateway.refuse = [TemporaryGatewayError("http.429", timedelta(minutes=9))]
    await work()
    (row,) = await life.rows("SELECT available_at FROM outbox")
    assert row["available_at"] == life.now + timedelta(minutes=9)


async def test_what_is_refused_for_ever_is_dead_at_once_and_not_lost(life, work, gateway):
    await life.begin()
    await write(life)
    gateway.refuse = [PermanentGatewayError("http.422")]
    await work()
    assert await state(life) == [("dead", 1, "http.422")]


@pytest.mark.parametrize("values", [{"type": "04"}, {"confidential": True}])
async def test_words_of_a_protected_ticket_are_not_even_kept_with_the_message(life, work, gateway, values):
    await life.begin(**values)
    await write(life, "不予受理", reason="举报某某偷税", route="请向税务局反映某某偷税")
    assert "某某" not in str(await life.rows("SELECT fields FROM messages"))
    await work()
    assert gateway.sent[0][2] == (
        f"【银川12345】您的工单{life.no}不属于热线受理范围，原因：有关原因。建议途径：请致电12345咨询。"
    )


async def test_a_ticket_marked_confidential_after_the_message_was_written_is_not_told_of(life, work, gateway):
    await life.begin()
    await write(life, "延期", due=life.now, reason="向某某核实欠薪")
    async with life.sessions() as db:
        await db.execute(text("UPDATE tickets SET confidential = true"))
        await db.commit()
    await work()
    assert "因有关原因需延期" in gateway.sent[0][2]
    assert "某某" not in gateway.sent[0][2]


async def test_an_occasion_that_the_city_does_not_write_of_is_cancelled(life, work, gateway, sender):
    await life.begin()
    await write(life)
    await work(replace(sender, templates=dict))
    assert await state(life) == [("cancelled", 0, None)]
    assert gateway.sent == []


async def test_a_template_that_asks_for_what_the_message_does_not_carry_leaves_it_to_a_person(life, work, sender):
    await life.begin()
    await write(life)
    await work(replace(sender, templates=lambda: {"受理": "{master_no}"}))
    assert await state(life) == [("dead", 0, "template")]


async def test_two_workers_with_the_same_message_send_it_once(life, sender, gateway):
    await life.begin()
    number = await write(life)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Recorder):
        async def send(self, *message):
            arrived.set()
            await go_on.wait()
            await gateway.send(*message)

    slow = asyncio.create_task(replace(sender, gateway=Slow())(life.sessions, {"message": number}))
    await arrived.wait()
    (row,) = await claim(life.sessions, life.now)
    assert not await perform(life.sessions, {SEND_TOPIC: sender}, row, life.now)
    assert [row["last_error"] for row in await life.rows("SELECT last_error FROM outbox")] == ["message.in_hand"]
    go_on.set()
    await slow
    life.later(seconds=5)
    await perform(life.sessions, {SEND_TOPIC: sender}, (await claim(life.sessions, life.now))[0], life.now)
    assert len(gateway.sent) == 1
    assert await state(life) == [("sent", 1, None)]


async def test_a_gateway_that_does_not_answer_is_left_alone_for_a_minute_and_that_is_no_attempt(
    life, work, sender, gateway
):
    await life.begin()
    for cause in ("c1", "c2"):
        await write(life, cause=cause)
    resting = replace(sender, gateway=Resting(gateway, lambda: life.now))
    gateway.refuse = [TemporaryGatewayError("timeout", unanswered=True)]
    await work(resting)
    assert sorted(await state(life)) == [("queued", 0, None), ("queued", 1, "timeout")]
    rows = await life.rows("SELECT available_at FROM outbox ORDER BY available_at")
    assert [row["available_at"] for row in rows] == [life.now + timedelta(seconds=wait) for wait in (10, 60)]
    life.later(seconds=30)
    await work(resting)
    assert gateway.sent == []
    life.later(seconds=30)
    await work(resting)
    assert len(gateway.sent) == 2
    assert sorted(await state(life)) == [("sent", 1, None), ("sent", 2, None)]


_WORKER = """
import asyncio, sys
from datetime import datetime
from app.jobs.outbox import claim, perform
from app.messages.http_gateway import HttpGateway
from app.messages.resting import Resting
from app.messages.sending import Sender
from app.messages.settings import MessageSettings
from models.session import engine, sessions
url, sms, now = sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])
async def main():
    db = sessions(engine(url))
    gateway = HttpGateway(sms, "k1", b"a key that both know", 10.0)
    templates = {"受理": "您的工单{ticket_no}已受理"}
    sender = Sender(gateway, lambda: templates, MessageSettings(), lambda: "secret", lambda: now)
    print("started", flush=True)
    for row in await claim(db, now):
        await perform(db, {"send_message": sender}, row, now)
asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_worker_killed_between_the_gateways_yes_and_its_own_note_delivers_nothing_twice(life, seeded_url):
    await life.begin()
    number = await write(life)
    with running() as sms:

        def work():
            arguments = [sys.executable, "-c", _WORKER, seeded_url, sms.url, life.now.isoformat()]
            return subprocess.Popen(arguments, stdout=subprocess.PIPE)

        killed = work()
        assert await asyncio.to_thread(killed.stdout.readline) == b"started\n"
        sms.before_answer = lambda: os.kill(killed.pid, signal.SIGKILL)  # it has taken the message, and says so in vain
        assert await asyncio.to_thread(killed.wait) == -signal.SIGKILL
        killed.stdout.close()
        assert list(sms.delivered) == [number]
        assert await state(life) == [("queued", 0, None)]
        sms.before_answer = lambda: None
        life.later(seconds=LEASE.total_seconds())
        again = work()
        assert await asyncio.to_thread(again.wait) == 0
        again.stdout.close()
        assert [headers["idempotency-key"] for headers, _ in sms.requests] == [number, number]
        assert len(sms.delivered) == 1
        assert sms.requests[0][1] == sms.requests[1][1]
    assert await state(life) == [("sent", 1, None)]
    assert await life.rows("SELECT 1 FROM outbox WHERE done_at IS NULL") == []
    assert KEY.decode() in _WORKER


def test_a_gateway_over_http_needs_its_address_and_its_key(monkeypatch):
    with pytest.raises(ValueError, match="须设置 url、key_id 和 key"):
        MessageSettings(gateway="http")
    monkeypatch.setenv("HOTLINE_MESSAGES_GATEWAY", "http")
    monkeypatch.setenv("HOTLINE_MESSAGES_URL", "https://sms.test")
    monkeypatch.setenv("HOTLINE_MESSAGES_KEY_ID", "k1")
    monkeypatch.setenv("HOTLINE_MESSAGES_KEY", "secret words")
    assert "secret words" not in repr(MessageSettings())
