"""A classifier of any depth: sizes (d, K) is linear, (d, 50, K) has one hidden layer of 50 units.

Parameters are a tuple of layers; gradients have the same type.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from dd2424_jax import activations, initializers, losses, precisions
from dd2424_jax.activations import Activation


class Layer(NamedTuple):
    """W [fan_out, fan_in] as in the course's handout (and torch), b [fan_out]."""

    W: jax.Array
    b: jax.Array


Params = tuple[Layer, ...]
Masks = Sequence[jax.Array]


def init(
    key,
    sizes: Sequence[int],
    *,
    initializer: Callable = initializers.fan_in,
    std: float | None = None,
    bias_std: float = 0.0,
) -> Params:
    """Weights W ~ N(0, initializer(d, m)²), or N(0, std²) where std is given; biases b ~ N(0, bias_std²)."""
    keys = jax.random.split(key, len(sizes) - 1)

    def layer(key, fan_in, fan_out):
        W = jax.random.normal(key, (fan_out, fan_in)) * (initializer(fan_in, fan_out) if std is None else std)
        if bias_std == 0:
            return Layer(W, jnp.zeros(fan_out))  # random numbers take a second to compile
        return Layer(W, bias_std * jax.random.normal(jax.random.fold_in(key, 1), (fan_out,)))

    return tuple(map(layer, keys, sizes[:-1], sizes[1:]))


def forward(
    params: Params,
    X,
    *,
    activation: Activation = activations.relu,
    masks: Masks = (),
    product: Callable = precisions.float32,
):
    """Logits [n, K] of X [n, d]: affine layers with an activation between them, by a product of precisions.py.

    masks: factors [n, m] of the outputs of every hidden layer (see dropout.py); none for none.
    """
    return propagate(params, X, activation=activation, masks=masks, product=product)[1][-1]


def propagate(
    params: Params, X, *, activation: Activation, masks: Masks = (), product: Callable = precisions.float32
) -> tuple[list, list]:
    """The input of every layer, [X, H_1, ..., H_{k-1}], and what it makes of it, [S_1, ..., S_k]: the last, logits."""
    inputs, outputs = [X], []
    for i, (W, b) in enumerate(params):
        outputs.append(product(W, inputs[-1].T).T + b)  # W first: on a CPU, up to a sixth faster than H Wᵀ
        if i < len(params) - 1:
            H = activation.value(outputs[-1])
            inputs.append(H * masks[i] if masks else H)
    return inputs, outputs


def penalty(params: Params):
    """Σ W² over all weight matrices; biases are not regularised."""
    return sum(jnp.sum(W**2) for W, _ in params)


def cost(params: Params, X, Y, lam, *, loss: losses.Loss = losses.softmax, **network):
    """J = mean loss over the n examples + λ Σ W², a scalar. X [n, d], Y [n, K] one-hot, λ ≥ 0 a scalar.

    network: the keyword arguments of `forward`.
    """
    return jnp.mean(loss.value(forward(params, X, **network), Y)) + lam * penalty(params)


def gradients(
    params: Params,
    X,
    Y,
    lam,
    *,
    loss: losses.Loss = losses.softmax,
    activation: Activation = activations.relu,
    masks: Masks = (),
    product: Callable = precisions.float32,
) -> Params:
    """∂J/∂params in closed form, by backpropagation; equals `jax.grad(cost)`. At ReLU's kink both take 0."""
    inputs, outputs = propagate(params, X, activation=activation, masks=masks, product=product)
    G = loss.derivative(outputs[-1], Y) / X.shape[0]
    layers = []
    for i in reversed(range(len(params))):
        W, H = params[i].W, inputs[i]
        layers.append(Layer(product(G.T, H) + 2 * lam * W, jnp.sum(G, axis=0)))
        if i > 0:
            G = product(G, W) * activation.derivative(outputs[i - 1])
            G = G * masks[i - 1] if masks else G
    return tuple(reversed(layers))
