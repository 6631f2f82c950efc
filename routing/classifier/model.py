"""A trained label model: classify, explain, save and load without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import LinearSVC

from routing.classifier import features
from routing.classifier.calibration import (
    Calibration,
    Floats,
    expected_calibration_error,
    fit_calibration,
    probabilities,
)
from routing.errors import ModelError, TrainingError
from routing.text import bare

_FORMAT = 2
_CONTENT = {"blocks", "svm", "calibration", "labels", "about"}
_FOLDS = 5
_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Judgement:
    """``ranked``: labels with calibrated confidence, best first; ``reasons``: what spoke most for the best."""

    ranked: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]

    @property
    def label(self) -> str:
        """The best."""
        return self.ranked[0][0]

    @property
    def confidence(self) -> float:
        """The best's."""
        return self.ranked[0][1]


class LabelModel:
    """Features, a linear SVM and the calibration of its margins."""

    def __init__(
        self,
        blocks: features.Blocks,
        svm: LinearSVC,
        calibration: Calibration,
        labels: list[str],
        about: dict[str, Any],
    ) -> None:
        self._blocks = blocks
        self._svm = svm
        self._calibration = calibration
        self.labels = labels
        self.about = about
        self._names: list[str] | None = None

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        labels: Sequence[str],
        titles: Sequence[str] | None = None,
        *,
        sound: bool = False,
        extra: tuple[Sequence[str], Sequence[str]] = ((), ()),
        cost: float = 1.0,
    ) -> LabelModel:
        """Learn from labelled texts.

        Args:
            texts: bodies, one a row.
            labels: one a text.
            titles: titles, one a text, as a block of their own.
            sound: add the block of sounds (spoken text).
            extra: (texts, labels) that are learnt from but not calibrated on: augmentations of ``texts``.
            cost: the SVM's C.

        Raises:
            TrainingError: fewer than two labels, texts, titles and labels of different number, or too little text.
        """
        if len(texts) != len(labels) or len(set(labels)) < 2:
            raise TrainingError("训练数据需要至少两个类别，且每条文本都有标签")
        if titles is not None and len(titles) != len(texts):
            raise TrainingError("标题与文本的条数不一致")
        names = sorted(set(labels))
        truth = np.array([names.index(label) for label in labels])
        everything = [*texts, *extra[0]]
        all_titles = None if titles is None else [*titles, *("" for _ in extra[0])]
        blocks, matrix = features.fit(everything, all_titles, sound=sound)
        svm = LinearSVC(C=cost, random_state=0)
        margins, told = _out_of_fold(svm, matrix[: len(texts)], truth)
        calibration = fit_calibration(margins, told)
        chances = probabilities(margins, calibration)
        right = chances.argmax(axis=1) == told
        svm.fit(matrix, np.concatenate([truth, [names.index(label) for label in extra[1]]]).astype(int))
        about = {
            "format": _FORMAT,
            "fingerprint": fingerprint(texts, labels),
            "n": len(texts),
            "classes": len(names),
            "cv_accuracy": round(float(right.mean()), 4),
            "cv_ece": round(expected_calibration_error(chances.max(axis=1), right), 4),
            "keywords": _keywords(blocks, svm, names),
            "majority": max(names, key=list(labels).count),
        }
        return cls(blocks, svm, calibration, names, about)

    def chances(self, texts: Sequence[str], titles: Sequence[str] | None = None) -> Floats:
        """Calibrated probabilities, one row a text, columns as ``labels``."""
        return self._chances(features.transform(self._blocks, texts, titles))

    def _chances(self, matrix: Any) -> Floats:
        return probabilities(_two_columns(self._svm.decision_function(matrix)), self._calibration)

    def classify(self, text: str, title: str | None = None, *, top: int | None = 5) -> Judgement:
        """One text; ``top``: so many labels of the ranking, None all."""
        matrix = features.transform(self._blocks, [text], None if title is None else [title])
        chances = self._chances(matrix)[0]
        order = np.argsort(-chances)[:top]
        ranked = tuple((self.labels[index], float(chances[index])) for index in order)
        return Judgement(ranked, self._reasons(matrix, int(order[0])))

    def _reasons(self, matrix: Any, label: int) -> tuple[str, ...]:
        """The words and characters of the text that weighed most for a label."""
        if self._names is None:
            self._names = features.names(self._blocks)
        weights = self._svm.coef_[label] if len(self._svm.coef_) > 1 else self._svm.coef_[0] * (1 if label else -1)
        row = matrix[0]
        worth = row.data * weights[row.indices]
        reasons: list[str] = []
        for position in np.argsort(-worth):
            block, _, term = self._names[row.indices[position]].partition(":")
            if worth[position] <= 0 or len(reasons) == _MOST_REASONS:
                break
            words = term.replace(" ", "")
            if block == "word" and len(words) > 1 and bare(words) == words and not any(words in r for r in reasons):
                reasons.append(words)
        return tuple(reasons)

    def save(self, path: Path) -> None:
        """Write it in skops' format, in one step."""
        content = {
            "blocks": self._blocks,
            "svm": self._svm,
            "calibration": list(self._calibration),
            "labels": self.labels,
            "about": self.about,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".new")
        skops.io.dump(content, scratch)
        scratch.replace(path)

    @classmethod
    def load(cls, path: Path) -> LabelModel:
        """Read it; nothing but scikit-learn's and numpy's own types is accepted.

        Raises:
            ModelError: see there.
        """
        try:
            content = skops.io.load(path, trusted=[])
        except FileNotFoundError as error:
            raise ModelError(f"没有模型文件 {path}") from error
        except Exception as error:  # skops raises whatever a broken archive leads to
            raise ModelError(f"模型文件 {path.name} 无法读取：{type(error).__name__}") from error
        if not isinstance(content, dict) or set(content) != _CONTENT or content["about"].get("format") != _FORMAT:
            raise ModelError(f"模型文件 {path.name} 版本不符，请重新训练")
        return cls(
            content["blocks"], content["svm"], Calibration(*content["calibration"]), content["labels"], content["about"]
        )


