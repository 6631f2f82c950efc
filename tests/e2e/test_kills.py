"""kill -9 of each process in mid-call: every call keeps its row, its recording and its ticket, each once."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.fixtures.product import AUDIO, Product, hang_up, until

pytestmark = pytest.mark.slow
_SERVICES = ["web", "worker", "scribe", "valkey", "postgres", "front-door"]
_INTO_THE_CALL_S = 8.0


@pytest.mark.parametrize("service", _SERVICES)
def test_a_service_killed_in_mid_call_costs_nothing(product: Product, service: str):
    number = f"1392000{_SERVICES.index(service):04d}"
    citizen = product.dial(number, AUDIO / "street_lamp.wav")
    time.sleep(_INTO_THE_CALL_S)
    pid = product.pid_of(service)
    os.kill(pid, signal.SIGKILL)
    call = hang_up(citizen)
    assert call["answered"]
    assert call["far_hangup"], "the citizen lost the call"
    assert until(lambda: product.pid_of(service) != pid, 30), "it was not started again"
    tickets = product.wait_for_tickets({number}, 90)[number]
    assert len(tickets) == 1
    assert (tickets[0]["district"], tickets[0]["path"]) == ("西夏区", "城市管理/市政设施/路灯不亮")
    (row,) = product.calls_of(number)
    assert (row["outcome"], row["ticket_no"]) == ("appeal", tickets[0]["no"])
    # a front door that was away hears of the call's end a little later
    assert call["talk_s"] - 2.0 <= row["recorded_s"] <= call["talk_s"] + 1.0
    report = product.hotline("verify")
    assert report["ok"], report


def test_twenty_lines_killed_in_mid_call_cost_no_citizen_the_call(product: Product):
    code, figures = product.bench(
        "line-kills", product.sip, "--data", str(product.data), "--audio", str(AUDIO / "water_outage.wav"),
        "--times", "20", "--parallel", "5", "--from", "13930001000", "--after", "3", "20",
    )  # fmt: skip
    assert (code, figures["killed"], figures["survived"]) == (0, 20, 20), figures
    numbers = {str(13930001000 + index) for index in range(20)}
    tickets = product.wait_for_tickets(numbers, 120)
    assert {number: len(found) for number, found in tickets.items()} == dict.fromkeys(numbers, 1)
    calls = [call for call in product.hotline("calls") if call["ani"] in numbers]
    assert len(calls) == 20
    assert {call["recording_parts"] for call in calls} == {2}
    assert {call["reanchored"] for call in calls} == {1}
    assert product.hotline("verify")["ok"]
