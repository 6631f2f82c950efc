"""Random people, random times, workers that die (issue 3, done when). HOTLINE_TEST_SEED repeats a run."""

from __future__ import annotations

import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.workflow.machine import Lives, World

pytestmark = pytest.mark.slow
_LIVES, _STEPS = 40, 60


def test_whatever_people_do_and_whichever_worker_dies_the_record_holds_together(postgres, seeded_template, book, said):
    number = int(os.environ.get("HOTLINE_TEST_SEED") or (12345 if os.environ.get("CI") else secrets.randbelow(10**9)))
    world = World(postgres, seeded_template, book)
    said(f"machine: seed {number}", world.counts, world.states)
    run_state_machine_as_test(
        seed(number)(lambda: Lives(world)),
        settings=settings(
            max_examples=_LIVES,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a life is told as it went; making it shorter would take longer than all of them
            suppress_health_check=list(HealthCheck),
        ),
    )
