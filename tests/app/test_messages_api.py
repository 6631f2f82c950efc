"""Dead letters: who must see to it that citizens are told sees them, and sends them again."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from app.jobs.outbox import claim, perform
from app.messages.gateway import PermanentGatewayError
from app.messages.sending import Sender
from app.messages.settings import MessageSettings
from app.messages.writing import SEND_TOPIC, write_message
from models.codes import Role
from models.ticket import Ticket


class Gateway:
    """Refuses until it is put right."""

    broken = True

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, message_id, recipient, text):  # noqa: ARG002  (the gateway's form)
        if self.broken:
            raise PermanentGatewayError("http.401")
        self.sent.append(message_id)


@pytest.fixture
def gateway():
    return Gateway()


@pytest.fixture
def work(life, gateway, book):
    sender = Sender(gateway, lambda: book.city.messages, MessageSettings(), lambda: "s", lambda: life.now)

    async def once():
        for row in await claim(life.sessions, life.now):
            await perform(life.sessions, {SEND_TOPIC: sender}, row, life.now)

    return once


async def write(life, count=1, *, apart=timedelta(seconds=1)):
    """So many dead letters about the ticket, the oldest first."""
    numbers = []
    async with life.sessions() as db:
        ticket = await db.get(Ticket, (await life.ticket()).id)
        for n in range(count):
            at = life.now + n * apart
            numbers.append(await write_message(db, ticket, "受理", {}, f"c{n}", at))
        await db.commit()
    life.later(days=30)
    return numbers


@pytest.fixture
async def one(life, work):
    await life.begin()
    (number,) = await write(life)
    await work()
    return number


async def test_a_dead_letter_is_listed_without_the_number_and_without_the_text(life, api, one):
    await api.as_(Role.TEAM_LEADER)
    answer = await api.client.get("/api/messages", params={"state": "dead"})
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {
                "id": one, "ticket_no": life.no, "template": "受理", "recipient": "139****0001", "state": "dead",
                "state_name": "发送失败", "attempts": 1, "created_at": "2026-11-02T09:00:00+08:00", "sent_at": None,
                "last_error": "http.401",
            }
        ],
        "next": None,
    }  # fmt: skip


async def test_of_a_protected_ticket_not_a_digit_is_shown(life, api, work):
    await life.begin(type="04")
    await write(life)
    await work()
    await api.as_(Role.TEAM_LEADER)
    assert (await api.client.get("/api/messages")).json()["items"][0]["recipient"] == "*" * 11
    await api.as_(Role.DIRECTOR)
    assert (await api.client.get("/api/messages")).json()["items"][0]["recipient"] == "139****0001"


async def test_a_person_sends_it_again_under_its_own_id_and_that_is_recorded(life, api, one, work, gateway):
    login = await api.as_(Role.DIRECTOR)
    gateway.broken = False
    assert (await api.client.post(f"/api/messages/{one}/resend")).status_code == 204
    assert not await life.faults()
    await work()
    assert gateway.sent == [one]
    (row,) = await life.rows("SELECT state, attempts, last_error FROM messages")
    assert tuple(row.values()) == ("sent", 1, None)
    (audit,) = await life.rows("SELECT actor, subject FROM audit_log WHERE action = 'message.resent'")
    assert tuple(audit.values()) == (f"user:{login}", f"message:{one}")


async def test_it_can_be_sent_again_as_often_as_it_dies(api, one, work, life):
    await api.as_(Role.DIRECTOR)
    for _ in range(3):
        assert (await api.client.post(f"/api/messages/{one}/resend")).status_code == 204
        await work()
    keys = [row["key"] for row in await life.rows("SELECT key FROM outbox ORDER BY id")]
    assert keys == [one, f"{one}#1", f"{one}#2", f"{one}#3"]


async def test_what_is_not_dead_is_not_sent_again(api, one, life):
    await api.as_(Role.DIRECTOR)
    assert (await api.client.post(f"/api/messages/{one}/resend")).status_code == 204
    again = await api.client.post(f"/api/messages/{one}/resend")
    assert (again.status_code, again.json()["type"]) == (409, "urn:hotline:message.not_dead")
    assert again.json()["detail"] == "该短信待发送，不能重发"
    missing = await api.client.post("/api/messages/nothing/resend")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:hotline:message.missing")
    assert len(await life.rows("SELECT 1 FROM outbox")) == 2


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(seconds=1)])
async def test_pages_show_each_once_newest_first_also_of_one_instant(life, api, work, apart):
    await life.begin()
    numbers = await write(life, 7, apart=apart)
    await work()
    await api.as_(Role.DIRECTOR)
    seen, cursor = [], None
    while True:
        asked = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await api.client.get("/api/messages", params=asked)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(numbers)
    if apart:
        assert seen == numbers[::-1]
    other = await api.client.get("/api/messages", params={"state": "sent", "cursor": "AAAA"})
    assert (other.status_code, other.json()["type"]) == (400, "urn:hotline:cursor.invalid")


async def test_a_state_that_does_not_exist_is_refused(api, life):
    await api.as_(Role.DIRECTOR)
    assert (await api.client.get("/api/messages", params={"state": "lost"})).status_code == 400


def test_the_command_line_shows_and_resends_them(hotline, seeded_url, data_of):
    with psycopg.connect(seeded_url) as db:
        db.execute(
            "INSERT INTO messages (id, cause, template, fields, recipient, state, attempts, created_at, last_error) "
            "VALUES ('m1', 'c1', '漏接', '{}', '13900000001', 'dead', 8, '2026-11-02T09:00+08:00', 'timeout')"
        )
    data = data_of(seeded_url)
    (line,) = hotline("messages", "dead", "--data", data).json
    assert (line["id"], line["recipient"], line["last_error"]) == ("m1", "139****0001", "timeout")
    assert hotline("messages", "resend", "--data", data).code == 2
    assert hotline("messages", "resend", "m1", "nothing", "--data", data).code == 1
    assert hotline("messages", "dead", "--data", data).json == [line]  # all of them or none
    assert hotline("messages", "resend", "--all", "--data", data).json == {"resent": 1}
    assert hotline("messages", "dead", "--data", data).json == []
    with psycopg.connect(seeded_url) as db:
        assert db.execute("SELECT key, payload FROM outbox").fetchall() == [("m1#0", {"message": "m1"})]
        ((actor,),) = db.execute("SELECT actor FROM audit_log WHERE action = 'message.resent'").fetchall()
    assert actor.startswith("cli:")
