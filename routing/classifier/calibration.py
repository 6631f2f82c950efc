"""Margins into probabilities: a softmax with one temperature, fitted on out-of-fold margins (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

Floats = NDArray[np.float64]


def fit_scale(margins: Floats, truth: NDArray[np.int64]) -> float:
    """The factor on the margins that makes the truth likeliest."""

    def loss(log_scale: float) -> float:
        likelihood = log_softmax(np.exp(log_scale) * margins, axis=1)
        return float(-likelihood[np.arange(len(truth)), truth].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 4.0), method="bounded").x))


def probabilities(margins: Floats, scale: float) -> Floats:
    """Rows that sum to 1."""
    result: Floats = softmax(scale * margins, axis=1)
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
