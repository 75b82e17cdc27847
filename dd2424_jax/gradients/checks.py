"""A gradient four ways, closed form, `jax.grad`, centred and forward differences, and how far apart they are."""

import concurrent.futures
import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import activations, data, losses, network
from dd2424_jax.gradients import cases, differences, draws
from dd2424_jax.gradients.cases import Case
from dd2424_jax.gradients.differences import Errors
from dd2424_jax.gradients.draws import Draw
from dd2424_jax.io.progress import Progress


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
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}  # what takes longer to compile


class Moments(NamedTuple):
    """Of all entries of one parameter."""

    max: float  # of absolute values
    mean: float
    sd: float


class Row(NamedTuple):
    """One parameter in one draw of a case: the closed form's distance from the other three, and what reports print."""

    network: str
    loss: str
    case: str
    parameter: str
    seed: int
    autodiff: Errors
    single: Errors  # float32
    centred: Errors
    forward: Errors
    gradient: Moments
    error: Moments  # |closed form − centred difference|
    bias: Moments  # forward difference − closed form

    @property
    def passed(self) -> bool:
        return all(getattr(self, way).within for way in LIMITS)

    def named(self) -> dict:
        """Its numbers by name, one each."""
        numbers = {}
        for name, value in self._asdict().items():
            parts = value._asdict() if isinstance(value, tuple) else {}
            numbers |= {f"{name}_{part}": number for part, number in parts.items()} or {name: value}
        return numbers | {"passed": self.passed}


def four_ways(case: Case, drawn: Draw, loss: losses.Loss, activation=activations.relu):
    """Closed form, `jax.grad`, centred and forward differences of the cost."""
    at, own = (drawn.params, drawn.X, drawn.Y, case.lam), (loss, activation, drawn.masks)
    numerical = whole_differences if case.whole_cost else differences.cost_differences
    return *two_ways(*at, *own), *numerical(*at, case.h, *own)


@functools.partial(jax.jit, static_argnames=("loss", "activation"), compiler_options=QUICK)
def two_ways(params, X, Y, lam, loss, activation, masks):
    """(closed form, jax.grad) of the cost."""
    own = {"loss": loss, "activation": activation, "masks": masks}
    return network.gradients(params, X, Y, lam, **own), jax.grad(network.cost)(params, X, Y, lam, **own)


@functools.partial(jax.jit, static_argnames=("loss", "activation"), compiler_options=QUICK)
def whole_differences(params, X, Y, lam, h, loss, activation, masks):
    """(centred, forward) differences of the whole cost."""
    cost = functools.partial(network.cost, loss=loss, activation=activation, masks=masks)
    return differences.differences(lambda p: cost(p, X, Y, lam), params, h)


def check(case: Case, name: str, loss: str, drawn: Draw) -> list[Row]:
    """All parameters of one network and loss in one draw of a case, in float64."""
    own = losses.smoothed(losses.LOSSES[loss], case.smoothing), activations.ACTIVATIONS[case.activation]
    closed, autodiff, centred, forward = four_ways(case, drawn, *own)
    *single, masks = jax.tree.map(np.float32, (drawn.params, drawn.X, drawn.Y, case.lam, drawn.masks))
    pairs = (closed, autodiff), two_ways(*single, *own, masks), (closed, centred), (closed, forward)

    def row(layer, field):
        of = {way: [np.asarray(each[layer][field]) for each in pair] for way, pair in zip(LIMITS, pairs, strict=True)}
        errors = {way: differences.errors(*pair, **LIMITS[way]._asdict()) for way, pair in of.items()}
        (g, middle), (_, ahead) = of["centred"], of["forward"]
        moments = _moments(g), _moments(np.abs(g - middle)), _moments(ahead - g)
        return Row(name, loss, case.name, f"{'Wb'[field]}{layer + 1}", drawn.seed, *errors.values(), *moments)

    return [row(*which) for which in itertools.product(range(len(closed)), range(2))]


def _moments(values: np.ndarray) -> Moments:
    return Moments(float(np.abs(values).max()), float(values.mean()), float(values.std()))


def check_all(
    batch: data.Split, networks: Sequence[str], names_of_losses: Sequence[str], seeds: Sequence[int]
) -> list[Row]:
    """Every network, loss, case and draw; two networks at a time, since half of it is compiling."""
    scale = data.scale(batch.X)

    def of(pair):
        each = [(case, seed) for case in cases.CASES if case.is_of(*pair) for seed in case.seeds(pair[0], seeds)]
        return [row for case, seed in each for row in check(case, *pair, draws.draw(case, *pair, batch, scale, seed))]

    rows, pairs = [], list(itertools.product(networks, names_of_losses))
    with concurrent.futures.ThreadPoolExecutor(2) as pool, Progress(len(pairs), "check") as progress:
        for of_pair in pool.map(of, pairs):
            rows += of_pair
            progress.update(1)
    return rows


def step_errors(batch: data.Split, name: str, steps: Sequence[float], seed: int):
    """Largest absolute error of centred and of forward differences for every h in `steps`: two arrays."""
    case = cases.CASES[2]
    drawn = draws.draw(case, name, "softmax", batch, data.scale(batch.X), seed)

    def largest(h):
        closed, _, *kinds = four_ways(case._replace(h=h), drawn, losses.softmax)
        distances = [jax.tree.map(lambda g, r: float(np.abs(g - r).max()), closed, kind) for kind in kinds]
        return [max(jax.tree.leaves(distance)) for distance in distances]

    return np.transpose([largest(h) for h in steps])
