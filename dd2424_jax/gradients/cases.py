"""A gradient four ways: closed form, `jax.grad`, centred and forward differences; and the cases to compare them on."""

import concurrent.futures
import functools
import itertools
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import activations, data, losses, names, network
from dd2424_jax.gradients import differences
from dd2424_jax.io.progress import Progress

CLEARANCE = 1e-4  # from the nearest kink, a hundred steps or ten


class Case(NamedTuple):
    """What is differentiated: the first n images, of which the first d pixels, at λ, with steps of h.

    uniform     parameters from U(−2, 2), where nothing is small
    whole_cost  differences of the whole cost and not, what takes less time, of every layer's part in it
    activation  of hidden units
    dropout     of hidden units: the probability by which masks were drawn
    smoothing   of labels
    """

    name: str
    n: int
    d: int
    lam: float
    h: float
    uniform: bool = False
    whole_cost: bool = False
    activation: str = "relu"
    dropout: float = 0.0
    smoothing: float = 0.0

    def is_of(self, name: str, loss: str) -> bool:
        """Whether a network has the units, and a loss the labels, that it is about."""
        hidden_units = self.dropout > 0 or self.activation != "relu"
        return (bool(names.HIDDEN[name]) or not hidden_units) and (loss != "hinge" or self.smoothing == 0)


CASES = (
    Case("1 image, λ = 0", 1, 3072, 0.0, 1e-6),
    Case("1 image, λ = 1", 1, 3072, 1.0, 1e-6),
    Case("100 images, 20 pixels, λ = 1", 100, 20, 1.0, 1e-6),
    Case("100 images, λ = 1", 100, 3072, 1.0, 1e-6),
    Case("20 images, λ = 0", 20, 3072, 0.0, 1e-6),
    Case("20 images, leaky ReLU, dropout", 20, 20, 0.1, 1e-6, activation="leaky_relu", dropout=0.5),
    Case("20 images, GELU, dropout, smoothing", 20, 20, 0.1, 1e-6, activation="gelu", dropout=0.5, smoothing=0.1),
    Case("2 images, 20 pixels", 2, 20, 0.0, 1e-5, whole_cost=True),
    Case("2 images, 20 pixels, U(−2, 2)", 2, 20, 0.1, 1e-5, uniform=True, whole_cost=True),
)


class Tolerance(NamedTuple):
    """An entry of a gradient passes if its absolute or its relative error is small enough."""

    atol: float
    rtol: float


LIMITS = {
    "autodiff": Tolerance(1e-12, 1e-12),
    "single": Tolerance(1e-5, 1e-5),
    "centred": Tolerance(1e-7, 1e-6),
    "forward": Tolerance(1e-4, 1e-3),
}


class Row(NamedTuple):
    """One parameter in one case: the closed form's distance from the other three, and the gradient itself."""

    network: str
    loss: str
    case: str
    parameter: str
    autodiff: differences.Errors
    single: differences.Errors  # float32
    centred: differences.Errors
    forward: differences.Errors
    gradient: tuple[float, float, float]  # max, mean, sd
    error: tuple[float, float, float]  # of closed form minus centred difference

    @property
    def passed(self) -> bool:
        return all(getattr(self, way).within for way in LIMITS)

    def as_json(self) -> dict:
        return self._asdict() | {way: getattr(self, way)._asdict() for way in LIMITS} | {"passed": self.passed}


def draw_parameters(case: Case, name: str, loss: str, X, Y, seed: int) -> network.Params:
    """Weights as they are trained from, biases that are not zero; or all uniform. NumPy's: nothing to compile.

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
        for W, b in params[:-1]:
            S = H @ W.T + b
            near.append(np.abs(S).min())
            H = np.asarray(activations.ACTIVATIONS[case.activation].value(S))
        if loss == "hinge":
            logits = H @ params[-1].W.T + params[-1].b
            margins = logits - np.sum(Y * logits, axis=1, keepdims=True) + 1
            near.append(np.abs(margins[Y == 0]).min())
        return min(near)

    while True:
        params = tuple(layer(d, m) for d, m in itertools.pairwise(sizes))
        if clearance(params) > CLEARANCE:
            return params


def draw_masks(case: Case, name: str, seed: int) -> list[np.ndarray]:
    """Of dropout, [n, m] for every hidden layer; none without."""
    rng = np.random.default_rng(seed)
    widths = names.HIDDEN[name] if case.dropout else ()
    return [(rng.random((case.n, m)) >= case.dropout) / (1 - case.dropout) for m in widths]


def cost_differences(params, X, Y, lam, h, loss, activation, masks) -> tuple[tuple, tuple]:
    """(centred, forward) differences of the cost, each in the parameters' own structure."""
    inputs, _ = network.propagate(params, X, activation=activation, masks=masks)

    def of_layer(i):
        def tail(S):
            """The mean loss, as its n terms, from the layer's output before its activation."""
            if i < len(params) - 1:
                H = activation.value(S) * (masks[i] if masks else 1)
                S = network.forward(params[i + 1 :], H, activation=activation, masks=masks[i + 1 :])
            return loss.value(S, Y) / len(Y)

        return differences.layer_differences(tail, inputs[i], *params[i], lam, h)

    layers = [of_layer(i) for i in range(len(params))]
    return tuple(tuple(network.Layer(W[kind], b[kind]) for W, b in layers) for kind in (0, 1))


