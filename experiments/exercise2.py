"""Assignment 2, exercise 2: the gradient check of a two-layer network, and whether it can overfit 100 images.

    python experiments/exercise2.py

The check is gradient_check.py's, found where it was done before (in results/gradient_check). Then 100 images of batch
1, λ = 0, 200 epochs, 50 hidden units, n_batch = 10 and a constant η: expect a training loss below 0.01 and a
validation loss far above it (a report: 0.00139 and 10.28). A wrong gradient ends with status 1.
"""

import sys
from types import SimpleNamespace

from absl import flags

import checking
import common
import reproduce
from dd2424_jax import plots, tables, train
from dd2424_jax.report import Report

common.define_output_flags()
common.define_split_flags(n_train=100, n_valid=1_000, train_batches=[1], valid_batches=[2])
common.define_training_flags(lam=[0.0], n_seeds=5, n_batch=10, hidden=[50])
common.define_numbers("lr", [0.05], common.LR)
flags.DEFINE_integer("n_epochs", 200, "epochs; at least 1", lower_bound=1)

PASSES = 0.01  # a training loss below this is overfitting


def draw(found: reproduce.Found) -> Report:
    """Losses after training, the verdict, and curves, losses on a logarithmic axis."""
    rows = []
    for setting in found.settings:
        losses = [tables.number(setting.estimates[f"{split}_loss"], 5) for split in ("train", "valid")]
        accuracies = [tables.percent(setting.estimates[f"{split}_accuracy"]) for split in ("train", "valid")]
        rows.append([f"λ = {setting.lam:g}, η = {setting.lr_max:g}", *losses, *accuracies, str(setting.diverged)])
    header = ["setting", "train loss", "validation loss", "train %", "validation %", "diverged"]
    n = len(found.splits.train.y)
    table = tables.Table(f"Overfitting {n} images on {found.label}: mean ± sd over seeds", header, rows)
    worst = found.outcome.train.loss[..., -1].max()
    overfits = bool(worst < PASSES)  # not where one is NaN
    verdict = f"{'PASS' if overfits else 'FAIL'}: the largest training loss is {worst:.5f}, to be below {PASSES:g}."
    return Report([table], [verdict], {"curves": curves(found)}, {"overfits": overfits})


def curves(found: reproduce.Found):
    """Loss and accuracy (columns) of every setting (rows)."""
    outcome = found.outcome
    n = len(found.splits.train.y)
    title = f"Overfitting {n} images: {found.label}, mean and 95 % band"
    fig, axes = plots.figure(len(found.settings), 2, title)
    epoch = outcome.step * found.config.n_batch / n
    for i, (row, setting) in enumerate(zip(axes, found.settings, strict=True)):
        for ax, metric in zip(row, ("loss", "accuracy"), strict=True):
            plots.curves_of_setting(ax, epoch, outcome, i, metric, x="epoch")
        row[0].set(
            yscale="linear" if outcome.diverged[i].all() else "log",
            title=f"λ = {setting.lam:g}, η = {setting.lr_max:g}",
        )
    return fig


def main():
    given = common.given()
    if given.distributed or given.num_shards not in (None, 1):
        raise common.UsageError("exercise 2 is one program: no --distributed, no --num_shards")
    given.num_shards = 1  # in a job array too
    dataset = reproduce.load(given)
    output = {flag: vars(given)[flag] for flag in ("dataset", "data_dir", "out_dir", "force")}
    check = {"name": None, "seed": checking.SEED, "network": ["two-layer"], "loss": [given.loss]}
    correct = checking.run(SimpleNamespace(**output, **check))
    lams = common.numbers(given.lam)
    lrs = common.one_for_each(lams, common.numbers(given.lr))
    reproduce.training(
        "exercise2",
        draw,
        given,
        hypers=train.Hypers(lams, lrs, lrs),
        eval_steps=common.epochs(given),
        with_test=False,
        dataset=dataset,
        hidden=common.integers(given.hidden),
        init_std=given.init_std or None,
        schedule=train.constant,
    )
    if not correct:
        sys.exit(1)


if __name__ == "__main__":
    common.start(main)
