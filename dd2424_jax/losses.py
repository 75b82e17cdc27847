"""Losses of single examples, each beside its closed-form derivative.

A loss takes logits [n, K] and one-hot labels Y [n, K]; it sums over classes, never over examples, and
returns [n]. Its derivative with respect to the logits is [n, K]. The mean over the batch is the cost's.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Loss(NamedTuple):
    """A loss and its derivative: `value(logits, Y) -> [n]`, `derivative(logits, Y) -> [n, K]`."""

    value: Callable
    derivative: Callable


def softmax_cross_entropy(logits, Y):
    """ℓ = log Σ_k exp(s_k) − Σ_k y_k s_k, which is −log p_y, without overflow for any finite logits."""
    return jax.nn.logsumexp(logits, axis=1) - jnp.sum(Y * logits, axis=1)


def softmax_cross_entropy_derivative(logits, Y):
    """∂ℓ/∂s = p − y: softmax and cross-entropy collapse."""
    return jax.nn.softmax(logits, axis=1) - Y


softmax = Loss(softmax_cross_entropy, softmax_cross_entropy_derivative)


def correct(logits, y):
    """Whether the largest logit is the true class's, [n]; the first of equal ones counts, as in NumPy."""
    return jnp.argmax(logits, axis=1) == y
