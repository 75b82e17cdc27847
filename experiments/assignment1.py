"""Assignment 1: the linear classifier in its four settings of λ and learning rate, twenty seeds each.

    python experiments/assignment1.py
    python experiments/assignment1.py --loss=sigmoid
    python experiments/assignment1.py --loss=hinge

Batch 1 to train on, batch 2 to validate on, 40 epochs, n_batch = 100, W ~ N(0, 0.01²), constant η. Expect a test
accuracy of about 28, 39, 39 and 37 % in the four settings. The other losses have four settings of their own unless
--lam or --lr say otherwise: the mean over K sigmoids has gradients K times smaller and wants η ten times larger and λ
ten times smaller (36 to 39 %); the sum over the hinges has larger ones and wants η ten times smaller or more (35 to
37.5 %).
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import itertools
from types import SimpleNamespace

import numpy as np

from dd2424_jax import evaluation, stats
from dd2424_jax.app import command_line, flags, kinds, pipeline, plan, session
from dd2424_jax.reporting import (
    claims,
    confusion,
    curves,
    findings,
    labels,
    learning,
    measures,
    plots,
    published,
    tables,
    templates,
)
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result, ranking

SETTINGS = {  # of λ, of η
    "softmax": ([0.0, 0.0, 0.1, 1.0], [0.1, 0.001, 0.001, 0.001]),
    "sigmoid": ([0.0, 0.0, 0.01, 0.1], [0.1, 0.01, 0.01, 0.01]),
    "hinge": ([0.0, 0.0, 0.1, 1.0], [0.001, 0.0001, 0.0001, 0.0001]),
}

flags.define_result_flags()
flags.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
flags.define_run_flags(lam=SETTINGS["softmax"][0], n_seeds=20)
flags.define_epoch_flags(lr=SETTINGS["softmax"][1], n_epochs=40)
kinds.define_float("bias_std", 0.0, "standard deviation of the initial biases; older editions draw them, as W, at 0.01")


TITLE, ALPHA = "Assignment 1", 0.05


def accuracies(result: Result) -> tables.Table:
    caption = f"{TITLE} on {labels.about(result)}: accuracy, mean ± sd, and the 95 % interval of the mean on test"
    metrics = [f"{split}_accuracy" for split in ("train", "valid", "test")]
    facts = result.plan.facts()
    alike = {"epochs": f"{facts['n_epochs']:g}", "n_batch": facts["n_batch"]}
    table = tables.of_settings(result, caption, metrics, interval="test_accuracy", alike=alike)
    ranges = [published.assignment1(result.plan, i) for i in range(len(result.settings))]
    if not any(ranges):
        return table
    table = table._replace(caption=f"{caption}; interquartile range of published reports, and how many")
    cells = ["–" if own is None else f"{own.low}-{own.high} ({own.n})" for own in ranges]
    return tables.with_column(table, "published", cells)


def differences(result: Result) -> tuple[tables.Table, list[str]]:
    """Test accuracy of every pair of settings, seed by seed; and in words which are significant."""
    accuracy = np.where(result.outcome.converged, result.outcome.test.accuracy, np.nan)
    names = labels.settings(result.plan)
    pairs = list(itertools.combinations(range(len(names)), 2))
    tested = stats.simultaneous([accuracy[j] - accuracy[i] for i, j in pairs]) if pairs else []
    rows, sentences = [], {True: [], False: []}
    for (i, j), (difference, p) in zip(pairs, tested, strict=True):
        points, interval = tables.points(difference.mean), tables.points_interval(difference.low, difference.high)
        verdict = "–" if np.isnan(p) else "yes" if p <= ALPHA else "no"
        rows.append([f"{names[j]} minus {names[i]}", points, interval, str(difference.n), tables.p_value(p), verdict])
        sentences[verdict == "yes"].append(f"{names[j]} minus {names[i]}: {points} points")
    caption = (
        f"Paired differences of test accuracy on {labels.about(result)}, in points; p adjusted by Holm, so that all "
        "verdicts hold simultaneously at 95 %, and each interval at the confidence of its step"
    )
    header = ["difference", "points", "interval", "seeds", "p", "significant"]
    remarks = [
        f"{text}: {'; '.join(sentences[significant])}."
        for significant, text in ((True, "Significantly different"), (False, "Not significantly different"))
        if sentences[significant]
    ]
    return tables.Table("differences", caption, header, rows), remarks


def metrics(result: Result):
    """Loss, cost and accuracy (columns) of every setting (rows)."""
    outcome, names, panels = result.outcome, labels.settings(result.plan), learning.panels(result)
    about = f"{TITLE}: {labels.about(result)}, mean and 95 % band{learning.of_how_many(result)}"
    fig, axes = plots.figure(len(panels), 3, about, height=1.8, sharex=True)
    epoch = outcome.step / result.plan.steps_per_epoch
    for row, i in zip(axes, panels, strict=True):
        for ax, metric in zip(row, evaluation.Metrics._fields, strict=True):
            curves.curves_of_setting(ax, epoch, outcome, i, metric, x="epoch" if i == panels[-1] else "")
        row[1].set_title(names[i])
    plots.legend(fig, axes[0, 0])
    return fig


def draw(result: Result) -> Report:
    table, remarks = differences(result)
    shown, figures = [accuracies(result), table], {"curves": metrics(result)}
    best = ranking(result.settings, "valid_accuracy")
    if result.outcome.params is None:
        remarks = [*remarks, confusion.LEFT_OUT]
    else:
        figures["templates"] = templates.of_classes(result)
        remarks = [*remarks, templates.FIRST]
    if best and result.outcome.params is not None:
        name = f"{labels.settings(result.plan)[best[0]]}, the best on validation"
        figures["confusion"], classes = confusion.draw(result, best[0], name)
        shown.append(classes)
    if "published" in shown[0].header:
        remarks = [*remarks, published.SOURCE]
    report = measures.add(Report(shown, remarks, figures), result)
    quoted = published.WHO if "published" in shown[0].header else ""
    return findings.add(report, result, claims.ASSIGNMENT1, quoted)


def choose_settings(options: SimpleNamespace) -> None:
    """λ and η as given, else the loss's own."""
    if not command_line.given("lr"):
        lrs = SETTINGS[options.loss][1]
        options.lr = lrs[-1:] if command_line.given("lam") else lrs
    if not command_line.given("lam"):
        options.lam = SETTINGS[options.loss][0]


def main():
    options = command_line.options()
    here = session.start(options)
    choose_settings(options)
    pipeline.run(plan.epochs("assignment1", options, test=True, init_std=0.01), draw, here)


if __name__ == "__main__":
    entry.start(main)
