"""Fixtures for all tests, by concern in tests/fixtures."""

from __future__ import annotations

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.product",
    "tests.fixtures.shared",
    "tests.fixtures.record",
    "tests.fixtures.ticket_side",
]
