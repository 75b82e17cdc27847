"""One run of mini-batch gradient descent: one seed, one setting. Batching over both is `sweep.py`'s."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dd2424_jax import data, dropout, losses, network, optimizers, precisions
from dd2424_jax.configs import Config, Hypers
from dd2424_jax.data import augment

FLIP, SHIFT, AUGMENT, INPUT_DROPOUT, DROPOUT = range(5)  # what is random in an update: each has a key of its own


def optimizer(config: Config, hypers: Hypers) -> optax.GradientTransformation:
    """What turns the gradient of the cost, or that of the loss if it takes λ, into an update."""
    numbers = {} if hypers.momentum is None else {"momentum": hypers.momentum}
    numbers |= {"lam": hypers.lam} if optimizers.takes_lam(config.optimizer) else {}
    return config.optimizer(config.schedule(config, hypers), **numbers)


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
    params = network.init(
        key_init, config.sizes, initializer=config.init, std=config.init_std, bias_std=config.bias_std
    )
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


def augmented(config: Config, key, X):
    """Images X [n_batch, d] uint8 as training meets them."""
    if config.flip:
        X = augment.flipped(jax.random.fold_in(key, FLIP), X, config.flip)
    if config.shift:
        X = augment.shifted(jax.random.fold_in(key, SHIFT), X, config.shift, config.shift_padding)
    return config.augment(jax.random.fold_in(key, AUGMENT), X) if config.augment else X


def dropout_masks(config: Config, key) -> network.Masks:
    """Factors [n_batch, m] of the units of every hidden layer; none without dropout."""
    widths = config.sizes[1:-1] if config.dropout else ()
    keys = jax.random.split(jax.random.fold_in(key, DROPOUT), len(widths)) if widths else ()
    return tuple(dropout.mask(own, (config.n_batch, m), config.dropout) for own, m in zip(keys, widths, strict=True))


def train_step(
    config: Config, train: data.Split, scale: data.Scale, hypers: Hypers, state: TrainState, indices, key
) -> TrainState:
    """One update on the examples `indices` [n_batch]; `key` is for what is random in it."""
    X = inputs(scale, augmented(config, key, train.X[indices]))
    if config.input_dropout:
        X = X * dropout.mask(jax.random.fold_in(key, INPUT_DROPOUT), X.shape, config.input_dropout)
    Y = jax.nn.one_hot(train.y[indices], config.sizes[-1], dtype=X.dtype)
    lam = 0.0 if optimizers.takes_lam(config.optimizer) else hypers.lam
    grads = jax.grad(network.cost)(
        state.params,
        *(X, Y, lam),
        loss=losses.smoothed(config.loss, config.smoothing),
        activation=config.activation,
        masks=dropout_masks(config, key),
        product=config.precision,
    )
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
