"""The watchdog: ends a deaf front door, and only a deaf one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from telephony.front_door.watchdog import EXIT_CODE
from tests.fixtures.front_door import Door, free_udp_port, opened

ROOT = Path(__file__).resolve().parents[2]
QUICK = (
    "import sys, time; from telephony.front_door import watchdog as w\n"
    "w._EVERY_S = w._PATIENCE_S = 0.05\n"
    "dog = w.Watchdog('127.0.0.1', int(sys.argv[1])); dog.start()\n"
)


@pytest.fixture
def paused():
    yield from opened()


def run(port: int, life: str) -> int:
    command = [sys.executable, "-c", QUICK + life, str(port)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=20, check=False).returncode


def test_a_door_that_answers_no_more_is_ended(tmp_path: Path):
    assert run(free_udp_port(), "while True: dog.beat(); time.sleep(0.02)") == EXIT_CODE


def test_a_door_whose_loop_stands_still_is_ended_although_it_answers(door: Door):
    assert run(door.port, "time.sleep(15)") == EXIT_CODE


def test_a_door_that_answers_is_left_alone(door: Door):
    assert run(door.port, "for _ in range(75): dog.beat(); time.sleep(0.02)") == 0


def test_a_door_that_is_being_closed_is_left_alone():
    assert run(free_udp_port(), "dog.stop(); time.sleep(1)") == 0


def test_a_pause_of_the_whole_machine_is_forgiven(paused: Door):
    pid = paused._process.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGSTOP)
    time.sleep(3.0)
    os.kill(pid, signal.SIGCONT)
    time.sleep(3.0)
    assert paused.alive
    assert paused.status()["lines_spare"] == 1
