"""Statistics over seeds. A seed is the unit: never an evaluation, never an image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special  # JAX brings it


class Estimate(NamedTuple):
    """Mean over n seeds, standard deviation of one seed (n − 1 below), and the 95 % interval of the mean.

    NaN where n seeds say nothing: everything for n = 0; sd and interval for n = 1.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float

    def as_json(self) -> dict:
        return {"mean": self.mean, "sd": self.sd, "ci95": [self.low, self.high]}


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Student's interval, mean ± t_{n−1} · sd / √n, of one number per seed."""
    values = np.asarray(values, float)
    n = len(values)
    mean = values.mean() if n > 0 else np.nan
    sd = values.std(ddof=1) if n > 1 else np.nan
    half = _half_width(n, sd, confidence) if n > 1 else np.nan
    return Estimate(n, float(mean), float(sd), float(mean - half), float(mean + half))


def _half_width(n: int, sd, confidence: float):
    """t_{n−1} · sd / √n"""
    return special.stdtrit(n - 1, (1 + confidence) / 2) * sd / np.sqrt(n)


def paired(values: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Estimate of values − baseline, one difference per seed: what the seeds have in common cancels.

    Seeds where either is not a number (diverged) are left out.
    """
    difference = np.asarray(values, float) - np.asarray(baseline, float)
    return estimate(difference[np.isfinite(difference)], confidence)


def excludes_zero(estimate: Estimate) -> bool:
    """Whether 0 lies outside of the interval; False where there is none."""
    return estimate.low > 0 or estimate.high < 0


def confusion_matrix(true: Sequence[int], predicted: Sequence[int], n_classes: int) -> np.ndarray:
    """How often class i (row) is taken for class j (column), as counts [K, K]."""
    counts = np.zeros((n_classes, n_classes), int)
    np.add.at(counts, (np.asarray(true), np.asarray(predicted)), 1)
    return counts


def band(values, confidence: float = 0.95):
    """(mean, low, high) of values [n_seeds, ...] over the seeds. One seed: low = high = mean. None: NaN."""
    values = np.asarray(values, float)
    n = len(values)
    if n < 2:
        line = values[0] if n else np.full(values.shape[1:], np.nan)
        return line, line, line
    mean = np.mean(values, axis=0)
    half = _half_width(n, np.std(values, axis=0, ddof=1), confidence)
    return mean, mean - half, mean + half
