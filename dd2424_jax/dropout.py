"""Inverted dropout: in training, a unit is 0 with probability P, else divided by 1 − P, so that its mean stays.

Source: Srivastava et al. (2014).
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp


def mask(key, shape: Sequence[int], probability: float):
    """Factors of units: 0 with this probability, in [0, 1), else 1 / (1 − P)."""
    kept = jax.random.bernoulli(key, 1 - probability, shape)
    return jnp.where(kept, 1 / (1 - probability), 0.0)
