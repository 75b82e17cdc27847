"""Assignment 2, exercise 3: a two-layer network, one cycle of the learning rate, λ = 0.01.

    python experiments/exercise3.py

Batch 1 to train on, batch 2 to validate on, 50 hidden units, n_batch = 100, n_s = 500. Expect a test accuracy of
45.0 to 47.2 % (22 published reports: 45.99 ± 0.51).
"""

import common
import reproduce
from dd2424_jax import plots, tables
from dd2424_jax.report import Report

common.define_output_flags()
common.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
common.define_training_flags(lam=[0.01], n_seeds=5, hidden=[50])
common.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=500, n_cycles=1, n_evals=10)


def draw(found: reproduce.Found) -> Report:
    """Accuracies of every λ, and its learning curves."""
    header = ["λ", "train %", "validation %", "test %", "95 % interval", "diverged"]
    rows = []
    for setting in found.settings:
        accuracies = [setting.estimates[f"{split}_accuracy"] for split in ("train", "valid", "test")]
        interval = tables.percent_interval(accuracies[-1])
        rows.append([f"{setting.lam:.3g}", *map(tables.percent, accuracies), interval, str(setting.diverged)])
    caption = f"Exercise 3 on {found.label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean on test"
    curves = plots.learning_figure(found.outcome, f"Exercise 3: {found.label}")
    return Report([tables.Table(caption, header, rows)], [], {"curves": curves})


def main():
    reproduce.cyclical("exercise3", draw, with_test=True)


if __name__ == "__main__":
    common.start(main)
