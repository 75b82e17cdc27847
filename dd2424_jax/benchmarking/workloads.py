"""What the benchmark measures of this project and of the machine, and what the work costs by formula."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from dd2424_jax import chunks, configs, data, precisions, train
from dd2424_jax.parallel.placement import Placement
from dd2424_jax.programs import Programs, Runs

FLOAT = 4  # bytes of a float32
PRODUCTS = 40  # of a step's in one measurement
REPEATS = 10  # of a large product and of a copy in one measurement: once would measure how fresh memory is got
BETWEEN = 1  # an update that is neither the first nor the last


# By formula


def image_flops(sizes: Sequence[int]) -> int:
    """Of a forward pass, an image: a multiplication and an addition for every weight. The rest is a per cent of it."""
    return 2 * sum(m * d for d, m in itertools.pairwise(sizes))


def step_flops(sizes: Sequence[int], n_batch: int) -> int:
    """Of an update: X Wᵀ and Gᵀ X in every layer, G W in all but the first. 4 n d m + 6 n m K for one hidden layer."""
    return n_batch * (3 * image_flops(sizes) - image_flops(sizes[:2]))


def step_bytes(sizes: Sequence[int], n_batch: int, n_settings: int) -> float:
    """Of an update: weights read going forward, read and written by the update; the batch once for all settings."""
    n_weights = image_flops(sizes) / 2 + sum(sizes[1:])
    return 3 * FLOAT * n_weights + n_batch * sizes[0] / n_settings


# The machine


def numpy_product(side: int) -> Callable[[], object]:
    """A power of a square float32 matrix in NumPy, by REPEATS products: 2 side³ operations each."""
    A = _square(side)

    def call():
        power = A
        for _ in range(REPEATS):
            power = A @ power
        return power

    return call


def product(devices: Sequence[jax.Device], side: int, of: Callable = precisions.float32) -> Callable[[], object]:
    """The same on every device at once, by one of the products of precisions.py."""

    def call(A):
        return jax.lax.fori_loop(0, REPEATS, lambda _, power: of(A, power), A)

    return _on_all(devices, call, _square(side))


def _square(side: int) -> np.ndarray:
    """Whose powers neither grow nor vanish."""
    return _normal(side, side) / np.float32(np.sqrt(side))


def _normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def step_products(devices: Sequence[jax.Device], units: int, n_batch: int, d: int) -> dict[str, Callable[[], object]]:
    """The two wide products of an update, each PRODUCTS times on every device: W [units, d] with X, and G with X.

    2 · units · n_batch · d operations each. They are added up, as nothing computes what nobody reads.
    """

    def forward(total, W, X):
        return jax.lax.scan(lambda total, X: (total + W @ X.T, None), total, X)[0]

    def backward(total, G, X):
        return jax.lax.scan(lambda total, X: (total + G @ X, None), total, X)[0]

    X = _normal(PRODUCTS, n_batch, d)
    return {
        "forward": _on_all(devices, forward, _normal(units, n_batch), _normal(units, d), X),
        "backward": _on_all(devices, backward, _normal(units, d), _normal(units, n_batch), X),
    }


def copy(devices: Sequence[jax.Device], n: int) -> Callable[[], object]:
    """Read and write n float32 on every device, REPEATS times."""
    return _on_all(devices, lambda a: jax.lax.fori_loop(0, REPEATS, lambda _, a: a + 1, a), _normal(n))


def _on_all(devices: Sequence[jax.Device], function: Callable, *arrays: np.ndarray) -> Callable[[], object]:
    """`function` of these arrays, on every device at once and without talk between them."""
    mesh = jax.make_mesh((len(devices),), ("device",), axis_types=(AxisType.Auto,), devices=devices)
    each = PartitionSpec("device")
    placed = jax.device_put([array[None].repeat(len(devices), axis=0) for array in arrays], NamedSharding(mesh, each))

    def local(*rows):
        return function(*(row[0] for row in rows))[None]

    program = jax.jit(jax.shard_map(local, mesh=mesh, in_specs=each, out_specs=each, check_vma=False))
    return lambda: jax.block_until_ready(program(*placed))


# This project


class Sweep:
    """Runs of shape [n_settings, n_seeds], cut and placed as `sweep.run` would, by the programs that it would run.

    n_images  of an evaluation: all for validation, and as many of the first to train on
    """

    def __init__(self, config: train.Config, shape: tuple[int, int], splits: data.Splits, devices, n_steps: int):
        n_valid, n_train = len(splits.valid.y), len(splits.train.y)
        fewer = min(n_valid, n_train)
        self.config = dataclasses.replace(config, eval_train=fewer, eval_steps=(BETWEEN + 1,))
        self.shape, self.n_steps, self.n_images = shape, n_steps, fewer + n_valid
        programs, lams = Programs(self.config), np.logspace(-5, -1, shape[0])
        self._runs, splits = [], splits._replace(test=None)
        for settings, seeds in chunks.cut(config, shape, devices):
            hypers = configs.as_arrays(train.Hypers(lams[settings], 1e-5, 0.1))
            own = np.arange(shape[1], dtype=np.uint32)[seeds]
            placement = Placement((len(hypers.lam), len(own)), devices)
            self._runs.append(Runs(programs, placement, hypers, own, splits))
        self._states = [runs.fresh() for runs in self._runs]

    def train(self) -> None:
        """n_steps updates of every run, from where the last call left them."""
        for i, runs in enumerate(self._runs):
            self._states[i] = jax.block_until_ready(runs.updated(self._states[i], 0, self.n_steps))

    def evaluate(self) -> None:
        """Metrics of every run on n_images, as between the ends of a run."""
        for runs, state in zip(self._runs, self._states, strict=True):
            runs.evaluated(state, BETWEEN)
