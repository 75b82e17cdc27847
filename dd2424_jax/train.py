"""One run of mini-batch gradient descent: one seed, one λ. Batching over both is `sweep.py`'s.

What fixes a shape or a loop is in `Config` and static; what is only a number is in `Hypers` and traced, so that
a new λ or learning rate never recompiles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dd2424_jax import data, losses, network, schedules

EVALUATION_CHUNK = 1000  # images at a time: bounds the memory of an evaluation, not its result


class Hypers(NamedTuple):
    """The numbers of a setting: penalty λ, least and greatest learning rate. Scalars, or arrays [n_settings]."""

    lam: jax.Array
    lr_min: jax.Array
    lr_max: jax.Array


def as_arrays(hypers: Hypers) -> Hypers:
    """Each as an array [n_settings], numbers repeated."""
    return Hypers(*np.broadcast_arrays(*(np.atleast_1d(np.asarray(a, float)) for a in hypers)))


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
    optimizer   learning rate -> optax transformation of the cost's gradient, as optax.sgd and optax.adam are
    """

    sizes: tuple[int, ...]
    n_batch: int
    eval_steps: tuple[int, ...]
    n_s: int = 1
    init_std: float | None = None
    bias_std: float = 0.0
    loss: losses.Loss = losses.softmax
    schedule: Callable = cyclical
    optimizer: Callable = optax.sgd

    def __post_init__(self):
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes={self.sizes}: a network needs an input, an output, and widths of at least 1")
        if self.n_batch < 1 or self.n_s < 1:
            raise ValueError(f"n_batch={self.n_batch} and n_s={self.n_s} must be at least 1")
        if not self.eval_steps or list(self.eval_steps) != sorted({0, *self.eval_steps} - {0}):
            raise ValueError(f"eval_steps={self.eval_steps} must be positive and ascending")


def optimizer(config: Config, hypers: Hypers) -> optax.GradientTransformation:
    """What turns the gradient of the cost, penalty included, into an update."""
    return config.optimizer(config.schedule(config, hypers))


class TrainState(NamedTuple):
    """All that a run carries from one update to the next."""

    params: network.Params
    opt_state: optax.OptState


class Metrics(NamedTuple):
    """Mean loss, cost (loss + λ Σ W²) and accuracy (a fraction) over a whole split."""

    loss: jax.Array
    cost: jax.Array
    accuracy: jax.Array


def run_keys(seed):
    """(key_init, key_shuffle) of a seed. Whatever else is in a sweep, a seed's random numbers are these."""
    return jax.random.split(jax.random.fold_in(jax.random.key(0), seed))


def init_state(config: Config, hypers: Hypers, seed) -> TrainState:
    """Fresh parameters of a seed, the same for every setting, and the optimizer's state."""
    key_init, _ = run_keys(seed)
    params = network.init(key_init, config.sizes, std=config.init_std, bias_std=config.bias_std)
    return TrainState(params, optimizer(config, hypers).init(params))


def epoch_order(seed, epoch, n: int):
    """The order in which an epoch meets the n training examples: a permutation [n], its own in every epoch."""
    _, key_shuffle = run_keys(seed)
    return jax.random.permutation(jax.random.fold_in(key_shuffle, epoch), n)


def train_step(config: Config, train: data.Split, scale: data.Scale, hypers: Hypers, state: TrainState, indices):
    """One update on the examples `indices` [n_batch]."""
    X = data.standardize(scale, train.X[indices])
    Y = jax.nn.one_hot(train.y[indices], config.sizes[-1], dtype=X.dtype)
    grads = jax.grad(network.cost)(state.params, X, Y, hypers.lam, loss=config.loss)
    updates, opt_state = optimizer(config, hypers).update(grads, state.opt_state, state.params)
    return TrainState(optax.apply_updates(state.params, updates), opt_state)


def segment(
    config: Config, train: data.Split, scale: data.Scale, hypers: Hypers, state: TrainState, batches
) -> TrainState:
    """All updates from one evaluation to the next: one for each row of `batches` [n_steps, n_batch]."""
    train = jax.tree.map(jnp.asarray, train)  # a NumPy array can't be indexed by what is traced

    def step(state, indices):
        return train_step(config, train, scale, hypers, state, indices), None

    return jax.lax.scan(step, state, batches)[0]


def evaluate(config: Config, split: data.Split, scale: data.Scale, hypers: Hypers, params: network.Params) -> Metrics:
    """Metrics over a whole split of any size, EVALUATION_CHUNK images at a time."""

    def totals(X, y):
        logits = network.forward(params, data.standardize(scale, X))
        loss = config.loss.value(logits, jax.nn.one_hot(y, config.sizes[-1], dtype=logits.dtype))
        return jnp.stack([jnp.sum(loss), jnp.sum(losses.correct(logits, y), dtype=loss.dtype)])

    n = split.X.shape[0]
    n_chunks = n // EVALUATION_CHUNK
    whole = jax.tree.map(
        lambda a: a[: n_chunks * EVALUATION_CHUNK].reshape(n_chunks, EVALUATION_CHUNK, *a.shape[1:]), split
    )
    sums = jnp.sum(jax.lax.map(lambda chunk: totals(*chunk), whole), axis=0)
    if n % EVALUATION_CHUNK:
        sums += totals(split.X[n_chunks * EVALUATION_CHUNK :], split.y[n_chunks * EVALUATION_CHUNK :])
    loss, accuracy = sums / n
    return Metrics(loss, loss + hypers.lam * network.penalty(params), accuracy)


def predict(split: data.Split, scale: data.Scale, params: network.Params):
    """The class of the largest logit for every image, [n]."""

    def of_one(x):
        return jnp.argmax(network.forward(params, data.standardize(scale, x[None]))[0])

    return jax.lax.map(of_one, split.X, batch_size=EVALUATION_CHUNK)


class BatchStream:
    """The examples of every update of some seeds: epoch after epoch, each a permutation of all n.

    An update takes the next n_batch examples. Where n_batch does not divide n, a batch crosses into the next epoch:
    every example is still met exactly once an epoch, and none is dropped.
    """

    def __init__(self, seeds, n: int, n_batch: int):
        if not 1 <= n_batch <= n:
            raise ValueError(f"n_batch={n_batch} must lie between 1 and the {n} training examples")
        self.seeds, self.n, self.n_batch = jnp.asarray(seeds), n, n_batch
        self._orders = {}  # epoch -> [n_seeds, n]
        self._compute = jax.jit(jax.vmap(epoch_order, in_axes=(0, None, None)), static_argnums=2)

    def __call__(self, start: int, stop: int) -> np.ndarray:
        """Indices [n_seeds, stop - start, n_batch] of the updates start, ..., stop - 1."""
        first, last = start * self.n_batch // self.n, (stop * self.n_batch - 1) // self.n
        self._orders = {
            epoch: self._orders[epoch]
            if epoch in self._orders
            else np.asarray(self._compute(self.seeds, epoch, self.n))
            for epoch in range(first, last + 1)
        }
        stream = np.concatenate(list(self._orders.values()), axis=1)
        stream = stream[:, start * self.n_batch - first * self.n : stop * self.n_batch - first * self.n]
        return stream.reshape(len(stream), stop - start, self.n_batch)
