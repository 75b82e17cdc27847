"""First-layer weights as images: the templates of a linear classifier's classes, or those of hidden units."""

import numpy as np

from dd2424_jax import data
from dd2424_jax.reporting import labels, learning, plots
from dd2424_jax.runs.result import Result

FIRST = "Weights are shown of the first seed; no other was tried."
MAX_UNITS = 50


def of_classes(result: Result):
    """The weights of every class, of the first seed, a row a setting."""
    names, panels = labels.settings(result.plan), learning.panels(result)
    about = f"Weights of every class, seed {result.plan.seeds[0]}: {labels.about(result)}"
    fig, axes = plots.figure(len(panels), len(data.CLASSES), about + learning.of_how_many(result), height=0.65)
    for row, i in zip(axes, panels, strict=True):
        for k, ax in enumerate(row):
            plots.template(ax, result.outcome.params[0].W[i, 0, k])
        row[0].set_ylabel(names[i].replace(", ", "\n"), rotation=0, ha="right", va="center")
    for ax, name in zip(axes[0], data.CLASSES, strict=True):
        plots.slanted_title(ax, name)
    return fig


def of_units(result: Result):
    """The first layer of the first setting and seed: of the units with the largest weights, the largest first."""
    W = result.outcome.params[0].W[0, 0]
    order = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:MAX_UNITS]
    shown = "all" if len(order) == len(W) else f"{len(order)} of"
    title = f"First-layer weights ({shown} {len(W)} units, by decreasing norm), seed {result.plan.seeds[0]}"
    columns = min(10, len(order))
    fig, axes = plots.figure(-(-len(order) // columns), columns, f"{title}: {labels.about(result)}", height=0.57)
    for ax in axes.flat:
        ax.set_axis_off()
    for unit, ax in zip(order, axes.flat, strict=False):
        plots.template(ax, W[unit])
    return fig
