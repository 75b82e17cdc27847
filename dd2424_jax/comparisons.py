"""Multiple comparisons with the best of k settings, by scores over n units (seeds, or folds).

Arrays may have leading axes, of as many searches: scores [..., k, n], NaN where a run diverged. A setting is compared
only where `eligible` [..., k] is true. Comparisons are one-sided: only that a setting is worse can be concluded.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special

from dd2424_jax import dunnett, stats

# Of the F test of one setting's variance; chosen by tests/simulations/choice.json.
SEPARATE_LEVEL = 0.1  # at which a setting is compared with its own variance
LEAVE_LEVEL = 0.001  # at which it also leaves the common variance


class Pairs(NamedTuple):
    """Comparisons i − j of all settings, [..., k, k]; error and critical are NaN where there is no test.

    n, mean, sd        of the paired differences over the units in which both converged
    error              standard error of the mean difference
    critical           one-sided critical value of mean / error, corrected for the number of comparisons
    eligible           [..., k], the settings compared
    pool               [..., k], those with a common variance; none where all variances are separate
    freedom            [...], degrees of freedom of the common variance, NaN without one
    """

    n: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    error: np.ndarray
    critical: np.ndarray
    eligible: np.ndarray
    pool: np.ndarray
    freedom: np.ndarray


def compare(scores, eligible, alpha: float = 0.05, variances: str = "separate") -> Pairs:
    """All paired comparisons of the eligible settings; the k − 1 with any one setting share the error alpha.

    "separate": each difference has its own variance, and c = t_{n−1} at 1 − alpha / (k − 1) (Bonferroni).
    "equal": units are blocks (those in which all eligible settings converged). The p settings of the pool have one
    residual variance s²: standard error s √(2/n), c of Dunnett (1955) at alpha (p − 1) / (k − 1), on the degrees of
    freedom of s². Each comparison with a setting outside of the pool is separate and gets alpha / (k − 1), as above.
    """
    if variances not in ("separate", "equal"):
        raise ValueError(f'variances={variances!r} is neither "separate" nor "equal"')
    scores, eligible = np.asarray(scores, float), np.asarray(eligible, bool)
    scores = np.where(eligible[..., None], scores, np.nan)
    if variances == "equal":
        scores = np.where(complete(scores, eligible)[..., None, :], scores, np.nan)
    n, mean, sd = moments(scores[..., :, None, :] - scores[..., None, :, :])
    tested = stats.has_test(n, sd)
    k = eligible.sum(axis=-1)
    error = np.where(tested, sd / np.sqrt(np.maximum(n, 1)), np.nan)
    critical = np.where(tested, _t_table(scores.shape[-1], eligible.shape[-1], alpha)[n, k[..., None, None]], np.nan)
    pool, freedom = np.zeros_like(eligible), np.full(k.shape, np.nan)
    if variances == "equal":
        pool, variance, freedom = pooled(scores, eligible)
        both = pool[..., :, None] & pool[..., None, :] & ~np.eye(pool.shape[-1], dtype=bool)
        tested = both & stats.has_test(n, np.sqrt(variance)[..., None, None])
        common = np.sqrt(2 * variance[..., None, None] / np.maximum(n, 1))
        error = np.where(both, np.where(tested, common, np.nan), error)
        size = pool.sum(axis=-1)
        critical_values = _each(
            lambda p, k, nu: dunnett.critical(p - 1, nu, alpha * (p - 1) / (k - 1)), size, k, freedom
        )
        critical = np.where(both, np.where(tested, critical_values[..., None, None], np.nan), critical)
    return Pairs(n, mean, sd, error, critical, eligible, pool, freedom)


def eligible_and_best(scores, among):
    """Of the settings `among` [..., k], those with the fewest diverged units [..., k], and the best of these [...]."""
    n, mean, _ = moments(scores)
    n = np.where(among, n, -1)
    eligible = n == n.max(axis=-1, keepdims=True)
    return eligible, np.argmax(np.where(eligible & (n > 0), mean, -np.inf), axis=-1)


def complete(scores, eligible):
    """[..., n]: the units in which all eligible settings have a score."""
    return (np.isfinite(scores) | ~eligible[..., None]).all(axis=-2)


def moments(values):
    """n, mean and sd over the last axis, of what is not NaN. NaN where too few are left."""
    finite = np.isfinite(values)
    n = finite.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(finite, values, 0).sum(axis=-1) / n
        deviation = np.where(finite, values - mean[..., None], 0)
        return n, mean, np.sqrt((deviation**2).sum(axis=-1) / np.where(n > 1, n - 1, np.nan))


@lru_cache
def _t_table(n_max: int, k_max: int, alpha: float):
    """t_{n−1} at 1 − alpha / (k − 1), [n_max + 1, k_max + 1]; NaN for n < 2 or k < 2."""
    n, k = np.arange(n_max + 1.0)[:, None], np.arange(k_max + 1.0)
    return special.stdtrit(np.where(n > 1, n - 1, np.nan), 1 - alpha / np.where(k > 1, k - 1, np.nan))


def _each(function, size, k, freedom):
    """function(size, k, freedom) of every search, [...], each distinct argument once; NaN without a common variance."""
    arguments = np.stack([size, k, np.nan_to_num(freedom)], axis=-1).astype(int)
    distinct, index = np.unique(arguments.reshape(-1, 3), axis=0, return_inverse=True)
    values = [function(*map(int, row)) if row[0] > 1 and row[2] > 0 else np.nan for row in distinct]
    return np.array(values)[index.reshape(k.shape)]


def pooled(scores, eligible):
    """Randomised blocks: (pool [..., k], residual variance s² [...], its degrees of freedom [...]).

    A setting whose variance sticks out is compared separately, by an F test at SEPARATE_LEVEL. Its variance stays in s²
    unless it sticks out at LEAVE_LEVEL: without settings that had a large variance by chance s² would be too small (at
    a level of 5 %: worst coverage 91.8 % in place of 94.8 %). With p settings left in s², it has (p − 1)(n − 1) degrees
    of freedom. NaN for fewer than two settings or units.
    """
    pool, _, _ = _common(scores, eligible, SEPARATE_LEVEL)
    _, variance, freedom = _common(scores, eligible, LEAVE_LEVEL)
    return pool, variance, freedom


def _common(scores, eligible, level: float):
    """(settings that remain, their residual variance, degrees of freedom) after backward elimination at `level`.

    In the block model y_j = x_ij − (mean over the other remaining settings of unit j) is independent of the others'
    residual variance s²₋ᵢ, so that F = var(y) (p − 1) / p / s²₋ᵢ ~ F(n − 1, (p − 2)(n − 1)) exactly, for p settings
    and n units. The setting with the largest F leaves if its p value is at most `level`, and so on with the others.
    """
    blocks = complete(scores, eligible) & eligible.any(axis=-1)[..., None]
    n, pool = blocks.sum(axis=-1), eligible.copy()
    while True:
        size = pool.sum(axis=-1)
        squares = interaction_squares(scores, pool, blocks)
        total = squares.sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            # y_j is p / (p − 1) times the deviation from the pool's mean: var(y) (p − 1) / p = own / (n − 1).
            own = squares * (size / (size - 1))[..., None]
            others = (total[..., None] - own) / (size - 2)[..., None]
            tail = special.fdtrc((n - 1.0)[..., None], ((size - 2.0) * (n - 1))[..., None], own / others)
            tail = np.where(pool & ((size > 2) & (n >= stats.MIN_UNITS))[..., None], tail, np.nan)
            leaves = tail <= np.minimum(level, np.fmin.reduce(tail, axis=-1))[..., None]
            if not leaves.any():
                freedom = np.where((size > 1) & (n > 1), (size - 1.0) * (n - 1), np.nan)
                return pool, total / freedom, freedom
        pool &= ~leaves


def interaction_squares(scores, pool, blocks):
    """Σ_j (x_ij − setting's mean − unit's mean + total mean)² over the blocks, [..., k]; 0 outside of the pool."""
    used = pool[..., None] & blocks[..., None, :]
    x = np.where(used, scores, 0)
    deviation = x - x.sum(axis=-2, keepdims=True) / np.maximum(pool.sum(axis=-1), 1)[..., None, None]
    deviation = np.where(used, deviation, 0)
    mean = deviation.sum(axis=-1, keepdims=True) / np.maximum(blocks.sum(axis=-1), 1)[..., None, None]
    return (np.where(used, deviation - mean, 0) ** 2).sum(axis=-1)


def bartlett(scores, eligible):
    """p of Bartlett's (1937) test that the eligible settings have one residual variance in the block model, [...].

    NaN for fewer than three settings (residuals of two mirror each other) or three blocks, or where a variance is 0.
    The residuals of a block are correlated by −1 / (k − 1): the level measured is 4.1 to 4.9 % at a nominal 5 %, for
    k = 8 and 3 to 20 units (tests/simulations/choice.json).
    """
    blocks = complete(scores, eligible)
    k, n = eligible.sum(axis=-1), blocks.sum(axis=-1)
    freedom = n - 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = interaction_squares(scores, eligible, blocks) / freedom[..., None]
        logs = np.where(eligible, np.log(variance), 0).sum(axis=-1)
        statistic = freedom * (k * np.log(variance.sum(axis=-1) / k) - logs)
        statistic = statistic / (1 + (k + 1) / (3 * k * freedom))
        tested = (k > 2) & (n >= stats.MIN_UNITS) & np.isfinite(statistic)
        return np.where(tested, special.chdtrc(k - 1.0, statistic), np.nan)


def intervals(pairs: Pairs):
    """Hsu's constrained intervals (low, high), [..., k], of μ_i − max_{j ≠ i} μ_j (Hsu, 1981, 1984).

    U_i = max(0, min_{j ≠ i} (d_ij + c_ij e_ij)),   G = {i : U_i > 0},
    L_i = min(0, min_{j ∈ G, j ≠ i} (d_ij − c_ij e_ij)),   with mean difference d, standard error e, critical value c.

    They hold simultaneously with probability 1 − alpha, whichever setting is the best and whichever is chosen: it is
    enough that the k − 1 bounds on μ_b − μ_j hold for the truly best b. Then U_b ≥ μ_b − max_{j ≠ b} μ_j, b is in G,
    and so every other L_i is at most d_ib − c_ib e_ib ≤ μ_i − μ_b. Variances may differ: each pair has its own c and e.

    NaN for a setting that has no test against one of G: any difference to that one is possible.
    """
    margin = pairs.critical * pairs.error
    high = np.maximum(0, np.fmin.reduce(pairs.mean + margin, axis=-1))  # a pair without a test bounds nothing
    in_g = pairs.eligible & ~(high <= 0)
    others = in_g[..., None, :] & ~np.eye(high.shape[-1], dtype=bool)
    low = np.minimum(0, np.min(np.where(others, pairs.mean - margin, np.inf), axis=-1))
    nothing = np.isnan(low) | np.isnan(high) | ~pairs.eligible
    return np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)


def p_worse(pairs: Pairs, best) -> np.ndarray:
    """Adjusted p of every setting that it is worse than the setting `best` [...]: [..., k], NaN where there is no test.

    Separate variances: one-sided paired t, Holm's step-down over the settings tested. In the pool of a common variance:
    P(max of Dunnett's statistics ≥ t) (k − 1) / (p − 1); other pairs then have (k − 1) times their p (Bonferroni).
    """
    t, n, critical = (_row(a, best) for a in (pairs.mean / pairs.error, pairs.n, pairs.critical))
    single = special.stdtr(np.where(np.isnan(critical), np.nan, n - 1.0), -t)
    size = pairs.pool.sum(axis=-1, keepdims=True)
    if not size.any():
        return stats.holm(single)
    k = pairs.eligible.sum(axis=-1, keepdims=True)
    both = pairs.pool & np.take_along_axis(pairs.pool, np.asarray(best)[..., None], axis=-1) & ~np.isnan(critical)
    p = (k - 1) * single
    for where in np.argwhere(both):
        search = tuple(where[:-1])
        m = int(size[search][0]) - 1
        tail = dunnett.tail(t[tuple(where)], m, int(pairs.freedom[search]))
        p[tuple(where)] = tail * (k[search][0] - 1) / m
    return np.minimum(p, 1)


def excluded(pairs: Pairs, best, alpha: float = 0.05) -> np.ndarray:
    """Whether a setting is significantly worse than the setting `best` [...]: p_worse ≤ alpha, [..., k].

    alpha is what the pairs were compared at.
    """
    if not pairs.pool.any():
        return p_worse(pairs, best) <= alpha
    return _row(pairs.mean - pairs.critical * pairs.error, best) > 0  # the same as p ≤ alpha, without the integrals


def _row(values, best):
    """values[..., best, :] for best [...]."""
    return np.take_along_axis(values, np.asarray(best)[..., None, None], axis=-2)[..., 0, :]
