"""Units that work: they sign what came to them, and note that they have reached the citizen."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import psycopg

from app.bench.api.http import Answer, Browser
from app.bench.api.people import People, Person
from app.clock import utc_now
from models.codes import Role

_TO_SIGN = """
WITH RECURSIVE below AS (SELECT code AS top, code FROM units WHERE code = ANY(%s) UNION ALL
SELECT b.top, u.code FROM units u JOIN below b ON u.parent = b.code)
SELECT t.no, t.version, min(b.top) FROM below b JOIN tickets t ON t.host_unit = b.code WHERE t.status = 40
GROUP BY t.id ORDER BY t.id DESC LIMIT %s
"""


class Workers:
    """Each ticket is signed once, then contact is noted on it."""

    def __init__(self, url: str, people: People, most: int) -> None:
        self._signers = _by_unit(people.of(Role.UNIT_SIGNER))
        self._handlers = _by_unit(people.of(Role.UNIT_HANDLER))
        with psycopg.connect(url) as db:
            found: list[Any] = db.execute(_TO_SIGN, (sorted(self._signers), most)).fetchall()
        self._to_sign = deque(found)
        self._signed: deque[tuple[str, str, str]] = deque()

    async def act(self, browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        """The next thing there is to do. None: nothing is left."""
        if self._signed and (chance.random() < 0.5 or not self._to_sign):
            no, tag, unit = self._signed.popleft()
            body = {"result": "reached", "at": utc_now().isoformat(), "number": "13900000001", "text": "已电话联系"}
            answer = await browser.ask(
                "POST", f"/api/tickets/{no}/actions/contact", chance.choice(self._handlers[unit]).cookie, body=body,
                headers={"If-Match": tag},
            )  # fmt: skip
            return "contact", answer
        if not self._to_sign:
            return "sign", None
        no, version, unit = self._to_sign.popleft()
        answer = await browser.ask(
            "POST", f"/api/tickets/{no}/actions/sign", chance.choice(self._signers[unit]).cookie, body={},
            headers={"If-Match": f'"{version}"'},
        )  # fmt: skip
        if answer.status == 200:
            self._signed.append((no, answer.headers["etag"], unit))
        return "sign", answer


def _by_unit(people: list[Person]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for person in people:
        if person.unit is not None:
            found.setdefault(person.unit, []).append(person)
    return found
