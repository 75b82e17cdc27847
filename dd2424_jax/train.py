"""One run of mini-batch gradient descent: one seed, one setting. Batching over both is `sweep.py`'s.

What fixes a shape or a loop is in `Config` and static; what is only a number is in `Hypers` and traced, so that
a new λ or learning rate never recompiles.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dd2424_jax import data, losses, network, optimizers, precisions, schedules

MAX_UPDATES = 2**31 - 1  # they are counted in int32 on a device


class Hypers(NamedTuple):
    """The numbers of a setting, scalars or arrays [n_settings].

    lam       λ ≥ 0 of the penalty λ Σ W²
    lr_min    least learning rate, at least 0
    lr_max    greatest learning rate, at least lr_min
    momentum  in [0, 1); None for an optimizer that has none
    """

    lam: jax.Array
    lr_min: jax.Array
    lr_max: jax.Array
    momentum: jax.Array | None = None

    def named(self) -> dict[str, jax.Array]:
        """Those that there are, by their names."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def at(self, index) -> "Hypers":
        """One setting, or some of them."""
        return jax.tree.map(lambda a: a[index], self)


def as_arrays(hypers: Hypers) -> Hypers:
    """Each as an array [n_settings], single numbers repeated.

    Raises:
      ValueError: a number is out of its range.
    """
    named = hypers.named()
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(a, float)) for a in named.values()))
    hypers = Hypers(**dict(zip(named, arrays, strict=True)))
    momentum = 0.0 if hypers.momentum is None else hypers.momentum
    ranges = {
        "finite numbers": np.all(np.abs(arrays) <= np.finfo(np.float32).max),
        "lam >= 0": np.all(hypers.lam >= 0),
        "0 <= lr_min <= lr_max": np.all((hypers.lr_min >= 0) & (hypers.lr_min <= hypers.lr_max)),
        "0 <= momentum < 1": np.all((momentum >= 0) & (np.float32(momentum) < 1)),
    }
    for needed, holds in ranges.items():
        if not holds:
            raise ValueError(f"{hypers}: needs {needed}")
    return hypers


def cyclical(config: "Config", hypers: Hypers) -> optax.Schedule:
    """The triangular learning rate of a run."""
    return schedules.triangular(hypers.lr_min, hypers.lr_max, config.n_s)


def constant(config: "Config", hypers: Hypers) -> optax.Schedule:
    """The learning rate lr_max, always."""
    del config
    return optax.constant_schedule(hypers.lr_max)


@dataclass(frozen=True)
class Config:
    """What is compiled in.

    sizes       units of every layer: (d, ..., K)
    n_batch     examples of an update
    eval_steps  after how many updates to evaluate; ascending, the last one ends the run
    n_s         updates of half a cycle of the learning rate
    init_std    standard deviation of the initial weights; None for fan-in scaling
    bias_std    of the initial biases
    loss        of losses.py
    schedule    (config, hypers) -> learning rate as a function of the update's number
    optimizer   learning rate, and momentum where the settings have one -> optax transformation of the cost's gradient
    augment     (key, images [n_batch, d] uint8) -> images, for every update another key; None to train on them as is
    precision   of precisions.py: how matrix products round their inputs, in training and in evaluations
    eval_train  training images, the first, that are evaluated between the ends of the run; 0: all, as at its ends
    snapshots   after which updates the weights are kept besides those at the end; some of eval_steps
    """

    sizes: tuple[int, ...]
    n_batch: int
    eval_steps: tuple[int, ...]
    n_s: int = 1
    init_std: float | None = None
    bias_std: float = 0.0
    loss: losses.Loss = losses.softmax
    schedule: Callable = cyclical
    optimizer: Callable = optimizers.sgd
    augment: Callable | None = None
    precision: Callable = precisions.float32
    eval_train: int = 0
    snapshots: tuple[int, ...] = ()

    def __post_init__(self):
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes={self.sizes}: a network needs an input, an output, and widths of at least 1")
        if self.n_batch < 1 or self.n_s < 1:
            raise ValueError(f"n_batch={self.n_batch} and n_s={self.n_s} must be at least 1")
        if self.eval_train < 0:
            raise ValueError(f"eval_train={self.eval_train} must be at least 0")
        if not self.eval_steps or np.any(np.diff((0, *self.eval_steps)) <= 0) or self.eval_steps[-1] > MAX_UPDATES:
            raise ValueError(f"eval_steps={self.eval_steps} must be positive and ascending, up to {MAX_UPDATES:,}")
        kept = {*self.snapshots}
        if self.snapshots != tuple(step for step in self.eval_steps[:-1] if step in kept):
            raise ValueError(f"snapshots={self.snapshots} must be ascending and of eval_steps, without the last")


