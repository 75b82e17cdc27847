"""Assignment 2, exercise 4: the coarse search for λ.

    python experiments/coarse_search.py

45,000 images to train on and 5,000 to validate on, 50 hidden units, n_batch = 100, two cycles of n_s = 900, log10 λ
on a grid of 8 points over [-5, -1]. Expect a validation accuracy of about 52 % for λ up to 0.002 and 39 % for λ = 0.1.
The test images are not looked at.
"""

import numpy as np
from absl import flags

import common
from dd2424_jax import plots, stats, tables
from dd2424_jax.report import Report

FLAGS = flags.FLAGS

common.define_data_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
common.define_training_flags(lam=10 ** np.linspace(-5, -1, 8), lr_min=1e-5, lr_max=0.1, n_seeds=3, hidden=[50])
common.define_cycle_flags(n_s=900, n_cycles=2, n_evals=4)


def draw(outcome, settings, label) -> Report:
    """Validation accuracy of every λ, the three best, the search and the learning curves."""
    header = ["λ", "train %", "validation %", "95 % interval", "validation cost", "diverged"]
    rows = []
    for setting in settings:
        found = setting.estimates
        rows.append(
            [
                f"{setting.lam:.3g}",
                tables.percent(found["train_accuracy"]),
                tables.percent(found["valid_accuracy"]),
                tables.percent_interval(found["valid_accuracy"]),
                tables.number(found["valid_cost"]),
                str(setting.diverged),
            ]
        )
    caption = f"Coarse search for λ on {label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean"
    estimates = [setting.estimates["valid_accuracy"] for setting in settings]
    best = [
        f"λ = {settings[i].lam:.3g} ({tables.percent(estimates[i])} %)"
        for i in stats.ranking([estimate.mean for estimate in estimates])[:3]
    ]
    remarks = [f"The three best on validation: {', '.join(best) or 'none, as every run diverged'}."]
    accuracy = np.where(outcome.diverged, np.nan, outcome.valid.accuracy[..., -1])
    search, (ax,) = plots.figure(1, f"Coarse search: {label}", width=6)
    plots.lam_search(ax, outcome.hypers.lam, accuracy)
    curves = plots.learning_figure(outcome, f"Coarse search: {label}")
    return Report(tables.Table(caption, header, rows), remarks, {"search": search, "curves": curves})


def main():
    common.reproduce("coarse_search", common.numbers(FLAGS.lam), common.cycle_evaluations(), draw, with_test=False)


if __name__ == "__main__":
    common.start(main)
