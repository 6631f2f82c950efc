"""Prometheus metrics of the ticket side."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable: the folder in which processes that serve together keep theirs; before the first is made."""

CALL_EVENTS = Counter("hotline_call_events", "Call events received, by kind", ["kind"])
TICKETS_DRAFTED = Counter("hotline_tickets_drafted", "Tickets drafted from calls, by urgency", ["urgency"])
TICKETS_REGISTERED = Counter("hotline_tickets_registered", "Tickets that came in otherwise, by channel", ["channel"])
CALLS_WITHOUT_WORDS = Counter("hotline_calls_without_words", "Ended calls in which no word was understood")
JOBS = Counter("hotline_jobs", "Jobs done, by topic and result", ["topic", "result"])
REQUEST_SECONDS = Histogram("hotline_http_request_seconds", "HTTP requests, by route and status", ["route", "status"])
CLOCK_RUNGS = Counter("hotline_clock_rungs", "Rungs of clocks taken, by deed and result", ["deed", "result"])
CLOCK_LAG = Gauge("hotline_clock_lag_seconds", "How late the earliest clock is that is due and not taken yet")
MESSAGES = Counter("hotline_messages", "Messages at the gateway, by result", ["result"])


def told() -> bytes:
    """In Prometheus' text format; of all processes that share them."""
    if not os.environ.get(SHARED):
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