def fingerprint(texts: Sequence[str], labels: Sequence[str]) -> str:
    """Names the training data."""
    digest = sha256()
    for text, label in zip(texts, labels, strict=True):
        digest.update(f"{label}\t{text}\n".encode())
    return digest.hexdigest()[:16]


def _two_columns(margins: Floats) -> Floats:
    """With two classes an SVM gives one column."""
    return np.column_stack([-margins, margins]) if margins.ndim == 1 else margins


def _out_of_fold(svm: LinearSVC, matrix: Any, truth: Any) -> tuple[Floats, NDArray[np.int64]]:
    """Margins of texts the SVM has not seen, and the truth, numbered as the margins' columns.

    Classes of a single text are left out: within a fold there is nothing to learn them from. When fewer than two
    remain, the margins are those of the texts learnt from, and the confidence is too high.
    """
    counts = np.bincount(truth)
    kept = np.flatnonzero(counts[truth] > 1)
    classes, told = np.unique(truth[kept], return_inverse=True)
    if len(classes) < 2:
        return _two_columns(clone(svm).fit(matrix, truth).decision_function(matrix)), truth
    folds = StratifiedKFold(min(_FOLDS, int(counts[classes].min())), shuffle=True, random_state=0)
    margins = cross_val_predict(clone(svm), matrix[kept], told, cv=folds, method="decision_function")
    return _two_columns(margins), told


def _keywords(blocks: features.Blocks, svm: LinearSVC, labels: list[str]) -> dict[str, list[str]]:
    """Per label the words with the greatest weight: the baseline that evaluation is shown beside."""
    terms = features.names(blocks)
    words = [index for index, name in enumerate(terms) if name.startswith("word:") and " " not in name]
    rows = svm.coef_ if len(svm.coef_) > 1 else np.vstack([-svm.coef_, svm.coef_])
    return {
        label: [terms[words[position]].partition(":")[2] for position in np.argsort(-rows[number][words])[:20]]
        for number, label in enumerate(labels)
    }
