"""Gradients by differences of the cost, and how far another gradient is from them. Meant for float64 only.

In float32 a cost near 1 has no digits below 1e-7, and a difference over h = 1e-6 none at all.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from dd2424_jax import losses, network
from dd2424_jax.activations import Activation


class Differences(NamedTuple):
    """Two approximations of a gradient, in the shape of what was perturbed."""

    centred: jax.Array  # (J(w + h) − J(w − h)) / 2h, its error h²/6 J''' and rounding ε J / h
    forward: jax.Array  # (J(w + h) − J(w)) / h, its error h/2 J'' and rounding 2 ε J / h


def differences(function: Callable, params, h: float) -> Differences:
    """Differences of a number, function(params), with respect to every parameter, perturbing one at a time."""
    flat, unravel = ravel_pytree(params)
    unperturbed = function(params)

    def quotients(i):
        above, below = jax.lax.map(lambda step: function(unravel(flat.at[i].add(step))), jnp.array([h, -h]))
        return (above - below) / (2 * h), (above - unperturbed) / h

    return Differences(*map(unravel, jax.lax.map(quotients, jnp.arange(flat.size))))


def cost_differences(
    params: network.Params, X, Y, lam, h: float, loss: losses.Loss, activation: Activation, masks: network.Masks
) -> Differences:
    """Differences of J = mean loss + λ Σ W², as `differences` would have them, in a fraction of the time.

    The terms of J are subtracted before they are summed, so that the digits which J(w + h) and J(w − h) share are not
    there to be rounded.
    """
    there, examples = jax.device_put(params), zip(X, Y, *masks, strict=True)
    each = (example_differences(there, x, y, own, h, loss, activation) for x, y, *own in examples)
    total = functools.reduce(functools.partial(jax.tree.map, np.add), each)

    def of_cost(kind, above, below):
        penalties = [lam * ((W + above) ** 2 - (W + below) ** 2) / (above - below) for W, _ in params]
        sums = zip(kind, penalties, strict=True)
        return tuple(network.Layer(W / len(X) + penalty, b / len(X)) for (W, b), penalty in sums)

    return Differences(of_cost(total.centred, h, -h), of_cost(total.forward, h, 0.0))


@functools.partial(jax.jit, static_argnames=("loss", "activation"))
def example_differences(
    params: network.Params, x, y, masks: network.Masks, h: float, loss: losses.Loss, activation: Activation
) -> Differences:
    """Differences of one example's loss: x [d], y [K], and a mask [m] of every hidden layer, or none.

    W_ij + h adds h H_j to S_i, so that the layers below need not be computed again for each weight. A bias is the
    weight of an input that is always 1.
    """
    inputs, outputs = network.propagate(params, x[None], activation=activation, masks=masks)

    def of_layer(layer):
        H1, S = jnp.append(inputs[layer], 1.0), outputs[layer][0]

        def loss_where(i, s):
            """S_i is s."""
            logits = S.at[i].set(s)[None]
            if layer < len(params) - 1:
                H = activation.value(logits) * (masks[layer] if masks else 1)
                logits = network.forward(params[layer + 1 :], H, activation=activation, masks=masks[layer + 1 :])
            return loss.value(logits, y[None])[0]

        def of_unit(i):
            at = functools.partial(loss_where, i)
            above, below = jax.lax.map(lambda step: jax.vmap(at)(S[i] + step * H1), jnp.array([h, -h]))
            return (above - below) / (2 * h), (above - at(S[i])) / h

        return jax.lax.map(of_unit, jnp.arange(len(S)))

    kinds = zip(*map(of_layer, range(len(params))), strict=True)
    return Differences(*(tuple(network.Layer(Wb[:, :-1], Wb[:, -1]) for Wb in kind) for kind in kinds))


class Errors(NamedTuple):
    """How far a gradient g is from a reference r, over all entries of one parameter."""

    absolute: float  # max |g − r|
    relative: float  # max |g − r| / max(ε, |g| + |r|), the course's measure
    mean_relative: float  # its mean
    within: bool  # whether each entry's absolute or relative error is within its tolerance


def errors(gradient, reference, *, atol: float, rtol: float, eps: float = 1e-8) -> Errors:
    """Compare two arrays of one shape. An entry that is not a number is not within."""
    gradient, reference = np.asarray(gradient), np.asarray(reference)
    absolute = np.abs(gradient - reference)
    relative = absolute / np.maximum(eps, np.abs(gradient) + np.abs(reference))
    within = np.all((absolute <= atol) | (relative <= rtol))
    return Errors(float(absolute.max()), float(relative.max()), float(relative.mean()), bool(within))
