"""Draws of a case: images, parameters and masks of dropout, by a seed. NumPy's, so that there is nothing to compile."""

import itertools
from typing import NamedTuple

import numpy as np

from dd2424_jax import activations, data, names, network
from dd2424_jax.gradients.cases import Case

CLEARANCE = 1e-4  # from the nearest kink, a hundred steps or ten


class Draw(NamedTuple):
    """Where a gradient is taken: X [n, d], one-hot Y [n, K], and masks [n, m] of every hidden layer, none without."""

    seed: int
    params: network.Params
    X: np.ndarray
    Y: np.ndarray
    masks: tuple[np.ndarray, ...] = ()


def draw(case: Case, name: str, loss: str, batch: data.Split, scale: data.Scale, seed: int) -> Draw:
    """By this seed, of one network and loss; the batch's images are z-scored by `scale`."""
    X, Y = images(case, batch, scale, seed)
    masks = draw_masks(case, name, seed)
    return Draw(seed, draw_parameters(case, name, loss, X, Y, masks, seed), X, Y, masks)


def images(case: Case, batch: data.Split, scale: data.Scale, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """X [n, d] and Y [n, K]: by seed 0 the batch's first n images, by seed 1 the next, and after the last the first."""
    begin = seed % (len(batch.y) // case.n) * case.n
    block = slice(begin, begin + case.n)
    return data.standardize(scale, batch.X[block])[:, : case.d], np.eye(len(data.CLASSES))[batch.y[block]]


def draw_masks(case: Case, name: str, seed: int) -> tuple[np.ndarray, ...]:
    """Of dropout, [n, m] for every hidden layer; none without."""
    rng = np.random.default_rng(seed)
    widths = names.HIDDEN[name] if case.dropout else ()
    return tuple((rng.random((case.n, m)) >= case.dropout) / (1 - case.dropout) for m in widths)


def draw_parameters(case: Case, name: str, loss: str, X, Y, masks, seed: int) -> network.Params:
    """Weights as they are trained from, biases that are not zero; or all uniform.

    They are drawn again while an image lies close to a kink of ReLU or of the hinge: there differences across the kink
    are no derivative.
    """
    rng = np.random.default_rng(seed)
    sizes = (case.d, *names.HIDDEN[name], len(data.CLASSES))

    def layer(d, m):
        if case.uniform:
            return network.Layer(rng.uniform(-2, 2, (m, d)), rng.uniform(-2, 2, m))
        std = 0.01 if len(sizes) == 2 else d**-0.5
        return network.Layer(std * rng.standard_normal((m, d)), 0.01 * rng.standard_normal(m))

    def clearance(params):
        near, H = [np.inf], X
        for i, (W, b) in enumerate(params[:-1]):
            S = H @ W.T + b
            near.append(np.abs(S).min())
            H = np.asarray(activations.ACTIVATIONS[case.activation].value(S)) * (masks[i] if masks else 1)
        if loss == "hinge":
            logits = H @ params[-1].W.T + params[-1].b
            margins = logits - np.sum(Y * logits, axis=1, keepdims=True) + 1
            near.append(np.abs(margins[Y == 0]).min())
        return min(near)

    while True:
        params = tuple(layer(d, m) for d, m in itertools.pairwise(sizes))
        if clearance(params) > CLEARANCE:
            return params
