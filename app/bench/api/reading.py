"""People who read: a ticket's page, what may be done to it."""

from __future__ import annotations

import random

from app.bench.api.http import Answer, Browser
from app.bench.api.people import People, Person
from app.bench.api.sample import Sample
from models.codes import Role

_CITY = (Role.AGENT, Role.DISPATCHER, Role.DISPATCH_SUPERVISOR, Role.SUPERVISION, Role.CALLBACK)
_UNIT = (Role.UNIT_SIGNER, Role.UNIT_HANDLER)


class Readers:
    """Half of them of the hotline, half of units, each looking at tickets that they may see."""

    def __init__(self, people: People, sample: Sample) -> None:
        self._city = people.of(*_CITY)
        self._units = [person for person in people.of(*_UNIT) if person.unit in sample.of_unit]
        self._sample = sample

    async def ticket(self, browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        """The ticket's page."""
        person, no = self._one(chance)
        side = "hotline" if person.unit is None else "unit"
        return f"ticket ({side})", await browser.ask("GET", f"/api/tickets/{no}", person.cookie)

    async def actions(self, browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        """What may be done to it."""
        person, no = self._one(chance)
        return "actions", await browser.ask("GET", f"/api/tickets/{no}/actions", person.cookie)

    def _one(self, chance: random.Random) -> tuple[Person, str]:
        if chance.random() < 0.5 or not self._units:
            return chance.choice(self._city), chance.choice(self._sample.numbers)
        person = chance.choice(self._units)
        assert person.unit is not None
        states = self._sample.of_unit[person.unit]
        return person, chance.choice(states[chance.choice(sorted(states))])
