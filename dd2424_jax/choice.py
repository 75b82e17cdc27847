"""The choice of a setting: which are indistinguishable from the best, by how much, and what more seeds would show."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax import comparisons, power, stats

MAX_SPLITS = 1000  # of the seeds into halves; of more, so many are drawn


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
    differences           every setting minus the best of the others, with Hsu's simultaneous 95 % intervals; of the
                          best setting, its lead over the runner-up. n and sd are of those paired differences
    p                     adjusted one-sided p that a setting is worse than the best; NaN for the best and where there
                          is no test
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
    power: power.Power
    variance_shares: VarianceShares | None

    @property
    def n_compared(self) -> int:
        """How many settings were compared with others; 0 where there was only one to compare."""
        return int(np.isfinite([difference.mean for difference in self.differences]).sum())


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

    Measured for 8 λ (tests/simulations/choice.json, ± .1 %): a truly best setting is in the set in at least 94.9 % of
    searches if variances are "separate"; 94.2 % where one of several tied settings has a quarter of the others' sd, as
    Holm's proof is for a fixed baseline and the setting chosen is not one. Intervals hold in at least 95.2 %. "equal":
    95.4 and 95.8 % where variances are equal, 94.7 and 94.4 % where they differ up to four times in sd.

    The standard error of the one-standard-error rule (Breiman et al., 1984) is the best mean's, over units.
    """
    lams, runs = np.asarray(lams, float), np.asarray(scores, float)
    several = folds is not None and len(set(folds)) > 1
    scores = stats.by_fold(runs, folds) if several else runs
    if not np.isfinite(scores).any():
        return None
    eligible, best = comparisons.eligible_and_best(scores, np.ones(len(scores), bool))
    estimates = [stats.estimate(row[np.isfinite(row)]) for row in scores]
    mean = np.array([estimate.mean for estimate in estimates])
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
        power=power.of_search(pairs, best, variances, margin, alpha),
        variance_shares=variance_shares(runs[eligible], folds) if several else None,
    )


def _differences(scores, pairs: comparisons.Pairs) -> list[stats.Estimate]:
    """Each setting minus the best of the other eligible ones: paired, with Hsu's interval if it is eligible itself."""
    compared = pairs.n > 0
    every = comparisons.moments(scores[:, None] - scores)
    n, mean, sd = (np.where(compared, own, a) for own, a in zip((pairs.n, pairs.mean, pairs.sd), every, strict=True))
    others = pairs.eligible & ~np.eye(len(scores), dtype=bool) & (n > 0)
    results = []
    for i, (low, high) in enumerate(zip(*comparisons.intervals(pairs), strict=True)):
        j = np.argmin(np.where(others[i], mean[i], np.inf))
        point = (int(n[i, j]), float(mean[i, j]), float(sd[i, j])) if others[i].any() else (0, np.nan, np.nan)
        results.append(stats.Estimate(*point, float(low), float(high)))
    return results


def variance_shares(scores, folds: Sequence) -> VarianceShares:
    """Nested ANOVA of the interaction residuals of scores [n_settings, n_seeds], seeds nested in folds [n_seeds].

    After removing the settings' and the seeds' means: σ²_fold = max(0, (MS_between − MS_within) / r), σ²_seed =
    MS_within, with (k − 1)(F − 1) and (k − 1)(N − F) degrees of freedom for k settings, F folds and N seeds. r is the
    number of seeds per fold, (N − Σ r_f² / N) / (F − 1) where they differ. Seeds with a diverged run are left out.
    """
    scores, folds = np.asarray(scores, float), np.asarray(folds)
    converged = np.isfinite(scores).all(axis=0)
    scores, folds = scores[:, converged], folds[converged]
    _, index, sizes = np.unique(folds, return_inverse=True, return_counts=True)
    n, n_folds, rest = len(folds), len(sizes), len(scores) - 1
    if rest < 1 or n_folds < 2 or n == n_folds:
        return VarianceShares(float("nan"), float("nan"))
    residual = scores - scores.mean(axis=0)
    residual -= residual.mean(axis=1, keepdims=True)
    fold_means = residual @ (index[:, None] == np.arange(n_folds)) / sizes
    within = np.sum((residual - fold_means[:, index]) ** 2) / (rest * (n - n_folds))
    between = np.sum(sizes * fold_means**2) / (rest * (n_folds - 1))
    size = (n - np.sum(sizes**2) / n) / (n_folds - 1)
    return VarianceShares(max(0.0, float((between - within) / size)), float(within))


def edge(values: Sequence[float], best: int) -> str | None:
    """ "lowest" or "highest" where values[best] is at an end of what was tried and others lie beyond, else None."""
    if min(values) == max(values) or values[best] == 0 or min(values) < values[best] < max(values):
        return None
    return "lowest" if values[best] == min(values) else "highest"


def selection_bias(scores) -> float:
    """How much too high the best mean of scores [n_settings, n_units] is expected to be: the winner's curse.

    The units are split into halves in all ways, or MAX_SPLITS drawn ones: one half chooses, the other, which did not,
    scores the choice. The best mean minus the mean of those scores is nearly without bias, as long as it is not cut off
    at 0, below which no selection bias can be; the bootstrap of the units is some 40 % too low, as its winners are
    scored by units that helped to choose them. Units with a diverged run are left out. NaN for fewer than two.
    """
    scores = np.asarray(scores, float)
    scores = scores[:, np.isfinite(scores).all(axis=0)]
    n = scores.shape[1]
    if n < 2:
        return float("nan")
    size = n - n // 2
    if n <= 12:  # 924 ways
        halves = np.array(list(itertools.combinations(range(n), size)))
    else:
        rng = np.random.default_rng(0)
        halves = np.array([rng.permutation(n)[:size] for _ in range(MAX_SPLITS)])
    chosen = np.zeros((len(halves), n), bool)
    np.put_along_axis(chosen, halves, True, axis=1)
    winners = np.argmax(scores @ chosen.T, axis=0)
    held_out = np.sum(scores[winners] * ~chosen, axis=1) / (n - size)
    return max(0.0, float(scores.mean(axis=1).max() - held_out.mean()))