@functools.partial(jax.jit, static_argnames=("loss", "activation", "whole_cost"))
def four_ways(params, X, Y, lam, h, loss, activation=activations.relu, masks=(), whole_cost=False):
    """Closed form, `jax.grad`, centred and forward differences of the cost, taken as a whole or by layers."""
    closed, autodiff = two_ways(params, X, Y, lam, loss, activation, masks)
    if whole_cost:
        cost = functools.partial(network.cost, loss=loss, activation=activation, masks=masks)
        return closed, autodiff, *differences.differences(lambda p: cost(p, X, Y, lam), params, h)
    return closed, autodiff, *cost_differences(params, X, Y, lam, h, loss, activation, masks)


@functools.partial(jax.jit, static_argnames=("loss", "activation"))
def two_ways(params, X, Y, lam, loss, activation, masks):
    """(closed form, jax.grad) of the cost."""
    own = {"loss": loss, "activation": activation, "masks": masks}
    return network.gradients(params, X, Y, lam, **own), jax.grad(network.cost)(params, X, Y, lam, **own)


def check(case: Case, name: str, loss: str, X, Y, seed: int) -> list[Row]:
    """All parameters of one network, loss and case. X [n, d] and Y [n, K] in float64."""
    params, masks = draw_parameters(case, name, loss, X, Y, seed), draw_masks(case, name, seed)
    own = losses.smoothed(losses.LOSSES[loss], case.smoothing), activations.ACTIVATIONS[case.activation]
    closed, autodiff, centred, forward = four_ways(params, X, Y, case.lam, case.h, *own, masks, case.whole_cost)
    *single, lam, masks = jax.tree.map(np.float32, (params, X, Y, case.lam, masks))
    closed32, autodiff32 = two_ways(*single, lam, *own, masks)
    rows = []
    for i, field in itertools.product(range(len(params)), range(2)):
        g, reference = closed[i][field], centred[i][field]
        rows.append(
            Row(
                name,
                loss,
                case.name,
                f"{'Wb'[field]}{i + 1}",
                autodiff=differences.errors(g, autodiff[i][field], **LIMITS["autodiff"]._asdict()),
                single=differences.errors(closed32[i][field], autodiff32[i][field], **LIMITS["single"]._asdict()),
                centred=differences.errors(g, reference, **LIMITS["centred"]._asdict()),
                forward=differences.errors(g, forward[i][field], **LIMITS["forward"]._asdict()),
                gradient=_moments(g),
                error=_moments(g - reference),
            )
        )
    return rows


def _moments(values) -> tuple[float, float, float]:
    values = np.asarray(values)
    return float(np.abs(values).max()), float(values.mean()), float(values.std())


def images(batch: data.Split, case: Case):
    """The case's X [n, d], z-scored by the whole batch, and one-hot Y [n, K]."""
    X = data.standardize(data.scale(batch.X), batch.X[: case.n])[:, : case.d]
    return X, np.eye(len(data.CLASSES))[batch.y[: case.n]]


def check_all(batch: data.Split, networks, names_of_losses, seed: int) -> list[Row]:
    """Every network, loss and case; two at a time, since most of it is compiling."""
    problems = [(case, *images(batch, case)) for case in CASES]

    def of(pair):
        return [row for case, X, Y in problems if case.is_of(*pair) for row in check(case, *pair, X, Y, seed)]

    rows, pairs = [], list(itertools.product(networks, names_of_losses))
    with concurrent.futures.ThreadPoolExecutor(2) as pool, Progress(len(pairs), "check") as progress:
        for of_pair in pool.map(of, pairs):
            rows += of_pair
            progress.update(1)
    return rows


def step_errors(batch: data.Split, name: str, steps, seed: int):
    """Largest absolute error of centred and of forward differences for every h in `steps`: two arrays."""
    case = CASES[2]
    X, Y = images(batch, case)
    params = draw_parameters(case, name, "softmax", X, Y, seed)

    def largest(h):
        closed, _, *kinds = four_ways(params, X, Y, case.lam, h, losses.softmax)
        distances = [jax.tree.map(lambda g, r: float(np.abs(g - r).max()), closed, kind) for kind in kinds]
        return [max(jax.tree.leaves(distance)) for distance in distances]

    return np.transpose([largest(h) for h in steps])
