"""A classifier of any depth: sizes (d, K) is linear, (d, 50, K) has one hidden layer of 50 units.

Parameters are a tuple of layers; gradients have the same type.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dd2424_jax import losses, precisions


class Layer(NamedTuple):
    """W [fan_out, fan_in] as in the course's handout (and torch), b [fan_out]."""

    W: jax.Array
    b: jax.Array


Params = tuple[Layer, ...]


def init(key, sizes: Sequence[int], *, std: float | None = None, bias_std: float = 0.0) -> Params:
    """Weights W ~ N(0, 1/fan_in), or N(0, std²) where std is given; biases b ~ N(0, bias_std²)."""
    keys = jax.random.split(key, len(sizes) - 1)

    def layer(key, fan_in, fan_out):
        W = jax.random.normal(key, (fan_out, fan_in)) * (fan_in**-0.5 if std is None else std)
        if bias_std == 0:
            return Layer(W, jnp.zeros(fan_out))  # random numbers take a second to compile
        return Layer(W, bias_std * jax.random.normal(jax.random.fold_in(key, 1), (fan_out,)))

    return tuple(map(layer, keys, sizes[:-1], sizes[1:]))


def forward(params: Params, X, *, product: Callable = precisions.float32):
    """Logits [n, K] of X [n, d]: affine layers with ReLU between them, by a product of precisions.py."""
    return activations(params, X, product=product)[-1]


def activations(params: Params, X, *, product: Callable = precisions.float32) -> list:
    """[X, H_1, ..., H_{k-1}, logits]: the input of every layer, then the output of the last."""
    outputs = [X]
    for i, (W, b) in enumerate(params):
        S = product(W, outputs[-1].T).T + b  # W first: on a CPU, up to a sixth faster than H Wᵀ
        outputs.append(S if i == len(params) - 1 else jax.nn.relu(S))
    return outputs


def penalty(params: Params):
    """Σ W² over all weight matrices; biases are not regularised."""
    return sum(jnp.sum(W**2) for W, _ in params)


def cost(params: Params, X, Y, lam, *, loss: losses.Loss = losses.softmax, product: Callable = precisions.float32):
    """J = mean loss over the n examples + λ Σ W², a scalar. X [n, d], Y [n, K] one-hot, λ ≥ 0 a scalar."""
    return jnp.mean(loss.value(forward(params, X, product=product), Y)) + lam * penalty(params)


def gradients(
    params: Params, X, Y, lam, *, loss: losses.Loss = losses.softmax, product: Callable = precisions.float32
) -> Params:
    """∂J/∂params in closed form, by backpropagation; equals `jax.grad(cost)`. At ReLU's kink both take 0."""
    *inputs, logits = activations(params, X, product=product)
    G = loss.derivative(logits, Y) / X.shape[0]
    layers = []
    for i in reversed(range(len(params))):
        W, H = params[i].W, inputs[i]
        layers.append(Layer(product(G.T, H) + 2 * lam * W, jnp.sum(G, axis=0)))
        if i > 0:
            G = product(G, W) * (H > 0)
    return tuple(reversed(layers))
