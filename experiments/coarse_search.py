"""Assignment 2, exercise 4: the coarse search for λ.

    python experiments/coarse_search.py

45,000 images to train on and 5,000 to validate on, 50 hidden units, n_batch = 100, two cycles of n_s = 900, log10 λ
on a grid of 8 points over [-5, -1]. Expect a validation accuracy of about 52 % for λ up to 0.002, and of 37.5 to 40.5 %
for λ = 0.1, depending on the images held out. The test images are not looked at.
"""

import numpy as np

import common
import cycles
import reproduce
from dd2424_jax import plots, report, tables
from dd2424_jax.report import Report

common.define_output_flags()
common.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
common.define_training_flags(lam=10 ** np.linspace(-5, -1, 8), n_seeds=3, hidden=[50])
common.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=900, n_cycles=2, n_evals=4)


def draw(found: reproduce.Found) -> Report:
    """Validation accuracy of every λ, the three best, the search and the learning curves."""
    header = ["λ", "train %", "validation %", "95 % interval", "validation cost", "diverged"]
    rows = []
    for setting in found.settings:
        train_accuracy, accuracy, cost = (
            setting.estimates[key] for key in ("train_accuracy", "valid_accuracy", "valid_cost")
        )
        accuracies = [tables.percent(train_accuracy), tables.percent(accuracy), tables.percent_interval(accuracy)]
        rows.append([f"{setting.lam:.3g}", *accuracies, tables.number(cost), str(setting.diverged)])
    caption = f"Coarse search for λ on {found.label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean"
    estimates = [setting.estimates["valid_accuracy"] for setting in found.settings]
    best = [
        f"λ = {found.settings[i].lam:.3g} ({tables.percent(estimates[i])} %)"
        for i in report.ranking(found.settings, "valid_accuracy")[:3]
    ]
    remarks = [f"The three best on validation: {', '.join(best) or 'none, as every run diverged'}."]
    outcome = found.outcome
    search, ((ax,),) = plots.figure(1, 1, f"Coarse search: {found.label}", width=6)
    plots.lam_search(ax, outcome.hypers.lam, np.where(outcome.diverged, np.nan, outcome.valid.accuracy[..., -1]))
    curves = cycles.curves(found, "Coarse search")
    return Report([tables.Table(caption, header, rows)], remarks, {"search": search, "curves": curves})


def main():
    reproduce.cyclical("coarse_search", draw, common.given(), with_test=False)


if __name__ == "__main__":
    common.start(main)