def optimizer(config: Config, hypers: Hypers) -> optax.GradientTransformation:
    """What turns the gradient of the cost, penalty included, into an update."""
    momentum = {} if hypers.momentum is None else {"momentum": hypers.momentum}
    return config.optimizer(config.schedule(config, hypers), **momentum)


class TrainState(NamedTuple):
    """All that a run carries from one update to the next."""

    params: network.Params
    opt_state: optax.OptState


def run_keys(seed):
    """(key_init, key_shuffle, key_update) of a seed. Whatever else is in a sweep, its random numbers are these."""
    return jax.random.split(jax.random.fold_in(jax.random.key(0, impl="threefry2x32"), seed), 3)


def init_state(config: Config, hypers: Hypers, seed) -> TrainState:
    """Fresh parameters of a seed, the same for every setting, and the optimizer's state."""
    key_init, _, _ = run_keys(seed)
    params = network.init(key_init, config.sizes, std=config.init_std, bias_std=config.bias_std)
    return TrainState(params, optimizer(config, hypers).init(params))


def epoch_order(seed, epoch, n: int):
    """The order in which an epoch meets the n training examples: a permutation [n], its own in every epoch."""
    _, key_shuffle, _ = run_keys(seed)
    return jax.random.permutation(jax.random.fold_in(key_shuffle, epoch), n)


@functools.partial(jax.jit, static_argnames="n")  # once for all epochs
def epoch_orders(seeds, epoch, n: int):
    """Those of several seeds, [n_seeds, n]."""
    return jax.vmap(epoch_order, (0, None, None))(seeds, epoch, n)


def batch_indices(
    seeds, start: int, stop: int, n: int, n_batch: int, *, orders: Callable[[int], np.ndarray] | None = None
) -> np.ndarray:
    """The examples of the updates start, ..., stop - 1: indices [n_seeds, stop - start, n_batch].

    Epoch follows epoch, each a permutation of all n, and an update takes the next n_batch examples. Where n_batch does
    not divide n, a batch crosses into the next epoch: every example is met exactly once an epoch, and none is dropped.
    `orders` has the `epoch_orders` of an epoch, where they are known already.

    Raises:
      ValueError: n_batch is not in 1, ..., n.
    """
    if not 1 <= n_batch <= n:
        raise ValueError(f"n_batch={n_batch} must lie between 1 and the {n} training examples")
    first, last = start * n_batch // n, (stop * n_batch - 1) // n
    orders = orders or (lambda epoch: np.asarray(epoch_orders(jnp.asarray(seeds), epoch, n)))
    stream = np.concatenate([orders(epoch) for epoch in range(first, last + 1)], axis=1)
    stream = stream[:, start * n_batch - first * n : stop * n_batch - first * n]
    return stream.reshape(len(stream), stop - start, n_batch)


def update_key(seed, step):
    """For what is random in update number `step` of a seed."""
    _, _, key_update = run_keys(seed)
    return jax.random.fold_in(key_update, step)


def inputs(scale: data.Scale, X):
    """Images X [n, d] as a network takes them, z-scores: from uint8, or as they were packed (see precisions.py)."""
    return precisions.unpack(X) if X.dtype == jnp.uint16 else data.standardize(scale, X)


def train_step(
    config: Config, train: data.Split, scale: data.Scale, hypers: Hypers, state: TrainState, indices, key
) -> TrainState:
    """One update on the examples `indices` [n_batch]; `key` is for what is random in it."""
    X = train.X[indices]
    if config.augment is not None:
        X = config.augment(key, X)
    X = inputs(scale, X)
    Y = jax.nn.one_hot(train.y[indices], config.sizes[-1], dtype=X.dtype)
    grads = jax.grad(network.cost)(state.params, X, Y, hypers.lam, loss=config.loss, product=config.precision)
    updates, opt_state = optimizer(config, hypers).update(grads, state.opt_state, state.params)
    return TrainState(optax.apply_updates(state.params, updates), opt_state)


def segment(
    config: Config, train: data.Split, scale: data.Scale, hypers: Hypers, state: TrainState, seed, start, batches
) -> TrainState:
    """All updates from one evaluation to the next, from number `start`: one a row of `batches` [n_steps, n_batch]."""
    train = jax.tree.map(jnp.asarray, train)  # a NumPy array can't be indexed by what is traced

    def update(state, numbered):
        step, indices = numbered
        return train_step(config, train, scale, hypers, state, indices, update_key(seed, step)), None

    return jax.lax.scan(update, state, (start + jnp.arange(len(batches)), batches))[0]
