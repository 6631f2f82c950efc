"""How often one address may send something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.intake import allowance
from app.intake.allowance import Allowance, TooManyError, network_of

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def _taken(bucket: Allowance, key: str, now: datetime) -> bool:
    try:
        bucket.take(key, now)
    except TooManyError:
        return False
    return True


def test_a_few_at_once_then_so_many_an_hour_each_address_for_itself():
    bucket = Allowance(burst=3, per_hour=6)
    assert [_taken(bucket, "a", NOW) for _ in range(5)] == [True, True, True, False, False]
    assert _taken(bucket, "b", NOW)
    assert not _taken(bucket, "a", NOW + timedelta(minutes=9))
    assert [_taken(bucket, "a", NOW + timedelta(minutes=10, seconds=1)) for _ in range(2)] == [True, False]
    assert [_taken(bucket, "a", NOW + timedelta(days=1)) for _ in range(4)] == [True, True, True, False]


def test_who_is_refused_is_told_when_to_come_again():
    bucket = Allowance(burst=1, per_hour=60)
    bucket.take("a", NOW)
    with pytest.raises(TooManyError) as refused:
        bucket.take("a", NOW)
    wait = refused.value.extra["retry_after_s"]
    assert not _taken(bucket, "a", NOW + timedelta(seconds=wait - 2))
    assert _taken(bucket, "a", NOW + timedelta(seconds=wait))


def test_a_clock_that_goes_back_gives_nothing_away():
    bucket = Allowance(burst=1, per_hour=60)
    bucket.take("a", NOW)
    assert not _taken(bucket, "a", NOW - timedelta(hours=5))


def test_many_addresses_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(allowance, "_MOST_KEYS", 10)
    bucket = Allowance(burst=1, per_hour=1)
    for number in range(100):
        bucket.take(str(number), NOW)
    assert len(bucket._buckets) == 10
    assert not _taken(bucket, "99", NOW)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_one_customers_addresses_are_one(address, network):
    assert network_of(address) == network
