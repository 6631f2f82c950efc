"""Telephony: calls, never tickets. Works while everything else is down (docs/architecture.md)."""
