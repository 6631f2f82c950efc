"""Somebody dials, tells what is wrong, and a ticket stands in PostgreSQL: nothing between is a stand-in."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fixtures.product import AUDIO, Product, hang_up, until

pytestmark = pytest.mark.slow
_WITHIN_S = 15.0


def _ticket(product: Product, number: str) -> dict:
    found = product.wait_for_tickets({number}, _WITHIN_S)
    assert list(found) == [number], "no ticket within 15 s of the hang-up"
    (ticket,) = found[number]
    return ticket


def test_a_water_outage_becomes_an_urgent_ticket_for_the_water_company(product: Product, tmp_path: Path):
    heard = tmp_path / "heard.wav"
    call = product.call("13910000001", AUDIO / "water_outage.wav", record=str(heard))
    assert call["answered"]
    assert call["far_hangup"]
    assert heard.stat().st_size > 8000 * 2 * 5
    ticket = _ticket(product, "13910000001")
    assert (ticket["path"], ticket["district"], ticket["urgency"]) == ("公用事业/供水/停水/爆管", "兴庆区", 2)
    assert ticket["tier"] == 2
    assert "水务" in ticket["unit"]
    assert "停水" in ticket["content"]
    one = product.hotline("ticket", ticket["no"])
    assert [event["kind"] for event in one["events"]] == ["created", "classified"]
    assert {clock["kind"] for clock in one["clocks"]} == {"citizen", "dispatch"}
    accepted = datetime.fromisoformat(one["created_at"])
    # E2: three natural days for the citizen, ten minutes for the dispatcher (limits.yaml)
    assert abs(datetime.fromisoformat(ticket["citizen_due"]) - accepted - timedelta(days=3)) < timedelta(seconds=30)
    assert one["transcript"]


def test_a_fire_goes_to_the_fire_brigade_at_once(product: Product):
    product.call("13910000002", AUDIO / "fire.wav")
    ticket = _ticket(product, "13910000002")
    assert (ticket["urgency"], ticket["district"], ticket["path"].split("/")[0]) == (1, "金凤区", "公共安全")
    assert ticket["status"] == 40
    one = product.hotline("ticket", ticket["no"])
    dispatched = next(event for event in one["events"] if event["kind"] == "dispatched")
    assert dispatched["payload"]["by_phone"] is True
    assert {"sign", "contact", "finish", "citizen"} <= {clock["kind"] for clock in one["clocks"]}


def test_a_question_gets_the_limit_of_a_question(product: Product):
    product.call("13910000003", AUDIO / "consult.wav")
    ticket = _ticket(product, "13910000003")
    assert (ticket["type"], ticket["profile"], ticket["urgency"]) == ("咨询", "Q", 3)
    assert ticket["path"].startswith("人社/")


def test_the_number_read_to_the_caller_is_the_tickets(product: Product):
    product.call("13910000004", AUDIO / "street_lamp.wav")
    ticket = _ticket(product, "13910000004")
    (call,) = product.calls_of("13910000004")
    assert call["ticket_no"] == call["reserved_no"] == ticket["no"]
    assert ticket["district"] == "西夏区"
    assert call["outcome"] == "appeal"


_WORDLESS: dict[str, tuple[list[str], dict[str, str], str]] = {
    "13910000011": ([], {}, "silent"),
    "13910000012": (["breath.wav"], {}, "silent"),
    "13910000013": ([], {"hang_up_after": "0.7"}, "abandoned_greeting"),
    "13910000014": ([], {"dtmf": "5*w7#"}, "digits_only"),
}


@pytest.fixture(scope="module")
def wordless(product: Product) -> dict[str, dict]:
    """Four callers at once who say nothing."""
    citizens = {
        number: product.dial(number, *(AUDIO / file for file in audio), **options)
        for number, (audio, options, _) in _WORDLESS.items()
    }
    return {number: hang_up(citizen) for number, citizen in citizens.items()}


@pytest.mark.parametrize("number", _WORDLESS, ids=["silence", "breath", "hung up in the greeting", "keys"])
def test_a_call_without_words_is_recorded_under_its_name_and_makes_no_ticket(
    product: Product, wordless: dict[str, dict], number: str
):
    assert wordless[number]["answered"]
    outcome = _WORDLESS[number][2]
    assert until(lambda: [call["outcome"] for call in product.calls_of(number)] == [outcome], _WITHIN_S)
    (call,) = product.calls_of(number)
    assert call["recorded_s"] > 0
    assert call["ticket_no"] is None


def test_a_caller_who_hangs_up_after_having_spoken_gets_a_ticket_all_the_same(product: Product):
    call = product.call("13910000021", AUDIO / "water_outage.wav", hang_up_after="14")
    assert not call["far_hangup"]
    ticket = _ticket(product, "13910000021")
    (row,) = product.calls_of("13910000021")
    assert (row["outcome"], row["ended_by"]) == ("partial", "citizen")
    assert ticket["path"].startswith("公用事业/")
