"""How good a model is on labelled texts it has not seen, beside a keyword baseline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from routing.classifier.calibration import expected_calibration_error
from routing.classifier.model import LabelModel


def evaluate(
    model: LabelModel, texts: Sequence[str], labels: Sequence[str], titles: Sequence[str] | None = None
) -> dict[str, Any]:
    """Accuracy, macro-F1, top 3, ECE, accuracy of the surest 80 %, speed, and the keyword baseline's accuracy."""
    started = time.perf_counter()
    chances = model.chances(texts, titles)
    took = time.perf_counter() - started
    order = np.argsort(-chances, axis=1)
    best = [model.labels[index] for index in order[:, 0]]
    confidence = chances.max(axis=1)
    right = np.array([guess == label for guess, label in zip(best, labels, strict=True)])
    surest = np.argsort(-confidence)[: max(1, round(0.8 * len(labels)))]
    in_three = [label in {model.labels[i] for i in row[:3]} for row, label in zip(order, labels, strict=True)]
    baseline = [_by_keywords(model, text) for text in texts]
    return {
        "n": len(labels),
        "accuracy": round(float(right.mean()), 4),
        "macro_f1": round(float(f1_score(list(labels), best, average="macro", zero_division=0)), 4),
        "top3": round(float(np.mean(in_three)), 4),
        "ece": round(expected_calibration_error(confidence, right), 4),
        "accuracy_at_80": round(float(right[surest].mean()), 4),
        "texts_per_s": round(len(texts) / took, 1) if took else None,
        "baseline_accuracy": round(float(np.mean([b == label for b, label in zip(baseline, labels, strict=True)])), 4),
    }


def _by_keywords(model: LabelModel, text: str) -> str:
    """The label most of whose 20 keywords occur; the commonest label when none does."""
    hits = {label: sum(word in text for word in words) for label, words in model.about["keywords"].items()}
    label = max(hits, key=lambda name: hits[name])
    return label if hits[label] else str(model.about["majority"])
