"""Trainings of so many cycles: their learning curves, and accuracies beside published ones."""

import jax
import numpy as np

import published
import reproduce
from dd2424_jax import plots, tables, train
from dd2424_jax.report import Report


def curves(found: reproduce.Found, title: str):
    """Learning curves above the learning rate."""
    first = train.Hypers(*(a[0] for a in found.outcome.hypers))
    rate = jax.jit(found.config.schedule(found.config, first))(np.arange(found.outcome.step[-1] + 1))
    return plots.learning_figure(found.outcome, f"{title}: {found.label}", np.asarray(rate), 2 * found.config.n_s)


def draw(found: reproduce.Found, title: str, others: published.Published | None) -> Report:
    """Accuracies of every λ, beside those of `others` where there is one λ; its learning curves."""
    header = ["λ", "train %", "validation %", "test %", "95 % interval", "diverged"]
    rows = []
    for setting in found.settings:
        accuracies = [setting.estimates[f"{split}_accuracy"] for split in ("train", "valid", "test")]
        interval = tables.percent_interval(accuracies[-1])
        rows.append([f"{setting.lam:.3g}", *map(tables.percent, accuracies), interval, str(setting.diverged)])
    caption = f"{title} on {found.label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean on test"
    shown = [tables.Table(caption, header, rows)]
    if len(found.settings) == 1 and others:
        accuracy = found.settings[0].estimates["test_accuracy"]
        shown.append(published.comparison(f"{title} on {found.label}, beside published reports", accuracy, others))
    return Report(shown, [], {"curves": curves(found, title)})
