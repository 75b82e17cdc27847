"""Effects that findings are about: estimates over seeds of what a result's settings differ by.

The confidence of an interval depends on how many findings there are, so that it comes last. An effect is None where the
plan has no such setting, or what it takes was not stored. Where several sets of images are held out, they are the units
in place of seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy import special

from dd2424_jax import stats
from dd2424_jax.reporting import labels
from dd2424_jax.reporting.measures import POINTS, Measure, Unit
from dd2424_jax.runs.result import CURVES, RUNS, Result

Setting = Mapping[str, float]  # hyperparameters by name
Estimator = Callable[[float], stats.Estimate]
TIMES, SHARE = Unit("times", form=".2f"), Unit("of the seeds", form=".2f")


class Effect(NamedTuple):
    """of  a result: a function from the confidence of the interval to the estimate, or None"""

    of: Callable[[Result], Estimator | None]
    unit: Unit
    file: str


def alone(measure: Measure, setting: Setting) -> Effect:
    """The mean of a measure."""
    return Effect(_combined(lambda a: a, measure, setting), measure.unit, measure.file)


def difference(measure: Measure, a: Setting, b: Setting) -> Effect:
    """a − b, paired by seed."""
    return Effect(_combined(np.subtract, measure, a, b), measure.unit, measure.file)


def ratio(measure: Measure, a: Setting, b: Setting) -> Effect:
    """The mean over seeds of a / b."""
    return Effect(_combined(np.divide, measure, a, b), TIMES, measure.file)


def _combined(combine: Callable, measure: Measure, *settings: Setting) -> Callable[[Result], Estimator | None]:
    def of(result: Result) -> Estimator | None:
        units = [_units(result, measure, setting) for setting in settings]
        if any(own is None for own in units):
            return None
        with np.errstate(divide="ignore", invalid="ignore"):  # such a seed is left out
            values = combine(*units)
        return lambda confidence: stats.paired(values, np.zeros_like(values), confidence)

    return of


def _units(result: Result, measure: Measure, setting: Setting) -> np.ndarray | None:
    """Of the one setting with these hyperparameters, the measure of every seed or held-out set; NaN if it diverged."""
    hypers, fold = result.plan.hypers.named(), result.plan.fold
    (found,) = np.nonzero(np.all([hypers[name] == value for name, value in setting.items()], axis=0))
    if len(found) != 1 or (values := measure.of(result)) is None:
        return None
    own = np.where(result.outcome.converged, values, np.nan)[found[0]]
    return own if len(result.plan.folds) == 1 else stats.by_fold(own, fold)


def one_run(measure: Measure, setting: Setting, published: float) -> Effect:
    """A published run's number minus the mean over seeds, with the prediction interval of one more run of them.

    It excludes 0 where the published run is no run of the setting.
    """

    def of(result: Result) -> Estimator | None:
        own = _units(result, measure, setting)
        if own is None:
            return None

        def estimator(confidence: float) -> stats.Estimate:
            estimate = stats.paired(np.full_like(own, published), own, confidence)
            if math.isnan(estimate.low):
                return estimate
            low, high = stats.prediction(estimate, confidence)
            return estimate._replace(low=low, high=high)

        return estimator

    return Effect(of, measure.unit, measure.file)


def nearest_minus_best(lam: float) -> Effect:
    """Validation accuracy of the searched λ nearest to `lam` minus that of the best of the others.

    Of all paired differences between it and the others the smallest, the smallest of their lower limits, and of their
    upper limits, which hold simultaneously (Bonferroni over the others): a lower limit above 0 needs all of them there,
    an upper one below 0 any. λ of which every run diverged are left out.
    """

    def of(result: Result) -> Estimator | None:
        lams = result.plan.hypers.lam
        if not _searches_lam(result) or not lams.min() <= lam <= lams.max():
            return None
        scores = result.outcome.scores
        if len(result.plan.folds) > 1:
            scores = stats.by_fold(scores, result.plan.fold)
        nearest = np.argmin(np.abs(np.log(np.maximum(lams, np.finfo(float).tiny) / lam)))
        compared = np.isfinite(scores).any(axis=1) & (np.arange(len(lams)) != nearest)

        def estimator(confidence: float) -> stats.Estimate:
            if not compared.any():
                return stats.estimate([])
            differences = scores[nearest] - scores[compared]
            every = stats.bonferroni(differences, 1 - confidence)
            low = np.min([stats.paired(row, 0.0, confidence).low for row in differences])  # NaN where one has none
            return min(every, key=lambda one: one.mean)._replace(low=low, high=np.min([one.high for one in every]))

        return estimator

    return Effect(of, POINTS, RUNS)


def share_of_wins() -> Effect:
    """The share of seeds in which the setting of the highest mean is the best too, with Clopper and Pearson's interval.

    Of the seeds in which every setting converged. They have chosen the setting of the highest mean themselves, so that
    the share is too large, if anything.
    """
    return Effect(_share_of_wins, SHARE, RUNS)


def _share_of_wins(result: Result) -> Estimator | None:
    scores = result.outcome.scores
    scores = scores[:, np.isfinite(scores).all(axis=0)]
    if not _searches_lam(result) or len(result.plan.folds) > 1:
        return None
    n = scores.shape[1]
    wins = np.argmax(scores, axis=0) == np.argmax(scores.mean(axis=1)) if n else np.zeros(0, bool)

    def estimator(confidence: float) -> stats.Estimate:
        estimate, k, tail = stats.estimate(wins), int(wins.sum()), (1 - confidence) / 2
        if n < stats.MIN_UNITS:
            return estimate._replace(low=np.nan, high=np.nan)
        low = special.betaincinv(k, n - k + 1, tail) if k else 0.0
        high = special.betaincinv(k + 1, n - k, 1 - tail) if k < n else 1.0
        return estimate._replace(low=float(low), high=float(high))

    return estimator


def later_choice() -> Effect:
    """Validation accuracy of the λ that one seed chooses at the end, minus that of its choice after the first cycle.

    Half of the seeds choose, each by itself; the others score, each the choices of all, so that the variance of the
    mean has a part of either half: s²/n of its means over the other (Hoeffding, 1948). Student's t has the degrees of
    freedom of the smaller half. Of the seeds in which every setting converged.
    """
    return Effect(_later_choice, POINTS, CURVES)


def _later_choice(result: Result) -> Estimator | None:
    (first,) = np.nonzero(result.outcome.step == 2 * result.plan.config.n_s)
    several = len(first) and result.plan.config.n_updates > 2 * result.plan.config.n_s
    if not several or not _searches_lam(result) or len(result.plan.folds) > 1:
        return None
    accuracy = result.outcome.valid.accuracy[:, result.outcome.converged.all(axis=0)]
    choosing, scoring = np.array_split(accuracy, 2, axis=1)
    last, early = (np.argmax(choosing[..., evaluation], axis=0) for evaluation in (-1, first[0]))
    gains = scoring[last, :, -1] - scoring[early, :, -1]  # [n_choosing, n_scoring]

    def estimator(confidence: float) -> stats.Estimate:
        if not gains.size:
            return stats.estimate([])._replace(n=accuracy.shape[1])
        halves = [stats.estimate(gains.mean(axis=axis), confidence) for axis in (1, 0)]
        found = stats.Estimate(accuracy.shape[1], *halves[0][1:])
        if not all(stats.has_test(half.n, half.sd) for half in halves):
            return found._replace(low=np.nan, high=np.nan)
        error = math.hypot(*(half.sd / math.sqrt(half.n) for half in halves))
        width = special.stdtrit(min(half.n for half in halves) - 1, (1 + confidence) / 2) * error
        return found._replace(low=found.mean - width, high=found.mean + width)

    return estimator


def _searches_lam(result: Result) -> bool:
    """Whether the settings are several λ and differ in nothing else."""
    return [*labels.varying(result.plan)] == ["lam"] and len(result.settings) > 1
