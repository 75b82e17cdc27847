"""Optimizers, in optax's form: learning rate, and momentum for those that have one, to a transformation.

They are given the gradient of the cost, penalty included: λ Σ W² is in the cost, nothing here decays weights.
"""

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


OPTIMIZERS = {name: globals()[name] for name in names.OPTIMIZERS}
