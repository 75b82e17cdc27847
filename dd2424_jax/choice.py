"""The choice of a setting: which are indistinguishable from the best, by how much, and what more seeds would show."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from dd2424_jax import comparisons, stats

MAX_SPLITS = 1000  # of the seeds into halves; of more, so many are drawn
MAX_UNITS = 10_000  # that `seeds_needed` looks for


class Power(NamedTuple):
    """What the search can detect: that one setting is worse than the best by `margin`, at Holm's first step.

    margin        difference of mean scores, as a fraction
    sd            of one unit's paired difference: root mean square over the eligible settings minus the best, or s √2
                  of the common variance; NaN for one unit
    power         probability of a significant difference with the units there are; NaN for fewer than three
    seeds_needed  units (seeds; folds where folds are the units) for a power of 80 %; None above MAX_UNITS or without sd
    """

    margin: float
    sd: float
    power: float
    seeds_needed: int | None


class VarianceShares(NamedTuple):
    """Variances of one setting's score about what its seed and the setting have on average; NaN where unknown.

    fold  of held-out sets: setting × fold       seed  of seeds within a fold: setting × seed
    """

    fold: float
    seed: float


class Choice(NamedTuple):
    """What a search says about its settings, as indices in their order. Scores are fractions, the higher the better.

    n_seeds               of the best that converged
    best                  the setting of the highest mean
    one_se                the largest λ whose mean is within one standard error of the best's
    differences           every setting minus the best of the others, with Hsu's simultaneous 95 % intervals; of the best
                          setting, its lead over the runner-up. n and sd are of the paired differences to that other one
    p                     adjusted one-sided p that a setting is worse than the best; NaN for the best and without a test
    indistinguishable     by ascending λ, those not significantly worse than the best, itself among them
    standard_error        of the best's accuracy, as a proportion of the images that were sampled
    selection_bias        by how much the best's mean is expected to be too high because it was picked, at least 0; NaN
                          for one unit
    unit                  "seed" or "fold"
    variances             "separate" or "equal"
    compared_separately   settings whose variance sticks out of the common one, where variances are "equal"
    equal_variances_p     of Bartlett's test that all residual variances are equal; NaN where there is none
    power                 to detect a difference of `margin`
    variance_shares       of folds and seeds, where folds are the units, else None
    """

    n_seeds: int
    best: int
    one_se: int
    differences: Sequence[stats.Estimate]
    p: Sequence[float]
    indistinguishable: Sequence[int]
    standard_error: float
    selection_bias: float
    unit: str
    variances: str
    compared_separately: Sequence[int]
    equal_variances_p: float
    power: Power
    variance_shares: VarianceShares | None


def choose(
    lams: Sequence[float],
    scores,
    n_valid: int,
    *,
    variances: str = "separate",
    alpha: float = 0.05,
    margin: float = 0.005,
    folds: Sequence | None = None,
) -> Choice | None:
    """Choose among settings by scores [n_settings, n_seeds], NaN where a run diverged, measured on n_valid images.

    lams       λ of every setting, [n_settings]; settings may differ in anything else too
    variances  of the paired differences: "separate", or "equal" (blocks with one residual variance and Dunnett's c)
    margin     the difference that matters, whose `power` is reported
    folds      which held-out set of n_valid images each seed was trained without, [n_seeds]; they are disjoint

    With one fold or None, seeds are the units. With several, folds are: scores are averaged over the seeds of a fold
    (NaN if any diverged), which generalises over held-out sets and seeds together. The training sets of different folds
    overlap, so that it generalises over which of these images are held out, not over new images (Bengio & Grandvalet,
    2004). Only settings with the fewest diverged units are eligible: can be chosen, compared or indistinguishable. None
    if no unit of any setting converged. No setting is excluded by fewer than three units or where the sd is 0.

    The set `indistinguishable` leaves out what Holm's step-down (separate) or Dunnett's test (equal) calls worse than
    the setting chosen; only a worse one can be excluded. `differences` are `comparisons.intervals`. A step-down test is
    sharper than any intervals that hold simultaneously: the set can exclude a setting whose interval reaches above 0.
    MEASURED
    The standard error of the one-standard-error rule (Breiman et al., 1984) is the best mean's, over units.
    """
    lams, runs = np.asarray(lams, float), np.asarray(scores, float)
    several = folds is not None and len(set(folds)) > 1
    scores = by_fold(runs, folds) if several else runs
    converged = np.isfinite(scores).sum(axis=1)
    if not converged.any():
        return None
    eligible = converged == converged.max()
    estimates = [stats.estimate(row[np.isfinite(row)]) for row in scores]
    mean = np.array([estimate.mean for estimate in estimates])
    best = np.argmax(np.where(eligible, mean, -np.inf))
    pairs = comparisons.compare(scores, eligible, alpha, variances)
    excluded = comparisons.excluded(pairs, best, alpha)
    error = np.nan_to_num(estimates[best].sd / np.sqrt(estimates[best].n))
    within = np.flatnonzero(eligible & (mean >= mean[best] - error))
    n_images = n_valid * (estimates[best].n if several else 1)
    return Choice(
        n_seeds=int(np.isfinite(runs[best]).sum()),
        best=int(best),
        one_se=int(max(within, key=lambda i: (lams[i], mean[i]))),
        differences=_differences(scores, pairs),
        p=comparisons.p_worse(pairs, best).tolist(),
        indistinguishable=[int(i) for i in np.argsort(lams, kind="stable") if eligible[i] and not excluded[i]],
        standard_error=float(np.sqrt(mean[best] * (1 - mean[best]) / n_images)),
        selection_bias=selection_bias(scores[eligible]),
        unit="fold" if several else "seed",
        variances=variances,
        compared_separately=np.flatnonzero(eligible & ~pairs.pool).tolist() if variances == "equal" else [],
        equal_variances_p=float(comparisons.bartlett(scores, eligible)),
        power=_power(pairs, best, variances, margin, alpha),
        variance_shares=variance_shares(runs[eligible], folds) if several else None,
    )


def by_fold(scores, folds: Sequence) -> np.ndarray:
    """Means over the seeds of each fold, [n_settings, n_folds], by ascending fold; NaN where a run diverged."""
    folds = np.asarray(folds)
    return np.stack([scores[:, folds == fold].mean(axis=1) for fold in np.unique(folds)], axis=1)


def _differences(scores, pairs: comparisons.Pairs) -> list[stats.Estimate]:
    """Each setting minus the best of the other eligible ones: paired, with Hsu's interval if it is eligible itself."""
    results = []
    for i, (low, high) in enumerate(zip(*comparisons.intervals(pairs), strict=True)):
        others = [stats.paired(scores[i], scores[j]) for j in np.flatnonzero(pairs.eligible) if j != i]
        others = [difference for difference in others if difference.n > 0]
        nearest = min(others, key=lambda difference: difference.mean, default=stats.estimate([]))
        results.append(nearest._replace(low=float(low), high=float(high)))
    return results


def _power(pairs: comparisons.Pairs, best: int, variances: str, margin: float, alpha: float) -> Power:
    others = pairs.eligible & (np.arange(len(pairs.eligible)) != best)
    k, n = int(pairs.eligible.sum()), int(pairs.n[best, best])
    squares = pairs.sd[best][others] ** 2
    if variances == "equal" and np.isfinite(pairs.error[best][pairs.pool]).any():
        squares = pairs.error[best][pairs.pool] ** 2 * pairs.n[best][pairs.pool]  # s √2, but for the best itself
    squares = squares[np.isfinite(squares)]
    sd = float(np.sqrt(squares.mean())) if len(squares) else float("nan")
    now = power(n, k, sd, margin, alpha, variances) if n >= stats.MIN_UNITS else float("nan")
    return Power(margin, sd, now, seeds_needed(k, sd, margin, alpha, variances=variances))


def power(n: int, k: int, sd: float, margin: float, alpha: float = 0.05, variances: str = "separate") -> float:
    """Probability that a setting worse than the best by `margin` is significantly worse, with n units and k settings.

    One comparison at the first step: P(T ≥ c) for the noncentral T of noncentrality margin √n / sd, sd of one unit's
    paired difference (s √2 where variances are "equal"). NaN without a positive sd or a second setting.
    """
    if not sd > stats.ROUNDING or k < 2:
        return float("nan")
    if variances == "equal":
        freedom = (k - 1) * (n - 1)
        critical = comparisons.dunnett_critical(k - 1, freedom, alpha)
    else:
        freedom = n - 1
        critical = special.stdtrit(freedom, 1 - alpha / (k - 1))
    return float(1 - special.nctdtr(freedom, margin * np.sqrt(n) / sd, critical))


def seeds_needed(
    k: int, sd: float, margin: float, alpha: float = 0.05, power: float = 0.8, variances: str = "separate"
) -> int | None:
    """Fewest units, at least three, with which `power` (the function) reaches `power`; None above MAX_UNITS or none."""
    reached = globals()["power"]
    raise NotImplementedError
