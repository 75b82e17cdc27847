"""Losses of single examples, each beside its closed-form derivative.

A loss takes logits [n, K] and labels Y [n, K], one-hot or, but for the hinge, any distribution; it sums over classes,
never over examples, and returns [n]. Its derivative with respect to the logits is [n, K]. The mean over the batch is
the cost's.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from dd2424_jax import names


class Loss(NamedTuple):
    """A loss and its derivative: `value(logits, Y) -> [n]`, `derivative(logits, Y) -> [n, K]`.

    probabilities  `(logits) -> [n, K]`: the p_k of which it is the cross-entropy; None where it is of no probabilities
    """

    value: Callable
    derivative: Callable
    probabilities: Callable | None = None


def softmax_cross_entropy(logits, Y):
    """ℓ = log Σ_k exp(s_k − s_y), which is −log p_y, without overflow for any finite logits."""
    # s_y is subtracted first: from log Σ exp(s_k), it would take the digits along that large logits share.
    return jax.nn.logsumexp(logits - _true_logit(logits, Y), axis=1)


def softmax_cross_entropy_derivative(logits, Y):
    """∂ℓ/∂s = p − y: softmax and cross-entropy collapse."""
    return jax.nn.softmax(logits, axis=1) - Y


def sigmoid_cross_entropy(logits, Y):
    """ℓ = 1/K Σ_k [log(1 + exp s_k) − y_k s_k]: the mean of K binary cross-entropies of p_k = 1 / (1 + exp −s_k)."""
    return jnp.mean(jax.nn.softplus(logits) - Y * logits, axis=1)


def sigmoid_cross_entropy_derivative(logits, Y):
    """∂ℓ/∂s = (p − y) / K: sigmoid and binary cross-entropy collapse too."""
    return (jax.nn.sigmoid(logits) - Y) / logits.shape[1]


def hinge_loss(logits, Y):
    """ℓ = Σ_{k≠y} max(0, s_k − s_y + 1), the multi-class SVM's. Source: Weston and Watkins (1999)."""
    return jnp.sum(jax.nn.relu(_margins(logits, Y)), axis=1)


def hinge_loss_derivative(logits, Y):
    """∂ℓ/∂s_k = 1 where the margin is violated, and for the true class minus their number; 0 at the kink."""
    violated = (_margins(logits, Y) > 0).astype(logits.dtype)
    return violated - Y * jnp.sum(violated, axis=1, keepdims=True)


def _margins(logits, Y):
    """s_k − s_y + 1 for k ≠ y, and 0 for k = y."""
    return (logits - _true_logit(logits, Y) + 1) * (1 - Y)


def _true_logit(logits, Y):
    """s_y, [n, 1]."""
    return jnp.sum(Y * logits, axis=1, keepdims=True)


@functools.cache
def smoothed(loss: Loss, smoothing: float) -> Loss:
    """The loss with labels (1 − ε) y + ε / K in the place of y, for ε in [0, 1), and its derivative; not of a hinge.

    Source: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016).
    """
    if smoothing == 0:
        return loss

    def of_smooth(function):
        return lambda logits, Y: function(logits, optax.smooth_labels(Y, smoothing))

    return loss._replace(value=of_smooth(loss.value), derivative=of_smooth(loss.derivative))


softmax = Loss(softmax_cross_entropy, softmax_cross_entropy_derivative, jax.nn.softmax)
sigmoid = Loss(sigmoid_cross_entropy, sigmoid_cross_entropy_derivative, jax.nn.sigmoid)
hinge = Loss(hinge_loss, hinge_loss_derivative)
LOSSES = {name: globals()[name] for name in names.LOSSES}


def correct(logits, y):
    """Whether the largest logit is the true class's, [n]; the first of equal ones counts, as in NumPy."""
    return jnp.argmax(logits, axis=1) == y
