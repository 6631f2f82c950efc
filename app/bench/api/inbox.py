"""People who look through lists: each side's usual ones, the first page and those behind it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from app.bench.api.http import Answer, Browser
from app.bench.api.people import People, Person
from models.codes import Role
from models.codes import TicketStatus as S

_PAGE = 50
_DEEPEST = 20
"""Pages one after the other, at most."""
_ON = 0.4
"""How likely somebody turns the page."""
COMMON = ("物业", "噪音", "停车", "公交", "供暖", "工资", "退款", "垃圾")
"""Words of thousands of tickets."""
RARE = ("路灯不亮", "下水道", "遛狗", "钱包", "油烟", "充电桩", "井盖", "健身卡", "消防通道", "公积金", "宽带", "户口")
_LEAVES = ("0901", "0201", "010101", "040201", "050101", "0402", "060201", "020403")
_DISTRICTS = ("640104", "640105", "640106", "640121", "640122", "640181")

Query = list[tuple[str, object]]
List = tuple[str, Callable[[random.Random, datetime], Query]]
"""What it is called, and its filters."""

_OF_UNITS: tuple[List, ...] = (
    ("by due", lambda _, __: [("open", "true"), ("sort", "due")]),
    ("by due", lambda _, __: [("open", "true"), ("sort", "due")]),  # what a unit looks at most
    ("to sign", lambda _, __: [("status", S.SIGN.value), ("sort", "due")]),
    ("in hand", lambda _, __: [("status", S.HANDLING.value), ("status", S.UNIT_SIGN.value), ("sort", "due")]),
    ("due before", lambda _, now: [("open", "true"), ("sort", "due"), ("due_before", _tomorrow(now))]),
    ("newest", lambda _, __: []),
    ("category", lambda chance, __: [("category", chance.choice(_LEAVES))]),
    ("common words", lambda chance, __: [("q", chance.choice(COMMON))]),
    ("rare words", lambda chance, __: [("q", chance.choice(RARE))]),
    ("mine", lambda _, __: [("mine", "handled")]),
    ("helped", lambda _, __: [("relation", "co")]),
    ("once had", lambda _, __: [("relation", "past")]),
)
_OF_HOTLINE: dict[Role, tuple[List, ...]] = {
    Role.AGENT: (
        ("newest", lambda _, __: []),
        ("mine", lambda _, __: [("mine", "registered")]),
        ("common words", lambda chance, __: [("q", chance.choice(COMMON))]),
        ("rare words", lambda chance, __: [("q", chance.choice(RARE))]),
    ),
    Role.DISPATCHER: (
        ("to dispatch", lambda _, __: [("status", S.REVIEW.value), ("status", S.DISPATCH.value)]),
        ("to dispatch by due", lambda _, __: [("status", S.REVIEW.value), ("sort", "due")]),
        ("returned", lambda _, __: [("status", S.RETURN_REQUESTED.value), ("sort", "due")]),
        ("category", lambda chance, __: [("category", chance.choice(_LEAVES))]),
    ),
    Role.DISPATCH_SUPERVISOR: (
        ("district", lambda chance, __: [("district", chance.choice(_DISTRICTS)), ("open", "true"), ("sort", "due")]),
        ("a unit's", lambda chance, __: [("unit", chance.choice(_DISTRICTS)), ("open", "true"), ("sort", "due")]),
        ("urgent", lambda _, __: [("urgency", 1), ("open", "true")]),
    ),
    Role.SUPERVISION: (
        ("overdue", lambda _, __: [("overdue", "true"), ("open", "true"), ("sort", "due")]),
        ("due before", lambda _, now: [("open", "true"), ("sort", "due"), ("due_before", _tomorrow(now))]),
        ("warned", lambda _, __: [("warn", 1), ("warn", 2), ("open", "true"), ("sort", "due")]),
    ),
    Role.CALLBACK: (("to call back", lambda _, __: [("status", S.CALLBACK.value), ("sort", "due")]),),
}


def _tomorrow(now: datetime) -> str:
    return (now + timedelta(days=1)).isoformat(timespec="seconds")


class Lookers:
    """Half of the hotline, half of units."""

    def __init__(self, people: People, now: datetime) -> None:
        self._units = people.of(Role.UNIT_SIGNER, Role.UNIT_HANDLER)
        self._city = people.of(*_OF_HOTLINE)
        self._now = now
        self._next: dict[Browser, _Page] = {}

    async def page(self, browser: Browser, chance: random.Random) -> tuple[str, Answer | None]:
        """A list's first page, or the one behind that which was looked at last."""
        page = self._next.pop(browser, None) or self._first(chance)
        answer = await browser.ask("GET", page.target, page.person.cookie)
        following = answer.headers.get("x-next-cursor")
        if following is not None and page.number < _DEEPEST and chance.random() < _ON:
            self._next[browser] = replace(page, number=page.number + 1, cursor=following)
        side = "hotline" if page.person.unit is None else "unit"
        return f"inbox: {side}, {page.name}{', further pages' if page.cursor else ''}", answer

    def _first(self, chance: random.Random) -> _Page:
        person = chance.choice(self._units if chance.random() < 0.5 else self._city)
        name, filters = chance.choice(_OF_UNITS if person.unit is not None else _OF_HOTLINE[person.role])
        return _Page(person, name, [("limit", _PAGE), *filters(chance, self._now)])


@dataclass(frozen=True, slots=True)
class _Page:
    person: Person
    name: str
    query: Query
    number: int = 1
    cursor: str | None = None

    @property
    def target(self) -> str:
        """Its address."""
        return f"/api/tickets?{urlencode([*self.query, *([('cursor', self.cursor)] if self.cursor else [])])}"
