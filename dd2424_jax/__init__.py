"""Softmax classifiers on CIFAR-10 in functional JAX, trained over many λ and seeds at once.

Dimensions, here and in every docstring:

    n  examples            d  pixels of an image (3072)       K  classes (10)
    m  units of a layer    n_settings, n_seeds, n_evals  axes of a sweep's results

Examples are rows: X [n, d], one-hot labels Y [n, K], integer labels y [n]. A layer is W [m, d], b [m].
"""

__version__ = "0.1.0"


def load(run, **which):
    """The trained network of a run directory: its parameters, and `predict(images)`. See runs/model.py."""
    from dd2424_jax.runs import model  # by then, and not whenever the package is imported

    return model.load(run, **which)


def ensemble(models):
    """Several such networks as one, whose probabilities are averaged. See runs/model.py."""
    from dd2424_jax.runs import model

    return model.ensemble(models)
