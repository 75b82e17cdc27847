"""Trainings with a cyclical learning rate: their learning curves, and accuracies beside published ones."""

import numpy as np

from dd2424_jax import sweep
from dd2424_jax.reporting import curves as learning_curves
from dd2424_jax.reporting import labels, plots, r3, tables
from dd2424_jax.reporting.published import SOURCE, Published, comparison
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result, ranking

MAX_POINTS = 50_001  # of a learning rate: more are no more to see


def panels(result: Result) -> list[int]:
    """Which settings have a panel each: as many as there is room for, the best on validation, in their order."""
    everyone = range(len(result.settings))  # those that diverged come last
    ranked = list(dict.fromkeys([*ranking(result.settings, "valid_accuracy"), *everyone]))
    return sorted(ranked[: plots.MAX_PANELS])


def of_how_many(result: Result) -> str:
    """What a title says where that is not all of them."""
    n, shown = len(result.settings), len(panels(result))
    return "" if n == shown else f"; the {shown} of {n} settings that are best on validation"


def curves(result: Result, title: str):
    """Learning curves above the learning rates."""
    config, hypers = result.plan.config, result.plan.hypers
    _, distinct = np.unique(np.stack([hypers.lr_min, hypers.lr_max]), axis=1, return_index=True)
    steps = np.unique(np.linspace(0, config.n_updates, MAX_POINTS).astype(int))
    rates = sweep.learning_rates(config, hypers.at(distinct), steps)
    names = [labels.in_math(name) for name in labels.settings(result.plan)]
    title = f"{title}: {labels.about(result)}"
    return learning_curves.learning_figure(result.outcome, names, title, steps, rates, 2 * config.n_s)


def draw(result: Result, title: str, others: Published | None) -> Report:
    """Accuracies of every setting, beside those of `others` where there is one, and theirs; its learning curves."""
    label = labels.about(result)
    caption = f"{title} on {label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean on test"
    accuracies = [f"{split}_accuracy" for split in ("train", "valid", "test")]
    shown, remarks = [tables.of_settings(result, caption, accuracies, interval="test_accuracy")], []
    if len(result.settings) == 1 and others and others.of.is_of(result.plan, 0):
        accuracy = result.settings[0].estimates["test_accuracy"]
        shown.append(comparison(f"{title} on {label}, beside published reports", accuracy, others))
        remarks.append(SOURCE)
    shown += r3.beside(result, f"{title} on {label}")
    return Report(shown, remarks, {"curves": curves(result, title)})
