"""What a run is like beside its accuracy: a number of every run, of stored curves and weights, in NumPy.

Curves are [n_settings, n_seeds, n_evals], the first evaluation before training; weights [n_settings, n_seeds, m, d], an
array a layer. Accuracies are fractions. Where a run diverged its numbers mean nothing, or are NaN.
"""

import functools
from collections.abc import Sequence

import numpy as np

PIXELS = (3, 32, 32)  # channels, rows, columns of a template
LAST = 10  # evaluations that stability is measured on
UNDEFINED = {
    "invalid": "ignore",
    "over": "ignore",
    "divide": "ignore",
}  # of weights that overflow, or are all one number


def gap(train_accuracy, valid_accuracy):
    """Accuracy on the training images minus that on the validation images, a fraction, at every evaluation."""
    return train_accuracy - valid_accuracy


def penalty(cost, loss):
    """cost − loss = λ Σ W², at every evaluation; in the unit of the loss, nats for the softmax."""
    return cost - loss


def norm(weights: Sequence):
    """‖W‖ = √(Σ W²) over all weight matrices, without biases, [n_settings, n_seeds]."""
    with np.errstate(**UNDEFINED):
        return np.sqrt(sum(np.einsum("...md,...md->...", W, W, dtype=float) for W in weights))


def stability(accuracy, n: int = LAST):
    """Standard deviation of accuracy from one evaluation to the next, over the last n: √(mean (a_t − a_{t−1})² / 2).

    For independent fluctuations it is their standard deviation. A slow trend, which is learning and no instability,
    hardly changes it, as it would a standard deviation about the mean: b per evaluation adds b² / 2 to the variance
    (von Neumann et al., 1941). It needs no fitted trend, whose shape few evaluations do not show. A fraction,
    [n_settings, n_seeds]; NaN for fewer than two evaluations after the one before training.
    """
    steps = np.diff(accuracy[..., 1:][..., -n:], axis=-1)
    return np.sqrt(np.mean(steps**2, axis=-1) / 2) if steps.shape[-1] else np.full(steps.shape[:-1], np.nan)


def best_minus_last(accuracy):
    """By how much the best evaluation is above the last one, a fraction of at least 0, [n_settings, n_seeds]."""
    return np.max(accuracy, axis=-1) - accuracy[..., -1]


def at_best(accuracy, position):
    """`position` [n_evals], epochs or updates, of the best evaluation, the first of equals, [n_settings, n_seeds]."""
    return np.asarray(position)[np.argmax(accuracy, axis=-1)]


def until(accuracy, position, share: float = 0.9):
    """`position` [n_evals] of the first evaluation of at least this share of the last one, [n_settings, n_seeds]."""
    return np.asarray(position)[np.argmax(accuracy >= share * accuracy[..., -1:], axis=-1)]


# Of one run at a time: weights may be mapped from a file that is larger than memory.
_of_runs = functools.partial(np.vectorize, signature="(k,d)->()")


@_of_runs
def roughness(W):
    """How rough the templates W [n_settings, n_seeds, K, 3072] of a linear classifier are, [n_settings, n_seeds].

    Mean squared difference of neighbouring pixels of a channel, across and down, over twice the variance of the
    template's pixels; the mean over classes. 1 for white noise of any variance, 0 for large even areas; no unit.
    """
    images, pixels = np.asarray(W, float).reshape(-1, *PIXELS), (1, 2, 3)
    with np.errstate(**UNDEFINED):
        across, down = (np.diff(images, axis=axis) ** 2 for axis in (-1, -2))
        squares = (across.sum(axis=pixels) + down.sum(axis=pixels)) / (across[0].size + down[0].size)
        return np.mean(squares / (2 * images.var(axis=pixels)))


@_of_runs
def likeness(W):
    """How alike the templates W [n_settings, n_seeds, K, 3072] of classes are, [n_settings, n_seeds].

    Pearson's correlation of a template with the one that it is most correlated with; the mean over classes; no unit.
    The mean over all pairs would say nothing: the gradients of the softmax's loss sum to 0 over classes, so that it
    tends to −1 / (K − 1) as the initial weights are forgotten.
    """
    with np.errstate(**UNDEFINED):
        correlations = np.corrcoef(W)
    np.fill_diagonal(correlations, -np.inf)
    return correlations.max(axis=0).mean()
