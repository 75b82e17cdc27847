"""Power: which differences a number of seeds can show, and how many seeds a difference needs."""

from typing import NamedTuple

import numpy as np
from scipy import special

from dd2424_jax import comparisons, dunnett, stats

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


def of_search(pairs: comparisons.Pairs, best: int, variances: str, margin: float, alpha: float) -> Power:
    """Power of the search whose settings `pairs` compares, at its own number of units and spread."""
    k, n = int(pairs.eligible.sum()), int(pairs.n[best, best])
    # The standard error's sd, which is pooled where variances are; the pair's own where there is no test.
    sds = np.where(np.isnan(pairs.error), pairs.sd, pairs.error * np.sqrt(pairs.n))[best]
    sds = np.delete(sds, best)
    sds = sds[np.isfinite(sds)]
    sd = float(np.sqrt(np.mean(sds**2))) if len(sds) else float("nan")
    now = power(n, k, sd, margin, alpha, variances) if n >= stats.MIN_UNITS else float("nan")
    return Power(margin, sd, now, seeds_needed(k, sd, margin, alpha, variances=variances))


def power(n: int, k: int, sd: float, margin: float, alpha: float = 0.05, variances: str = "separate") -> float:
    """Probability that a setting worse than the best by `margin` is significantly worse, with n units and k settings.

    One comparison at the first step: P(T ≥ c) for the noncentral T of noncentrality margin √n / sd, with sd of one
    unit's paired difference (s √2 where variances are "equal"). NaN without a positive sd or a second setting.
    """
    if not sd > stats.ROUNDING or k < 2:
        return float("nan")
    if variances == "equal":
        freedom = (k - 1) * (n - 1)
        critical = dunnett.critical(k - 1, freedom, alpha)
    else:
        freedom = n - 1
        critical = special.stdtrit(freedom, 1 - alpha / (k - 1))
    return float(1 - special.nctdtr(freedom, margin * np.sqrt(n) / sd, critical))


def seeds_needed(
    k: int, sd: float, margin: float, alpha: float = 0.05, target: float = 0.8, variances: str = "separate"
) -> int | None:
    """Fewest units, at least three, whose `power` reaches the target; None where MAX_UNITS do not or there is none."""
    if not power(MAX_UNITS, k, sd, margin, alpha, variances) >= target:
        return None
    low, high = stats.MIN_UNITS - 1, MAX_UNITS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, k, sd, margin, alpha, variances) >= target else (middle, high)
    return high
