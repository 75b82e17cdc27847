"""Inverted dropout: in training, a unit is 0 with probability P, else divided by 1 − P, so that its mean stays.

Source: Srivastava et al. (2014).
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp


def mask(key, shape: Sequence[int], probability: float):
    """Factors of units: 0 with this probability, in [0, 1) and to the nearest 1/65536, else 1 / (1 − P)."""
    n, dropped = math.prod(shape), round(probability * 2**16)
    # Random bits are most of what dropout costs: a number of 32 is two of 16.
    pairs = jax.lax.bitcast_convert_type(jax.random.bits(key, (-(-n // 2),), jnp.uint32), jnp.uint16)
    kept = pairs.reshape(-1)[:n].reshape(shape) >= dropped
    return jnp.where(kept, 1 / (1 - dropped / 2**16), 0.0)
