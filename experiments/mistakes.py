"""What a classifier takes for what: confusion on the test images, and every class's accuracy."""

import jax
import numpy as np

import reproduce
from dd2424_jax import cifar10, plots, stats, tables, train


def draw(found: reproduce.Found, i: int, name: str):
    """The confusion matrix and the table of classes of setting i, called `name`, over its runs that converged."""
    ok = ~found.outcome.diverged[i]
    params = jax.tree.map(lambda a: a[i][ok], found.outcome.params)
    predict = jax.jit(jax.vmap(train.predict, (None, None, 0)))
    n_classes = len(cifar10.CLASSES)
    predicted = predict(found.splits.test, jax.tree.map(np.float32, found.splits.scale), params)
    counts = [stats.confusion_matrix(found.splits.test.y, seed, n_classes) for seed in np.asarray(predicted)]
    fractions = np.array(counts) / np.sum(counts, axis=2, keepdims=True)
    fig, ((ax,),) = plots.figure(1, 1, f"{name}, mean over seeds\n{found.label}", width=5, height=5)
    plots.confusion(ax, fractions.mean(axis=0), cifar10.CLASSES)
    caption = f"Test accuracy of every class on {found.label}: {name}"
    per_class = [stats.estimate(fractions[:, k, k]) for k in range(n_classes)]
    rows = [
        [cifar10.CLASSES[k], tables.percent(estimate), tables.percent_interval(estimate)]
        for k, estimate in enumerate(per_class)
    ]
    return fig, tables.Table(caption, ["class", "test %", "95 % interval"], rows)
