"""What all tests of telephony share."""

from __future__ import annotations

from tests.fixtures.front_door import door

__all__ = ["door"]
