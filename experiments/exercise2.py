"""Assignment 2, exercise 2: the gradient check of a two-layer network, and whether it can overfit 100 images.

    python experiments/exercise2.py
    python experiments/exercise2.py --preset=r3           # as one report, which has a validation loss of 10.28

The check is gradient_check.py's, of the first draw of every case, found where it was done before (in
results/gradient_check). Then 100 images of batch 1, λ = 0, 200 epochs, 50 hidden units, n_batch = 10 and a constant η:
expect a training loss below 0.01 and a validation loss far above it (a report: 0.00139 and 10.28). A wrong gradient
ends with status 1.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import sys

import absl.flags

from dd2424_jax.app import command_line, flags, gradient_check, pipeline, plan, presets, session
from dd2424_jax.reporting import curves, labels, learning, plots, r3, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result

flags.define_result_flags()
flags.define_split_flags(n_train=100, n_valid=1_000, train_batches=[1], valid_batches=[2])
flags.define_run_flags(lam=[0.0], n_seeds=5, n_batch=10, hidden=[50])
flags.define_epoch_flags(lr=[0.05], n_epochs=200)
presets.define(r3=presets.R3)

absl.flags.register_multi_flags_validator(
    ["distributed", "num_shards"],
    lambda f: not f["distributed"] and f["num_shards"] in (None, 1),
    "exercise 2 is one program: no --distributed, no --num_shards",
)

MAX_LOSS = 0.01  # a training loss below this is overfitting


def draw(result: Result) -> Report:
    """Losses after training, the verdict, and curves, losses on a logarithmic axis."""
    about = f"Overfitting {result.plan.source.n_train} images on {labels.about(result)}: mean ± sd over seeds"
    metrics = [f"{split}_{metric}" for metric in ("loss", "accuracy") for split in ("train", "valid")]
    table = tables.of_settings(result, about, metrics, digits=5, name="overfitting")
    worst = result.outcome.train.loss[..., -1].max()
    overfits = bool(worst < MAX_LOSS)  # not where one is NaN
    verdict = f"{'PASS' if overfits else 'FAIL'}: the largest training loss is {worst:.5f}, to be below {MAX_LOSS:g}."
    images = f"The {result.plan.source.n_train} images are the first of their batches; no others were tried."
    shown = [table, *r3.beside(result, f"Overfitting on {labels.about(result)}")]
    return Report(shown, [verdict, images], {"curves": losses_and_accuracies(result)}, {"overfits": overfits})


def losses_and_accuracies(result: Result):
    """Loss and accuracy (columns) of every setting (rows)."""
    outcome = result.outcome
    n, label = result.plan.source.n_train, labels.about(result)
    panels, names = learning.panels(result), labels.settings(result.plan)
    about = f"Overfitting {n} images on {label}: mean and 95 % band{learning.of_how_many(result)}"
    fig, axes = plots.figure(len(panels), 2, about, sharex=True)
    epoch = outcome.step / result.plan.steps_per_epoch
    for i, row in zip(panels, axes, strict=True):
        for ax, metric in zip(row, ("loss", "accuracy"), strict=True):
            curves.curves_of_setting(
                ax, epoch, outcome, i, metric, x="epoch" if i == panels[-1] else "", log=metric == "loss"
            )
        row[0].set_title(names[i])
    plots.legend(fig, axes[0, 0])
    return fig


def main():
    options = command_line.options()
    options.num_shards = 1  # in a job array too
    here, dataset = session.start(options), plan.load(options)
    correct = gradient_check.run(dataset, ["two-layer"], [options.loss], here._replace(name=None, changed={}))
    pipeline.run(plan.epochs("exercise2", options, test=False, dataset=dataset), draw, here)
    if not correct:
        sys.exit(1)


if __name__ == "__main__":
    entry.start(main)
