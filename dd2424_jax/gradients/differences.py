"""Gradients by differences of the cost, and how far another gradient is from them. Meant for float64 only.

In float32 a cost near 1 has no digits below 1e-7, and a difference over h = 1e-6 none at all.

A cost comes as a function that returns its terms, whose sum it is. They are subtracted before they are summed, so that
the digits which J(w + h) and J(w - h) share are not there to be rounded.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

CHUNK = 64  # parameters perturbed at a time


class Differences(NamedTuple):
    """Two approximations of a gradient, in the shape of what was perturbed."""

    centred: jax.Array  # (J(w + h) − J(w − h)) / 2h, its error h²/6 J''' and rounding ε J / h
    forward: jax.Array  # (J(w + h) − J(w)) / h, its error h/2 J'' and rounding 2 ε J / h


def differences(terms: Callable, params, h: float, chunk: int = CHUNK) -> Differences:
    """Differences of Σ terms(params) with respect to every parameter, perturbing one number at a time."""
    flat, unravel = ravel_pytree(params)

    unperturbed = terms(params)

    def perturbed(i):
        above, below = (terms(unravel(flat.at[i].add(step))) for step in (h, -h))
        return above, unperturbed, below

    return Differences(*map(unravel, _quotients(perturbed, flat.size, h, chunk)))


def layer_differences(tail: Callable, H, W, b, lam, h: float, chunk: int = CHUNK) -> tuple[Differences, Differences]:
    """Differences of J = Σ tail(S) + λ Σ W², S = H Wᵀ + b [n, m], with respect to W [m, d] and b [m]. H is [n, d].

    The numbers that `differences` gives, without a product of whole matrices for each of them: W_ij + h adds h H_j to
    column i of S, and changes W_ij² in the penalty. A bias is the weight of an input that is always 1, unpenalised.
    """
    d = W.shape[1]
    H1 = jnp.concatenate([H, jnp.ones((len(H), 1))], axis=1)
    Wb = jnp.concatenate([W, b[:, None]], axis=1)
    S = H1 @ Wb.T
    unperturbed = tail(S)

    def perturbed(index):
        i, j = index // (d + 1), index % (d + 1)
        change = H1[:, j, None] * (jnp.arange(len(W)) == i)  # of column i; unlike a scatter, it fuses into the tail
        above, below = (tail(S + step * change) for step in (h, -h))
        penalties = (lam * (j < d) * (Wb[i, j] + step) ** 2 for step in (h, 0.0, -h))
        return tuple(map(jnp.append, (above, unperturbed, below), penalties))

    kinds = [flat.reshape(Wb.shape) for flat in _quotients(perturbed, Wb.size, h, chunk)]
    return Differences(*(both[:, :d] for both in kinds)), Differences(*(both[:, d] for both in kinds))


def _quotients(perturbed: Callable, n: int, h: float, chunk: int):
    """(centred, forward) [n] from perturbed(i) = the terms at w_i + h, w_i and w_i − h."""

    def quotients(i):
        above, unperturbed, below = perturbed(i)
        return jnp.sum(above - below) / (2 * h), jnp.sum(above - unperturbed) / h

    # Padded by perturbing the first ones twice: a smaller last chunk would be compiled by itself.
    n_chunks = -(-n // chunk)
    indices = (jnp.arange(n_chunks * min(chunk, n)) % n).reshape(n_chunks, -1)
    kinds = jax.lax.map(jax.vmap(quotients), indices) if n_chunks > 1 else jax.vmap(quotients)(indices[0])
    return [flat.reshape(-1)[:n] for flat in kinds]


class Errors(NamedTuple):
    """How far a gradient g is from a reference r, over all entries of one parameter."""

    absolute: float  # max |g − r|
    relative: float  # max |g − r| / max(ε, |g| + |r|), the course's measure
    within: bool  # whether each entry's absolute or relative error is within its tolerance


def errors(gradient, reference, *, atol: float, rtol: float, eps: float = 1e-8) -> Errors:
    """Compare two arrays of one shape. An entry that is not a number is not within."""
    gradient, reference = np.asarray(gradient), np.asarray(reference)
    absolute = np.abs(gradient - reference)
    relative = absolute / np.maximum(eps, np.abs(gradient) + np.abs(reference))
    within = np.all((absolute <= atol) | (relative <= rtol))
    return Errors(float(absolute.max()), float(relative.max()), bool(within))
