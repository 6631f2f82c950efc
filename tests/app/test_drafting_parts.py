"""The pieces of drafting: the citizen's words in order, and the clocks a profile asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tickets.clocks import settle_clocks
from app.tickets.drafting import transcript
from models.call import Caption
from models.ticket import Ticket
from routing.assessment import Limits

from .telling import START as NOW
from .telling import rows


def _said(text_: str | None, part: int, start: float, side: str = "citizen") -> Caption:
    return Caption(call_id="c", index=int(start), side=side, part=part, start_s=start, end_s=start + 1, text=text_)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([], ""),
        ([_said(None, 1, 1), _said("", 1, 2), _said("  ", 1, 3)], ""),
        ([_said("路灯坏了", 1, 1)], "路灯坏了"),
        ([_said("三天了", 1, 9), _said("路灯坏了", 1, 2)], "路灯坏了\uff0c三天了"),
        ([_said("三天了", 2, 1), _said("路灯坏了", 1, 30)], "路灯坏了\uff0c三天了"),
        ([_said("路灯坏了。", 1, 1), _said("三天了!", 1, 2), _said("快修", 1, 3)], "路灯坏了。三天了!快修"),
        ([_said("路灯坏了\uff0c", 1, 1), _said("三天了\uff1f", 1, 2)], "路灯坏了\uff0c三天了\uff1f"),
        ([_said("您好", 1, 0, "agent"), _said(" 路灯坏了 ", 1, 2)], "路灯坏了"),
    ],
)
def test_the_words_are_the_citizens_in_the_order_they_were_said(said, words):
    assert transcript(said) == words


async def test_a_profile_without_a_finish_limit_has_no_finish_clock(city_db, book):
    at = {"created_at": NOW, "updated_at": NOW}
    ticket = Ticket(no="1", query_code="0", status=40, type="04", channel="10", urgency=3, title="t", content="c",
                    host_unit="640106", **at)  # fmt: skip
    city_db.add(ticket)
    await city_db.flush()
    due = {name: NOW + timedelta(days=1) for name in ("sign_due", "contact_due", "feedback_due", "due", "citizen_due")}
    texts = {"sign": "1wd", "contact": "1wd", "first_feedback": "5wd", "citizen": "5wd"}
    limits = Limits(profile="ST", dispatch_due=None, texts=texts, **due)
    settled = await settle_clocks(city_db, ticket, limits, NOW, NOW, book, dispatched=True)
    assert set(settled.started) == {"citizen", "contact", "feedback", "sign"}
    again = await settle_clocks(city_db, ticket, limits, NOW, NOW, book, dispatched=True)
    assert (again.started, again.adjusted, ticket.missing_clocks) == ({}, {}, [])
    assert await rows(city_db, 'SELECT kind, "limit" FROM clocks ORDER BY kind') == [
        ("citizen", "5wd"), ("contact", "1wd"), ("feedback", "5wd"), ("sign", "1wd")
    ]  # fmt: skip
