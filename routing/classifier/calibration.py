"""Margins into probabilities: one sigmoid for all labels, normalised; fitted on out-of-fold margins.

Margins of one-against-the-rest SVMs say how far each label is from "none of it". A softmax sees only their
differences: where no label fits, it is as sure as where one does (0.97 and right four times out of five). Sigmoids
keep the level (Zadrozny and Elkan 2002).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp

Floats = NDArray[np.float64]

_BOUNDS = ((-2.0, 4.0), (-200.0, 100.0))
_START = (1.5, 1.0)


class Calibration(NamedTuple):
    """The sigmoid's slope and where it stands."""

    scale: float
    shift: float


def fit_calibration(margins: Floats, truth: NDArray[np.int64]) -> Calibration:
    """The sigmoid that makes the truth likeliest."""
    rows = np.arange(len(truth))

    def loss(guess: Floats) -> float:
        return float(-_log_probabilities(margins, Calibration(np.exp(guess[0]), guess[1]))[rows, truth].mean())

    best = minimize(loss, _START, method="Nelder-Mead", bounds=_BOUNDS, options={"xatol": 1e-3, "fatol": 1e-6}).x
    return Calibration(float(np.exp(best[0])), float(best[1]))


def probabilities(margins: Floats, calibration: Calibration) -> Floats:
    """Rows that sum to 1."""
    return np.exp(_log_probabilities(margins, calibration))


def _log_probabilities(margins: Floats, calibration: Calibration) -> Floats:
    logs = log_expit(calibration.scale * margins + calibration.shift)
    result: Floats = logs - logsumexp(logs, axis=1, keepdims=True)
    return result


def expected_calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of confidence and accuracy over equally wide bins, weighted by their size."""
    edges = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for index in range(bins):
        members = edges == index
        if members.any():
            error += members.mean() * abs(confidence[members].mean() - right[members].mean())
    return float(error)
