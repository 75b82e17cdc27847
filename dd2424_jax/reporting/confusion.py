"""What a classifier takes for what: confusion on the test images, and every class's accuracy."""

import functools

import jax
import numpy as np

from dd2424_jax import data, evaluation, stats
from dd2424_jax.reporting import labels, plots, tables
from dd2424_jax.runs.result import Result

LEFT_OUT = "Final weights were not kept (--weights=none): no images of them, no confusion, no accuracy of every class."


def draw(result: Result, i: int, name: str):
    """The confusion matrix and the table of classes of setting i, called `name`, over its runs that converged."""
    plan, label = result.plan, labels.about(result)
    converged = result.outcome.converged[i]
    params = jax.tree.map(lambda a: a[i][converged], result.outcome.params)
    predict = jax.jit(jax.vmap(functools.partial(evaluation.predict, plan.config), (None, 0, 0)))
    test, scales = plan.splits.test, [plan.folds[fold].scale for fold in plan.fold[converged]]
    scale = jax.tree.map(lambda *a: np.stack(a).astype(np.float32), *scales)
    n_classes = len(data.CLASSES)
    predicted = predict(test, scale, params)
    counts = [stats.confusion_matrix(test.y, of_seed, n_classes) for of_seed in np.asarray(predicted)]
    fractions = np.array(counts) / np.sum(counts, axis=2, keepdims=True)
    fig, ((ax,),) = plots.figure(1, 1, f"Test images of {label}, in per cent: {name}, mean over seeds", height=4.8)
    plots.confusion(ax, fractions.mean(axis=0), data.CLASSES)
    per_class = [stats.estimate(fractions[:, k, k]) for k in range(n_classes)]
    rows = [
        [data.CLASSES[k], tables.percent(estimate), tables.percent_interval(estimate)]
        for k, estimate in enumerate(per_class)
    ]
    caption = f"Test accuracy of every class on {label}: {name}"
    return fig, tables.Table("classes", caption, ["class", "test %", "95 % interval"], rows)
