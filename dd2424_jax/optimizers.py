"""Optimizers, in optax's form: learning rate, and momentum for those that have one, to a transformation.

They are given the gradient of the cost, in which the penalty λ Σ W² is; but one that takes `lam` is given the loss's
gradient alone, and λ.
"""

import inspect
from collections.abc import Callable

import optax

from dd2424_jax import names

sgd = optax.sgd


def momentum(learning_rate, momentum) -> optax.GradientTransformation:
    """v ← μ v + g, w ← w − η v. Source: Polyak (1964)."""
    return optax.sgd(learning_rate, momentum=momentum)


def nesterov(learning_rate, momentum) -> optax.GradientTransformation:
    """v ← μ v + g, w ← w − η (g + μ v). Source: Sutskever et al. (2013), in the form that torch and optax have."""
    return optax.sgd(learning_rate, momentum=momentum, nesterov=True)


def adam(learning_rate, momentum) -> optax.GradientTransformation:
    """β₁ = momentum, β₂ = 0.999, ε = 1e-8. Source: Kingma and Ba (2015)."""
    return optax.adam(learning_rate, b1=momentum)


def adamw(learning_rate, momentum, lam) -> optax.GradientTransformation:
    """Adam's step of the loss, and beside it the penalty's, W ← W − η 2λW, which no moment scales.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019).
    """
    return optax.adamw(learning_rate, b1=momentum, weight_decay=2 * lam, mask=_weights)


def _weights(params):
    """Of every layer W, and not b."""
    return tuple(layer._replace(W=True, b=False) for layer in params)


OPTIMIZERS = {name: globals()[name] for name in names.OPTIMIZERS}


def takes_lam(optimizer: Callable) -> bool:
    """Whether it applies the penalty itself."""
    return "lam" in inspect.signature(optimizer).parameters
