"""Against data that is not the project's: texts of trial calls, and real messages to a city."""

from __future__ import annotations

import csv
import random

import pytest

from routing.classifier.evaluation import evaluate
from routing.classifier.model import LabelModel

from .conftest import at

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def calls(shared_dir, router):
    with (shared_dir / "audio" / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row, router.assess(row["text"], now=at("2026-03-03 09:00"))) for row in rows]


def test_seventeen_of_twenty_trial_calls_get_their_class(calls):
    right = [found.category[:2] == row["leaf"][:2] for row, found in calls]
    assert sum(right) / len(right) >= 0.85


def test_nine_of_ten_trial_calls_get_their_district(calls):
    right = [(found.place.district if found.place else None) == (row["district"] or None) for row, found in calls]
    assert sum(right) / len(right) >= 0.9


def test_all_dangers_among_the_trial_calls_and_nothing_else_are_of_the_first_urgency(calls):
    wrong = [row["text"] for row, found in calls if (row["urgency"] == "1") != (found.urgency == 1)]
    assert wrong == []


@pytest.mark.slow
def test_a_model_of_a_citys_own_history_tells_its_departments_apart(shared_dir):
    with (shared_dir / "data" / "complaints_7class.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["topic_kind"] == "raw"]
    random.Random(12345).shuffle(rows)
    learnt, unseen = rows[:1500], rows[1500:2000]

    def columns(part):
        return [row["detail"] for row in part], [row["label"] for row in part], [row["topic"] for row in part]

    texts, labels, titles = columns(learnt)
    model = LabelModel.train(texts, labels, titles)
    texts, labels, titles = columns(unseen)
    figures = evaluate(model, texts, labels, titles)
    assert len(unseen) == figures["n"] == 500
    assert figures["macro_f1"] >= 0.85
    assert figures["ece"] <= 0.08
    assert figures["accuracy"] > figures["baseline_accuracy"]
    assert figures["accuracy_at_80"] > figures["accuracy"]
