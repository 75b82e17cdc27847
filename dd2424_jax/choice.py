"""The choice of λ: which of them the seeds can tell apart, and how much the winner owes to having won."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax import stats

MOST_SPLITS = 1000  # of the seeds into halves; more are drawn from


class Choice(NamedTuple):
    """What a search says about its λ, in their order. Scores are fractions, the higher the better.

    best         index of the highest mean over seeds
    one_se       index of the largest λ whose mean is within one standard error of the best's
    differences  every λ minus the best, paired by seed; intervals that hold together at 95 % (Bonferroni)
    p            of those differences' sign flips, NaN where there are too few seeds
    tied         indices, by ascending λ, of those that cannot be told apart from the best, itself among them
    edge         "lowest" or "highest" where the best λ is at an end of the grid, else None
    standard_error  of one score, for n_valid being a sample of all images
    optimism     by how much the best's mean is expected to be too high for having won; NaN for one seed
    """

    lams: np.ndarray
    n_seeds: int
    best: int
    one_se: int
    differences: Sequence[stats.Estimate]
    p: Sequence[float]
    tied: Sequence[int]
    edge: str | None
    standard_error: float
    optimism: float


def choose(lams: Sequence[float], scores, n_valid: int) -> Choice | None:
    """Choose among lams [n_lam] by scores [n_lam, n_seeds], NaN where a run diverged, measured on n_valid images.

    A λ of which more runs diverged than of others is never chosen and never tied. None if every run diverged.

    The set `tied` misses the truly best λ in at most 5 % of searches (Hsu's comparison with the best, made by paired
    t-intervals and Bonferroni instead of a common variance). The standard error of the one-standard-error rule
    (Breiman et al., 1984) is the best mean's, over seeds.
    """
    lams, scores = np.asarray(lams, float), np.asarray(scores, float)
    alive = np.isfinite(scores).sum(axis=1)
    if not alive.any():
        return None
    sound = alive == alive.max()
    found = [stats.estimate(row[np.isfinite(row)]) for row in scores]
    mean = np.array([estimate.mean for estimate in found])
    best = int(np.argmax(np.where(sound, mean, -np.inf)))
    confidence = 1 - 0.05 / max(len(lams) - 1, 1)
    differences = [stats.paired(row, scores[best], confidence) for row in scores]
    flips = [row - scores[best] for row in scores]
    # The best minus itself is always 0.
    p = [np.nan if i == best else stats.sign_flip(flip[np.isfinite(flip)]) for i, flip in enumerate(flips)]
    tied = [i for i in np.argsort(lams, kind="stable") if sound[i] and not stats.excludes_zero(differences[i])]
    error = np.nan_to_num(found[best].sd / np.sqrt(found[best].n))
    within = np.flatnonzero(sound & (mean >= mean[best] - error))
    return Choice(
        lams,
        int(alive.max()),
        best,
        int(within[np.argmax(lams[within])]),
        differences,
        p,
        [int(i) for i in tied],
        _edge(lams, best),
        float(np.sqrt(mean[best] * (1 - mean[best]) / n_valid)),
        optimism(scores[sound]),
    )


def _edge(lams: np.ndarray, best: int) -> str | None:
    if lams.min() == lams.max() or lams.min() < lams[best] < lams.max():
        return None
    return "lowest" if lams[best] == lams.min() else "highest"


def optimism(scores) -> float:
    """How much too high the best mean of scores [n_lam, n_seeds] is expected to be for being the best of n_lam.

    The seeds are split into halves in all ways, or MOST_SPLITS drawn ones: one half chooses, the other, which did not,
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
        halves = np.array([rng.permutation(n)[:size] for _ in range(MOST_SPLITS)])
    chosen = np.zeros((len(halves), n), bool)
    np.put_along_axis(chosen, halves, True, axis=1)
    winners = np.argmax(scores @ chosen.T, axis=0)
    held_out = np.sum(scores[winners] * ~chosen, axis=1) / (n - size)
    return float(scores.mean(axis=1).max() - held_out.mean())
