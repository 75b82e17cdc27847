"""Statistics over seeds. A seed is the unit: never an evaluation, never an image."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special  # JAX brings it

FEWEST_PAIRS = 6  # 2 / 2^6 < .05: with fewer, even differences of one sign all are no evidence


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

    @classmethod
    def from_json(cls, n: int, numbers: Mapping) -> "Estimate":
        """Of n seeds, what `as_json` gave, also by way of a file, where null stands for NaN."""
        values = (numbers["mean"], numbers["sd"], *numbers["ci95"])
        return cls(n, *(np.nan if value is None else value for value in values))


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


def welch(a: Estimate, b: Estimate, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of a − mean of b, which are of different seeds, and Welch's interval (low, high) of it.

    NaN where there is none: a group of one seed, or of two and more that all agree.
    """
    if min(a.n, b.n) < 2 or not a.sd + b.sd > 0:
        return a.mean - b.mean, np.nan, np.nan
    va, vb = a.sd**2 / a.n, b.sd**2 / b.n
    freedom = (va + vb) ** 2 / (va**2 / (a.n - 1) + vb**2 / (b.n - 1))
    half = float(special.stdtrit(freedom, (1 + confidence) / 2)) * (va + vb) ** 0.5
    return a.mean - b.mean, a.mean - b.mean - half, a.mean - b.mean + half


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p of "each difference could as well have had the other sign", exact up to 16 of them.

    The share of all sign patterns whose mean is at least as far from 0. NaN for fewer than FEWEST_PAIRS: they can't
    get below .05.
    """
    differences = np.asarray(differences, float)
    n = len(differences)
    if n < FEWEST_PAIRS:
        return float("nan")
    if n <= 16:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = np.random.default_rng(0).choice([-1, 1], (2**16, n))
        signs[0] = 1  # what was found is one of the patterns
    sums = np.abs(signs @ differences)
    return float(np.mean(sums >= sums[0] * (1 - 1e-12)))


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
