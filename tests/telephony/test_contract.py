"""The events' contract, ids, errors and logs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from telephony import errors, events, ids
from telephony.events import CallEvent, Caption, Delivery, Envelope, Payload, Receipt
from telephony.line import client
from telephony.log import configure_logging  # noqa: F401  (imports without side effects)
from telephony.recording import RecordingError
from telephony.scribe.sound import NotYetWrittenError, SoundError
from telephony.ticket_numbers import NumbersExhaustedError

AT = datetime(2026, 11, 25, 4, 0, 0, 123000, tzinfo=UTC)
SAMPLES = {str: "x", int: 1, float: 1.5, bool: True}


def sample(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """One of a kind, with some value in each field."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        info = field.type
        options = get_args(info)
        if field.name == "parts":
            fields[field.name] = [events.RecordingPart("citizen", 1, "2026/11/25/x/citizen-1.wav", 2.5)]
        elif options and type(None) in options:
            fields[field.name] = None
        elif options:
            fields[field.name] = options[0]
        else:
            fields[field.name] = SAMPLES[info]
    return kind(**fields)


KINDS = list(get_args(Payload))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__struct_config__.tag)
def test_every_kind_comes_back_as_it_was_also_through_an_envelope(kind: type[msgspec.Struct]):
    event = CallEvent(ids.new_call_id(), 1, AT, "n1", sample(kind))  # type: ignore[arg-type]
    data = msgspec.json.encode(event)
    assert msgspec.json.decode(data, type=CallEvent) == event
    envelope = msgspec.json.decode(data, type=Envelope)
    assert envelope.kind == kind.__struct_config__.tag
    assert msgspec.convert(envelope.payload, kind) == event.payload
    again = msgspec.json.encode(Delivery([envelope]))
    assert (
        msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(again, type=Delivery).events[0]), type=CallEvent)
        == event
    )


def test_the_kinds_are_those_of_the_design():
    assert {kind.__struct_config__.tag for kind in KINDS} >= {
        "arrived", "greeted", "queued", "offered", "answered", "held", "resumed", "digit", "caption", "leg_joined",
        "leg_left", "transfer_started", "transfer_answered", "transfer_failed", "supervisor_joined", "abandoned",
        "voicemail", "survey", "reanchored", "recording", "ended", "placed", "speech_invited",
    }  # fmt: skip


def test_a_kind_from_the_future_is_kept_whole():
    data = b'{"call_id":"a","seq":3,"at":"2026-11-25T04:00:00Z","node":"n1","payload":{"type":"teleported","to":[1]}}'
    envelope = msgspec.json.decode(data, type=Envelope)
    assert envelope.kind == "teleported"
    assert msgspec.json.decode(msgspec.json.encode(envelope))["payload"] == {"type": "teleported", "to": [1]}
    assert Envelope("a", 1, AT, "n", {}).kind == "unknown"


@pytest.mark.parametrize("seq", [0, -1, "x"])
def test_a_sequence_begins_with_one(seq: object):
    data = msgspec.json.encode({"call_id": "a", "seq": seq, "at": AT, "node": "n", "payload": {}})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(data, type=Envelope)


def test_times_of_another_zone_are_the_same_moment():
    there = AT.astimezone(timezone(timedelta(hours=8)))
    event = CallEvent("a", 1, there, "n1", events.Survey("solved", "1", "solved"))
    assert msgspec.json.decode(msgspec.json.encode(event), type=CallEvent).at == AT


def test_chinese_text_goes_as_it_is():
    caption = Caption(1, "citizen", 1, 0.0, 2.0, "我们小区停水了", "whisper-base", -0.3)
    assert "我们小区停水了" in msgspec.json.encode(caption).decode()


def test_a_receipt_counts():
    assert msgspec.json.decode(msgspec.json.encode(Receipt(3, 1)), type=Receipt) == Receipt(3, 1)


def test_call_ids_are_uuids_of_version_7_and_sort_by_time():
    before = time.time_ns() // 1_000_000
    made = []
    for _ in range(5):
        made.append(ids.new_call_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert len({ids.new_call_id() for _ in range(1000)}) == 1000
    for one in made:
        value = UUID(one)
        assert (value.version, value.variant) == (7, "specified in RFC 4122")
        assert 0 <= (value.int >> 80) - before < 5000


@pytest.mark.parametrize(
    ("kind", "stable_id", "retry"),
    [
        (RecordingError, "recording.broken", False),
        (NumbersExhaustedError, "ticket_numbers.exhausted", False),
        (client.NurseryError, "line.nursery", True),
        (SoundError, "scribe.sound", False),
        (NotYetWrittenError, "scribe.not_yet_written", True),
    ],
)
def test_an_error_has_a_stable_id_a_message_and_says_whether_to_try_again(
    kind: type[errors.TelephonyError], stable_id: str, retry: bool
):
    error = kind("坏了")
    assert (error.id, error.retry, error.message, str(error)) == (stable_id, retry, "坏了", "坏了")


def logged(statement: str, level: str = "INFO") -> list[dict]:
    program = f"import structlog; from telephony.log import configure_logging; configure_logging(); {statement}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={"HOTLINE_LOG_LEVEL": level, "PATH": "", "PYTHONPATH": "."},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_numbers_and_words_of_callers_are_never_in_the_log():
    fields = ("ani", "caller", "text", "number", "from_user")
    values = ", ".join(f"{name}='13900000001 停水'" for name in fields)
    (line,) = logged(f"structlog.get_logger().info('call', call='c-1', {values})")
    assert "13900000001" not in json.dumps(line)
    assert "停水" not in json.dumps(line, ensure_ascii=False)
    assert line["call"] == "c-1"
    assert line["level"] == "info"


def test_a_log_line_is_json_with_its_exception():
    (line,) = logged("log = structlog.get_logger()\ntry: 1 / 0\nexcept ZeroDivisionError: log.exception('broke')")
    assert "ZeroDivisionError" in line["exception"]


def test_the_level_is_set_by_the_environment():
    statement = "log = structlog.get_logger(); log.debug('a'); log.info('b'); log.warning('c')"
    assert [line["event"] for line in logged(statement, "warning")] == ["c"]
    assert [line["event"] for line in logged(statement, "nonsense")] == ["b", "c"]
