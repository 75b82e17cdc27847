"""Measures of a result's runs, and their tables: networks after training, and the way there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax import data, measures, stats
from dd2424_jax.reporting import labels, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import CURVES, PARAMS, RUNS, Result


class Unit(NamedTuple):
    """What numbers are multiplied by to be shown, and how an effect is written in it."""

    name: str
    scale: float = 1.0
    form: str = "+.3f"


POINTS, UPDATES, EPOCHS, NUMBER = Unit("points", 100.0, "+.2f"), Unit("updates"), Unit("epochs"), Unit("")


class Measure(NamedTuple):
    """A number of every run, and the file of the run directory that it is of.

    of  a result: [n_settings, n_seeds], whatever diverged; None where what it takes was not stored
    """

    of: Callable[[Result], np.ndarray | None]
    unit: Unit
    file: str


def gap(result: Result, evaluation: int = -1) -> np.ndarray:
    return measures.gap(result.outcome.train.accuracy, result.outcome.valid.accuracy)[..., evaluation]


def penalty(result: Result, evaluation: int = -1) -> np.ndarray:
    return measures.penalty(result.outcome.train.cost, result.outcome.train.loss)[..., evaluation]


def _stability(result: Result) -> np.ndarray | None:
    """None where the learning rate changes meanwhile, as accuracy follows it."""
    last = result.outcome.lr[:, 1:][:, -measures.LAST :]
    return None if np.ptp(last, axis=1).any() else measures.stability(result.outcome.valid.accuracy)


def _best_epoch(result: Result) -> np.ndarray:
    return measures.at_best(result.outcome.valid.accuracy, result.outcome.step / result.plan.steps_per_epoch)


def _norm(result: Result) -> np.ndarray | None:
    params = result.outcome.params
    return None if params is None else measures.norm([layer.W for layer in params])


def _of_templates(measure: Callable) -> Callable[[Result], np.ndarray | None]:
    """None but for linear classifiers of images."""

    def of(result: Result) -> np.ndarray | None:
        sizes, params = result.plan.config.sizes, result.outcome.params
        linear = len(sizes) == 2 and sizes[0] == data.DIMENSIONS
        return measure(params[0].W) if linear and params is not None else None

    return of


TEST = Measure(lambda result: result.outcome.test and result.outcome.test.accuracy, POINTS, RUNS)
TRAIN = Measure(lambda result: result.outcome.train.accuracy[..., -1], POINTS, RUNS)
GAP = Measure(gap, POINTS, RUNS)
PENALTY = Measure(penalty, NUMBER, RUNS)
NORM = Measure(_norm, NUMBER, PARAMS)
ROUGHNESS = Measure(_of_templates(measures.roughness), NUMBER, PARAMS)
LIKENESS = Measure(_of_templates(measures.likeness), NUMBER, PARAMS)
STABILITY = Measure(_stability, POINTS, CURVES)
BEST_MINUS_LAST = Measure(lambda result: measures.best_minus_last(result.outcome.valid.accuracy), POINTS, CURVES)
BEST_EPOCH = Measure(_best_epoch, EPOCHS, CURVES)
TO_90 = Measure(lambda result: measures.until(result.outcome.valid.accuracy, result.outcome.step), UPDATES, CURVES)


class Column(NamedTuple):
    """A measure in a table, with so many digits; what its header means goes into the caption."""

    header: str
    measure: Measure
    digits: int
    meaning: str = ""


AFTER = (
    Column("train − validation, points", GAP, 2),
    Column("cost − loss", PENALTY, 4),
    Column("‖W‖", NORM, 3, "of all weight matrices"),
    Column("roughness", ROUGHNESS, 3, "squared difference of a template's neighbouring pixels, over white noise's"),
    Column("likeness", LIKENESS, 3, "a template's correlation with the one that is most like it, mean over classes"),
)
WAY = (
    Column("updates to 90 %", TO_90, 0, "the first evaluation with 90 % of the last one's accuracy"),
    Column("sd of epochs, points", STABILITY, 2, f"of successive differences / √2, the last {measures.LAST}"),
    Column("best − last, points", BEST_MINUS_LAST, 2),
    Column("best epoch", BEST_EPOCH, 1),
)


def add(report: Report, result: Result) -> Report:
    """The report with the two tables of measures, and why the last epoch is reported."""
    about = labels.about(result)
    shown = [
        _table("measures", f"Networks after training on {about}", AFTER, result),
        _table("way", f"The way there: validation accuracy during training on {about}", WAY, result),
    ]
    return report._replace(tables=[*report.tables, *shown], remarks=[*report.remarks, *_why_the_last(result)])


def _table(name: str, caption: str, columns: Sequence[Column], result: Result) -> tables.Table:
    """A row a setting, a column for each measure that there is."""
    named, meanings = dict(labels.columns(result.plan)), []
    for column in columns:
        values = column.measure.of(result)
        if values is not None:
            estimates = _estimates(result, column.measure.unit.scale * values)
            possible = [_within_range(one, column.measure, result) for one in estimates]
            named[column.header] = [tables.mean_and_interval(one, column.digits) for one in possible]
            meanings += [f"{column.header.split(',')[0]}: {column.meaning}"] if column.meaning else []
    caption = "; ".join([f"{caption}, mean over seeds (95 % interval, as far as values are possible)", *meanings])
    return tables.Table(name, caption, [*named], [list(row) for row in zip(*named.values(), strict=True)])


def _estimates(result: Result, values: np.ndarray) -> list[stats.Estimate]:
    """Of every setting, over the runs that converged."""
    pairs = zip(values, result.outcome.converged, strict=True)
    return [stats.nested(own[converged], result.plan.fold[converged]) for own, converged in pairs]


def _within_range(estimate: stats.Estimate, measure: Measure, result: Result) -> stats.Estimate:
    """The interval cut off where the measure ends, which those of few seeds reach beyond."""
    least = -np.inf if measure in (GAP, LIKENESS) else 0.0
    most = result.outcome.step[-1] / result.plan.steps_per_epoch if measure is BEST_EPOCH else np.inf
    return estimate._replace(low=np.maximum(estimate.low, least), high=np.minimum(estimate.high, most))


def _why_the_last(result: Result) -> list[str]:
    means = [one.mean for one in _estimates(result, 100 * BEST_MINUS_LAST.of(result)) if one.n]
    if not means:
        return []
    low, high = f"{min(means):.2f}", f"{max(means):.2f}"
    if high == "0.00":
        return []
    points = f"{low} points" if low == high else f"{low} to {high} points, depending on the setting,"
    return [
        "Accuracies are those after training. The best evaluation on validation, chosen by the same images, is "
        f"{points} higher (mean over seeds): so much would be gained by reporting the best epoch instead."
    ]
