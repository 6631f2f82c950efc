"""Many at once, and the shared recordings played as calls."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.fixtures.product import AUDIO, Product

pytestmark = pytest.mark.slow


def test_twenty_calls_at_once_give_twenty_recordings_and_twenty_tickets(product: Product):
    code, figures = product.bench(
        "calls", product.sip, "--audio", str(AUDIO / "water_outage.wav"), "--audio", str(AUDIO / "street_lamp.wav"),
        "--parallel", "20", "--rate", "5", "--from", "13940001000",
    )  # fmt: skip
    assert (code, figures["failed"], figures["ended_by_us"]) == (0, 0, 0), figures
    numbers = {str(13940001000 + index) for index in range(20)}
    tickets = product.wait_for_tickets(numbers, 120)
    assert {number: len(found) for number, found in tickets.items()} == dict.fromkeys(numbers, 1)
    calls = [call for call in product.hotline("calls") if call["ani"] in numbers]
    assert len(calls) == 20
    assert all(abs(call["recorded_s"] - call["talk_s"]) < 1.5 for call in calls), calls
    assert product.hotline("verify")["ok"]


@pytest.mark.shared
def test_most_of_the_shared_recordings_become_tickets_of_the_right_class_and_district(
    product: Product, shared_dir: Path
):
    with (shared_dir / "audio" / "index.csv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file))
    audio = [part for row in index for part in ("--audio", str(shared_dir / "audio" / row["file"]))]
    code, figures = product.bench(
        "calls", product.sip, *audio, "--parallel", str(len(index)), "--rate", "1", "--from", "13950001000"
    )
    assert code == 0, figures
    numbers = {str(13950001000 + place): row for place, row in enumerate(index)}
    tickets = product.wait_for_tickets(set(numbers), 180)
    assert tickets.keys() == numbers.keys()
    right = 0
    for number, row in numbers.items():
        (ticket,) = tickets[number]
        assert ticket["content"].strip()
        # a caller who named no district may still be placed by the road he named
        in_place = not row["district"] or ticket["district"] == row["district"]
        right += ticket["path"].split("/")[0] == row["class"] and in_place
        if row["urgency"] == "1":
            assert ticket["urgency"] == 1, (row["file"], ticket["content"])
    assert right / len(index) >= 0.8
