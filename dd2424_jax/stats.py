"""Statistics over seeds. A seed is the unit: never an evaluation, never an image."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special  # JAX brings it

MIN_UNITS = 3  # for an interval or a test of differences: two that agree by chance must not decide
ROUNDING = 1e-6  # an sd of scores (fractions) below this is float32's rounding: all seeds have the same difference


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


def prediction(estimate: Estimate, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of one more seed beside n, mean ± t_{n−1} · sd · √(1 + 1/n), if they are normal; NaN for n < 2."""
    if estimate.n < 2:
        return np.nan, np.nan
    half = float(_half_width(estimate.n, estimate.sd, confidence) * np.sqrt(estimate.n + 1))
    return estimate.mean - half, estimate.mean + half


def by_fold(scores, folds: Sequence) -> np.ndarray:
    """Means over the seeds of each fold, [..., n_folds], by ascending fold; NaN where a run diverged."""
    folds = np.asarray(folds)
    return np.stack([scores[..., folds == fold].mean(axis=-1) for fold in np.unique(folds)], axis=-1)


def nested(values: Sequence[float], fold: Sequence[int], confidence: float = 0.95) -> Estimate:
    """Mean and sd of one number per seed; its interval where seeds share held-out sets: of the means over each fold."""
    result = estimate(values, confidence)
    if len(np.unique(fold)) < 2:
        return result
    over_folds = estimate(by_fold(np.asarray(values, float), fold), confidence)
    return result._replace(low=over_folds.low, high=over_folds.high)


def _half_width(n: int, sd, confidence: float):
    """t_{n−1} · sd / √n"""
    return special.stdtrit(n - 1, (1 + confidence) / 2) * sd / np.sqrt(n)


def paired(values: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Estimate of values − baseline, one difference per seed: what the seeds have in common cancels.

    Seeds where either is NaN (diverged) are left out. No interval (NaN) for fewer than three seeds or an sd of 0.
    """
    difference = np.asarray(values, float) - np.asarray(baseline, float)
    result = estimate(difference[np.isfinite(difference)], confidence)
    return result if has_test(result.n, result.sd) else result._replace(low=np.nan, high=np.nan)


def has_test(n, sd):
    """Whether n differences of standard deviation sd have a t-test and an interval; n and sd may be arrays."""
    return (n >= MIN_UNITS) & (sd > ROUNDING)


def excludes_zero(estimate: Estimate) -> bool:
    """Whether 0 lies outside of the interval; False where there is none."""
    return estimate.low > 0 or estimate.high < 0


def paired_p(difference: Estimate, alternative: str = "two-sided") -> float:
    """p of the paired t-test that the mean difference is 0, from what `paired` gives.

    alternative: "two-sided", "greater" (the mean difference is above 0) or "less". NaN where there is no test.
    """
    if not has_test(difference.n, difference.sd):
        return float("nan")
    t = difference.mean / (difference.sd / np.sqrt(difference.n))
    less, greater = special.stdtr(difference.n - 1, t), special.stdtr(difference.n - 1, -t)
    return float({"less": less, "greater": greater, "two-sided": 2 * min(less, greater)}[alternative])


def holm(p) -> np.ndarray:
    """Holm's step-down adjusted p values over the last axis, p: [..., m] (Holm, 1979).

    max_{s ≤ r} min(1, (m − s) p_(s)) for the r-th smallest, s and r counted from 0. NaN stays NaN and is not counted.
    """
    p = np.asarray(p, float)
    order = np.argsort(p, axis=-1)  # NaN last
    n_tests = np.sum(~np.isnan(p), axis=-1, keepdims=True)
    steps = (n_tests - np.arange(p.shape[-1])) * np.take_along_axis(p, order, axis=-1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(np.maximum.accumulate(steps, axis=-1), 1), axis=-1)
    return adjusted


def simultaneous(differences, alpha: float = 0.05) -> list[tuple[Estimate, float]]:
    """Two-sided paired t-tests of a fixed family of m differences [m, n_seeds], Holm's step-down at level alpha.

    Returns the Estimate and the adjusted p of each, NaN where there is no test. The interval of a rejected difference
    has the confidence 1 − alpha / (m − r) of its own step r; all others have that of the step at which Holm stopped. So
    an interval excludes 0 exactly where p ≤ alpha.

    What holds: the probability that any difference that is 0 is declared significant is at most alpha, whatever the
    other differences are and however they are correlated. The intervals are those of the steps. They do not hold
    simultaneously: for that, all of them would need Bonferroni's confidence 1 − alpha / m.
    """
    differences = np.asarray(differences, float)
    p = [paired_p(paired(row, 0.0)) for row in differences]
    rows = zip(differences, holm_levels(p, alpha), holm(p), strict=True)
    return [(paired(row, 0.0, 1 - level), float(adjusted)) for row, level, adjusted in rows]


def holm_levels(p: Sequence[float], alpha: float) -> np.ndarray:
    """The level of the step of each of m tests: alpha / (m − r) of the r-th smallest p, from 0, if it is rejected.

    All others have that of the step at which Holm stopped. p may be NaN, which is not counted.
    """
    p = np.asarray(p, float)
    n_tests, n_rejected = np.sum(~np.isnan(p)), np.sum(holm(p) <= alpha)
    ranks = np.argsort(np.argsort(p))  # NaN last
    return alpha / np.maximum(n_tests - np.minimum(ranks, n_rejected), 1)


def bonferroni(differences, alpha: float = 0.05) -> list[Estimate]:
    """Estimates of a fixed family of m differences [m, n_seeds], NaN where a run diverged, with simultaneous intervals.

    Each interval has the confidence 1 − alpha / m, so that all hold with probability at least 1 − alpha, whatever the
    variances of the differences are and however they are correlated (as they are where all have one baseline).
    """
    return [paired(row, 0.0, 1 - alpha / len(differences)) for row in differences]


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
