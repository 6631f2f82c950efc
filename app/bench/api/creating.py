"""Agents who take appeals in: as many as the machine can."""

from __future__ import annotations

import random
from typing import Any

import psycopg

from app.bench.api.http import Answer, Browser
from app.bench.api.people import People
from app.bench.stories import Words
from models.codes import Role

_REPEATED = 0.02
"""Requests that are sent a second time with the same key, as a client does that lost the answer."""
_CLASSED = 0.5
"""Appeals of which the agent has said what they are about; the rest is judged by a worker."""
_CHANNELS = ("10", "10", "10", "10", "10", "10", "41", "40", "22", "31")


class Agents:
    """``acknowledged``: numbers of the tickets that the web app has said are there."""

    def __init__(self, people: People, texts: list[Words], seed: str) -> None:
        self._people = people.of(Role.AGENT)
        self._texts = texts
        self._seed = seed
        self._count = 0
        self.acknowledged: list[str] = []
        self.repeats = 0
        self.wrong_repeats = 0

    async def create(self, browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        """One appeal."""
        person, body = chance.choice(self._people), self._appeal(chance)
        self._count += 1
        headers = {"Idempotency-Key": f"{self._seed}-{self._count}"}
        answer = await browser.ask("POST", "/api/tickets", person.cookie, body=body, headers=headers)
        if answer.status == 201:
            no = str(answer.json()["no"])
            self.acknowledged.append(no)
            if chance.random() < _REPEATED:
                again = await browser.ask("POST", "/api/tickets", person.cookie, body=body, headers=headers)
                self.repeats += 1
                self.wrong_repeats += again.status != 201 or again.json()["no"] != no
        return "create", answer

    def _appeal(self, chance: random.Random) -> dict[str, Any]:
        words = chance.choice(self._texts)
        body: dict[str, Any] = {
            "channel": chance.choice(_CHANNELS),
            "content": f"{words.content}（第{chance.randrange(10**6)}号来电）",
            "phone": f"139{chance.randrange(10**8):08d}",
            "address": words.address,
        }
        if chance.random() < _CLASSED:
            body |= {"type": words.type, "category": words.category, "district": words.district, "title": words.title}
        return body


def check(url: str, agents: Agents) -> dict[str, int]:
    """Whether each acknowledged ticket is there, once, with its first event, its holder and its job."""
    numbers = agents.acknowledged
    with psycopg.connect(url) as db:
        row = db.execute(
            "SELECT count(*), count(e.id), count(h.id), count(o.id) FROM tickets t "
            "LEFT JOIN ticket_events e ON e.ticket_id = t.id AND e.seq = 1 "
            "LEFT JOIN holdings h ON h.ticket_id = t.id AND h.ended_at IS NULL "
            "LEFT JOIN outbox o ON o.topic = 'judge_ticket' AND o.key = t.no WHERE t.no = ANY(%s)",
            (numbers,),
        ).fetchone()
    assert row is not None
    return {
        "acknowledged": len(numbers),
        "numbers_twice": len(numbers) - len(set(numbers)),
        "found": row[0],
        "with_event": row[1],
        "with_holder": row[2],
        "to_be_judged": row[3],
        "sent_again": agents.repeats,
        "sent_again_and_made_twice": agents.wrong_repeats,
    }
