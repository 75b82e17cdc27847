"""One report of 2022, R3, in which every number is of one run: its settings, and its runs beside ours.

It must have drawn W1 by the wrong fan-in, N(0, 1/50): --preset=r3 gets its numbers to about a point, while N(0, 1/3072)
gets 51 % for every λ of its first search up to 0.001.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

from dd2424_jax import schedules, stats
from dd2424_jax.names import R3_STD
from dd2424_jax.reporting import labels, published, search_plots, tables
from dd2424_jax.reporting.published import Setting, two_layers
from dd2424_jax.runs.plan import Plan
from dd2424_jax.runs.result import Result

# Validation accuracies of its two searches for λ
DECADES = ((1e-5, 0.433), (1e-4, 0.433), (1e-3, 0.447), (1e-2, 0.48), (1e-1, 0.39), (1.0, 0.17))
TEST = {"exercise3": 0.432, "exercise4": 0.469, "final_model": 0.515}  # by experiment
DRAWS = ((0.006, 0.500), (0.0135, 0.500), (0.0135, 0.510), (0.006, 0.510), (0.006, 0.500))  # ten lie in this rectangle


class OneRun(NamedTuple):
    """A number of one run; `metric`: of the estimates of a setting, the one that it is compared with."""

    of: Setting
    metric: str
    value: float


def _overfitting() -> Setting:
    """Of 100 images, for 200 epochs; its learning rate is not known."""
    extent = {"n_batch": 10, "eval_steps": (2000,), "schedule": schedules.constant}
    config = dataclasses.replace(two_layers(100, 1, 1, R3_STD).config, **extent)
    return Setting(config, 100, {"lam": 0.0, "lr_max": 0.05})


RUNS = (
    OneRun(_overfitting(), "train_loss", 0.00139),
    OneRun(_overfitting(), "valid_loss", 10.28),
    OneRun(two_layers(10_000, 500, 1, R3_STD, lam=0.01), "test_accuracy", TEST["exercise3"]),
    OneRun(two_layers(10_000, 800, 3, R3_STD, lam=0.01), "test_accuracy", TEST["exercise4"]),
    *(OneRun(two_layers(45_000, 900, 1, R3_STD, lam=lam), "valid_accuracy", value) for lam, value in DECADES),
    OneRun(two_layers(40_000, 1000, 3, R3_STD, lam=0.008), "test_accuracy", TEST["final_model"]),
)


def runs(plan: Plan, i: int) -> list[OneRun]:
    """Those of setting i of a plan."""
    return [one for one in RUNS if one.of.is_of(plan, i)]


def beside(result: Result, about: str) -> list[tables.Table]:
    """A table with R3's run beside ours, of every setting that both have; none where there is none.

    Nor where seeds share held-out sets: a single run's interval would take the variance of these into account.
    """
    columns, rows = labels.columns(result.plan), []
    for i, setting in enumerate(result.settings):
        for one in runs(result.plan, i) if setting.estimates["train_loss"].n else ():
            rows.append([*(column[i] for column in columns.values()), *_cells(one, setting.estimates[one.metric])])
    if not rows or len(result.plan.folds) > 1:
        return []
    caption = (
        f"{about}, beside a report of 2022 (R3): its one run, our mean minus that, and whether it lies in the 95 % "
        "prediction interval of one run of ours, each by itself: mean ± t sd √(1 + 1/n)"
    )
    header = [*columns, "", "mean ± sd", "one run, 95 %", "R3", "difference", "within"]
    return [tables.Table("r3", caption, header, rows)]


def _cells(one: OneRun, ours: stats.Estimate) -> list[str]:
    split, metric = one.metric.split("_")
    low, high = stats.prediction(ours)
    verdict = "–" if math.isnan(low) else "yes" if low <= one.value <= high else "no"
    difference = ours.mean - one.value
    if metric == "accuracy":
        interval = tables.percent_interval(ours._replace(low=low, high=high))
        numbers = [tables.percent(ours), interval, f"{100 * one.value:.1f}", tables.points(difference)]
    else:
        interval = "–" if math.isnan(low) else f"{low:.5f} to {high:.5f}"
        numbers = [tables.number(ours, 5), interval, f"{one.value:g}", f"{difference:+.5f}"]
    return [f"{tables.SPLITS[split]} {'%' if metric == 'accuracy' else metric}", *numbers, verdict]


def beside_draws(result: Result) -> list[str]:
    """A remark on the runs whose λ is in the range of R3's second search; none where there are none."""
    (least, low), (greatest, high) = DRAWS[0], DRAWS[2]
    plan, of = result.plan, two_layers(45_000, 900, 2, R3_STD)
    settings = [i for i, lam in enumerate(plan.hypers.lam) if least <= lam <= greatest and of.is_of(plan, i)]
    scores = result.outcome.scores[settings].round(3)  # as R3 has them
    inside = (low <= scores) & (scores <= high)
    scores = scores[scores >= 0]  # without NaN
    if not len(scores):
        return []
    return [
        f"A report of 2022 (R3) has {100 * low:.1f} to {100 * high:.1f} % on validation for ten λ from {least:g} to "
        f"{greatest:g}, one run each, of which no more is known. Of {labels.count(len(scores), 'run')} in that range, "
        f"{inside.sum()} have, and all reach from {100 * scores.min():.1f} to {100 * scores.max():.1f} %. All of a "
        f"seed's do in {inside.all(axis=0).sum()} of {labels.count(inside.shape[1], 'seed')}."
    ]


def can_overlay(plan: Plan) -> bool:
    """Whether its searches are of the network, the loss and the images of a plan."""
    config = plan.config
    alike = dataclasses.replace(published.EXERCISE3.of.config, n_s=config.n_s, eval_steps=config.eval_steps)
    return plan.source.name == "cifar10" and published.comparable(dataclasses.replace(config, init_std=None)) == alike


def overlay(ax) -> None:
    """Its searches, on a figure of a search."""
    search_plots.overlay(ax, *zip(*DECADES, strict=True), "a report: one seed, one cycle, W1 from N(0, 1/50)", "s:")
    search_plots.overlay(ax, *zip(*DRAWS, strict=True), "the same report: ten draws, one seed each, lie in here", "--")
