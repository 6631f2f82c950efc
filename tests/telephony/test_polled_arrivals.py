"""Gaps between packets, from a count that is asked now and then."""

from __future__ import annotations

from telephony.citizen.polled import PolledArrivals


def test_the_gap_is_the_time_between_two_rounds_in_which_packets_came():
    arrivals = PolledArrivals()
    for count, now in [(1, 1.00), (1, 1.01), (2, 1.02), (2, 1.03), (3, 1.04), (3, 1.05), (3, 1.10), (4, 1.12)]:
        arrivals.heard(count, now)
    assert [round(gap) for gap in arrivals.stop()] == [20, 20, 80]


def test_packets_of_one_round_lie_close_together():
    arrivals = PolledArrivals()
    arrivals.heard(1, 1.0)
    arrivals.heard(4, 1.06)
    assert [round(gap) for gap in arrivals.stop()] == [60, 0, 0]


def test_where_nothing_came_there_is_no_gap():
    arrivals = PolledArrivals()
    arrivals.heard(0, 1.0)
    arrivals.heard(1, 2.0)
    assert arrivals.stop() == []
