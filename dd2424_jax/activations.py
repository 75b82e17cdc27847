"""Activation functions of hidden units, each beside its derivative; S and H = h(S) are [n, m]."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dd2424_jax import names

SLOPE = 0.01  # of a leaky ReLU below 0


class Activation(NamedTuple):
    """An activation function and its derivative, entry by entry: `value(S)`, `derivative(S)`."""

    value: Callable
    derivative: Callable


def relu_derivative(S):
    """1 where s > 0, else 0: also at the kink."""
    return (S > 0).astype(S.dtype)


def leaky_relu_value(S):
    """s where s > 0, else s / 100. Source: Maas, Hannun and Ng (2013)."""
    return jax.nn.leaky_relu(S, SLOPE)


def leaky_relu_derivative(S):
    """1 where s ≥ 0, else 1 / 100."""
    return jnp.where(S >= 0, 1.0, SLOPE).astype(S.dtype)


def gelu_value(S):
    """s Φ(s), with the standard normal distribution's Φ and no approximation. Source: Hendrycks and Gimpel (2016)."""
    return jax.nn.gelu(S, approximate=False)


def gelu_derivative(S):
    """Φ(s) + s φ(s)."""
    return jax.scipy.stats.norm.cdf(S) + S * jax.scipy.stats.norm.pdf(S)


relu = Activation(jax.nn.relu, relu_derivative)
leaky_relu = Activation(leaky_relu_value, leaky_relu_derivative)
gelu = Activation(gelu_value, gelu_derivative)
ACTIVATIONS = {name: globals()[name] for name in names.ACTIVATIONS}
