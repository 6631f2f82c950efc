"""Fixtures for all tests, by concern in tests/fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.product",
    "tests.fixtures.shared",
    "tests.fixtures.record",
    "tests.fixtures.ticket_side",
    "tests.fixtures.life",
    "tests.fixtures.api",
]


@pytest.fixture(autouse=True)
def _umask_stays() -> Iterator[None]:
    """Commands that run in this process close what they make to others; the next test starts as if they had not."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
