"""The choice of a setting: which of them the seeds can tell from the best, and the selection bias of the best."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax import stats

MAX_SPLITS = 1000  # of the seeds into halves; of more, so many are drawn


class Choice(NamedTuple):
    """What a search says about its settings, as indices in their order. Scores are fractions, the higher the better.

    n_seeds            of the best that converged
    best               the setting of the highest mean over seeds
    one_se             the largest λ whose mean is within one standard error of the best's
    differences        every setting minus the best, paired by seed, with simultaneous 95 % intervals (Bonferroni)
    p                  of those differences' sign flips, NaN where there are too few seeds
    indistinguishable  by ascending λ, those not significantly worse than the best, itself among them
    standard_error     of the best's accuracy, as a proportion of n_valid images that were sampled
    selection_bias     by how much the best's mean is expected to be too high because it was picked; NaN for one seed
    """

    n_seeds: int
    best: int
    one_se: int
    differences: Sequence[stats.Estimate]
    p: Sequence[float]
    indistinguishable: Sequence[int]
    standard_error: float
    selection_bias: float


def choose(lams: Sequence[float], scores, n_valid: int) -> Choice | None:
    """Choose among settings by scores [n_settings, n_seeds], NaN where a run diverged, measured on n_valid images.

    lams: λ of every setting, [n_settings]. Settings may differ in anything else too.

    Only settings with the fewest diverged runs can be chosen or indistinguishable. None if every run diverged.

    The set `indistinguishable` misses the truly best setting in at most 5 % of searches, if differences over seeds are
    normal (Hsu's comparison with the best, by paired t-intervals and Bonferroni instead of a common variance). The
    standard error of the one-standard-error rule (Breiman et al., 1984) is the best mean's, over seeds.
    """
    lams, scores = np.asarray(lams, float), np.asarray(scores, float)
    converged = np.isfinite(scores).sum(axis=1)
    if not converged.any():
        return None
    eligible = converged == converged.max()
    estimates = [stats.estimate(row[np.isfinite(row)]) for row in scores]
    mean = np.array([estimate.mean for estimate in estimates])
    best = int(np.argmax(np.where(eligible, mean, -np.inf)))
    confidence = 1 - 0.05 / max(len(lams) - 1, 1)
    differences = [stats.paired(row, scores[best], confidence) for row in scores]
    flips = [row - scores[best] for row in scores]
    # The best minus itself is always 0.
    p = [np.nan if i == best else stats.sign_flip(flip[np.isfinite(flip)]) for i, flip in enumerate(flips)]
    ascending = np.argsort(lams, kind="stable")
    indistinguishable = [int(i) for i in ascending if eligible[i] and not stats.excludes_zero(differences[i])]
    error = np.nan_to_num(estimates[best].sd / np.sqrt(estimates[best].n))
    within = np.flatnonzero(eligible & (mean >= mean[best] - error))
    return Choice(
        int(converged.max()),
        best,
        int(max(within, key=lambda i: (lams[i], mean[i]))),
        differences,
        p,
        indistinguishable,
        float(np.sqrt(mean[best] * (1 - mean[best]) / n_valid)),
        selection_bias(scores[eligible]),
    )


def edge(values: Sequence[float], best: int) -> str | None:
    """ "lowest" or "highest" where values[best] is at an end of what was tried and others lie beyond, else None."""
    if min(values) == max(values) or values[best] == 0 or min(values) < values[best] < max(values):
        return None
    return "lowest" if values[best] == min(values) else "highest"


def selection_bias(scores) -> float:
    """How much too high the best mean of scores [n_settings, n_seeds] is expected to be: the winner's curse.

    The seeds are split into halves in all ways, or MAX_SPLITS drawn ones: one half chooses, the other, which did not,
    scores the choice. The best mean minus the mean of those scores is nearly without bias; the bootstrap of the seeds
    is some 40 % too low, as its winners are scored by seeds that helped to choose them. Seeds with a diverged run are
    left out. NaN for fewer than two seeds.
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
    return float(scores.mean(axis=1).max() - held_out.mean())
