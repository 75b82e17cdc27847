"""What the choice of a setting promises, checked by simulated searches: `python -m tests.simulations.choice`.

Writes tests/simulations/choice.json and prints it as Markdown tables. Takes some ten minutes on one core.

Each scenario is a search over 8 λ, of which the first `plateau` are the best together; each λ after them is worse by
`step` residual standard deviations than the one before. Scores are as in the coarse search: a residual sd of .34 points.
Coverage is how often a truly best λ (of those eligible) is in the set; of tied ones, that of the λ with the worst.
"""

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax import choice, comparisons

K, SD, BATCH = 8, 0.0034, 1000
RECORD = Path(__file__).with_suffix(".json")
PROCEDURES = ("separate", "equal")
FAR = 20.0  # in sd: such λ are excluded almost always
SEEDS = (3, 5, 10, 20)


class Scenario(NamedTuple):
    """plateau, step: see above. wide: positions of the λ with `factor` times the sd. r: seeds in each fold."""

    group: str
    plateau: int
    step: float
    n_seeds: int
    seed_sd: float = 0.002
    wide: tuple[int, ...] = ()
    factor: float = 1.0
    diverged: float = 0.0
    decimals: int | None = None
    r: tuple[int, ...] = ()
    fold_sd: float = 0.0

    def means(self) -> np.ndarray:
        return -SD * self.step * np.maximum(np.arange(K) - self.plateau + 1, 0)

    def draw(self, n_searches: int, rng: np.random.Generator) -> np.ndarray:
        """Scores [n_searches, K, units]."""
        n = sum(self.r) or self.n_seeds
        sd = np.full((K, 1), SD)
        sd[list(self.wide)] *= self.factor
        scores = 0.5 + self.means()[:, None] + sd * rng.standard_normal((n_searches, K, n))
        scores += self.seed_sd * rng.standard_normal((n_searches, 1, n))
        if self.decimals is not None:
            scores = scores.round(self.decimals)
        scores[rng.random(scores.shape) < self.diverged] = np.nan
        if self.r:
            folds = np.repeat(np.arange(len(self.r)), self.r)
            scores += (self.fold_sd * rng.standard_normal((n_searches, K, len(self.r))))[..., folds]
            scores = choice.by_fold(scores, folds)
        return scores


def scenarios() -> list[Scenario]:
    plateaus = [(p, step) for p in range(1, K) for step in (0.5, 1.0, 2.0, FAR)] + [(K, 0.0)]
    few = [(p, step) for p in (1, 2, 4) for step in (1.0, FAR)] + [(K, 0.0)]
    every = [Scenario("equal variances", *where, n) for where in plateaus for n in SEEDS]
    every += [Scenario("no seed effect", *where, n, seed_sd=0.0) for where in few for n in SEEDS]
    for factor, n, (p, step) in itertools.product((0.25, 1.5, 2.0, 3.0, 4.0), SEEDS, [*few, (7, FAR)]):
        on = [(0,), (0, 1)] if p > 1 else [(0,)]
        off = [(K - 1,), (K - 2, K - 1)] if p < K - 1 else [(K - 1,)] if p < K else []
        every += [Scenario("unequal, on the plateau", p, step, n, wide=wide, factor=factor) for wide in on]
        every += [Scenario("unequal, off the plateau", p, step, n, wide=wide, factor=factor) for wide in off]
    every += [Scenario("diverged runs", *where, n, diverged=q) for where in few for n in SEEDS for q in (0.03, 0.2)]
    every += [Scenario("rounded to 1/1000", *where, n, decimals=3) for where in few for n in SEEDS]
    folds = [(r,) * f for f in (3, 5, 10) for r in (1, 2, 4)] + [(3, 2, 2, 1), (4, 1, 1)]
    every += [Scenario("folds", *where, len(r), r=r, fold_sd=0.002) for where in few for r in folds]
    two = [(2, ()), (1, ()), (2, (1, 1)), (2, (4, 4))]
    return every + [Scenario("two units or one", *where, n, r=r) for where in few for n, r in two]


def simulate(scenario: Scenario, n_searches: int, rng: np.random.Generator) -> dict:
    """Coverage, mean size of the set, and simultaneous coverage of the intervals, for both kinds of variances."""
    parts = [_searches(scenario, min(BATCH, n_searches - i), rng) for i in range(0, n_searches, BATCH)]
    return {name: _summary([part[name] for part in parts]) for name in PROCEDURES}


def _searches(scenario: Scenario, n_searches: int, rng) -> dict:
    """Of each procedure: (truly best, kept, intervals hold, sizes, sizes of the earlier procedure, half-widths)."""
    scores, means = scenario.draw(n_searches, rng), scenario.means()
    eligible, best = comparisons.eligible_and_best(scores, np.ones(scores.shape[:-1], bool))
    truly = eligible & (means == np.where(eligible, means, -np.inf).max(axis=-1, keepdims=True))
    others = np.where(eligible[:, None] & ~np.eye(K, dtype=bool), means, -np.inf).max(axis=-1)
    truth = means - others
    results = {}
    for name in PROCEDURES:
        pairs = comparisons.compare(scores, eligible, 0.05, name)
        kept = eligible & ~comparisons.excluded(pairs, best, 0.05)
        low, high = comparisons.intervals(pairs)
        outside = (truth < low - 1e-12) | (truth > high + 1e-12)
        results[name] = truly, kept, ~(eligible & outside).any(axis=-1), high - low
    two_sided = comparisons.compare(scores, eligible, 0.025)  # the procedure before: two-sided, Bonferroni
    row = np.arange(n_searches), best
    worse = two_sided.mean[row] > (two_sided.critical * two_sided.error)[row]
    return {name: (*result, eligible & ~worse) for name, result in results.items()}


def _summary(parts: list) -> dict:
    truly, kept, hold, width, earlier = (np.concatenate(part) for part in zip(*parts, strict=True))
    times = truly.sum(axis=0)
    often = times >= len(truly) / 20  # a λ seldom eligible says nothing about 95 %
    coverage = np.where(often, (truly & kept).sum(axis=0) / np.maximum(times, 1), np.nan)
    worst = int(np.nanargmin(coverage))
    return {
        "coverage": float(coverage[worst]),
        "coverage_error": float(np.sqrt(0.05 * 0.95 / times[worst])),
        "intervals": float(hold.mean()),
        "size": float(kept.sum(axis=1).mean()),
        "earlier_size": float(earlier.sum(axis=1).mean()),
        "excluded": int((~kept).sum()),
        "width": float(np.nanmean(width)) if np.isfinite(width).any() else None,
    }
