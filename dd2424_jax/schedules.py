"""Learning rates as functions of the update's number, in optax's form `step -> lr`.

A schedule takes what is static of a run (config: n_s, decay, n_decay, n_updates; see `train.Config`) and its numbers
(hypers: lr_min, lr_max), which may be traced. A cycle is 2 n_s updates.
"""

import jax.numpy as jnp
import optax

from dd2424_jax import names

PEAK = 0.3  # of all updates, until one_cycle is at lr_max


def triangular(config, hypers) -> optax.Schedule:
    """From lr_min up to lr_max in n_s updates, down again in n_s more, and so on.

    For l = 0, 1, ...: lr_min at step 2 l n_s, lr_max at step (2l + 1) n_s, both exact, linear between. Source: Smith,
    "Cyclical Learning Rates for Training Neural Networks" (2017).
    """
    return lambda step: _between(hypers, _triangle(config, step))


def triangular2(config, hypers) -> optax.Schedule:
    """The same, rising half as high in every cycle as in the one before. Source: Smith (2017)."""
    return lambda step: _between(hypers, _triangle(config, step) * _float(0.5) ** (step // (2 * config.n_s)))


def cosine(config, hypers) -> optax.Schedule:
    """In every cycle, from lr_max down to lr_min along half a cosine; of one cycle, plain cosine annealing.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).
    """
    cycle = 2 * config.n_s
    return lambda step: _between(hypers, 1 - _rise(_float(step % cycle) / cycle))


def one_cycle(config, hypers) -> optax.Schedule:
    """From lr_min up to lr_max in the first 30 % of the run and down again to its end, each along half a cosine.

    Source: Smith and Topin, "Super-Convergence" (2018), with torch's cosines and share.
    """

    def schedule(step):
        step, n, peak = _float(step), config.n_updates, PEAK * config.n_updates
        return _between(hypers, jnp.where(step < peak, _rise(step / peak), 1 - _rise((step - peak) / (n - peak))))

    return schedule


def step_decay(config, hypers) -> optax.Schedule:
    """lr_max times `decay` once for every n_decay updates that have passed; n_decay 0: for every third of the run."""
    n = config.n_decay or -(-config.n_updates // 3)
    return lambda step: hypers.lr_max * _float(config.decay) ** (step // n)


def constant(config, hypers) -> optax.Schedule:
    """lr_max, always."""
    del config
    return optax.constant_schedule(hypers.lr_max)


def _triangle(config, step):
    """From 0 to 1 in n_s steps, down again in n_s more, and so on."""
    return 1 - jnp.abs(_float(step % (2 * config.n_s)) / config.n_s - 1)


def _rise(share):
    """From 0 to 1 along half a cosine, for a share from 0 to 1."""
    return (1 - jnp.cos(jnp.pi * share)) / 2


def _between(hypers, height):
    """lr_min at height 0 and lr_max at height 1, both exact."""
    return (1 - height) * hypers.lr_min + height * hypers.lr_max


def _float(number):
    return jnp.asarray(number, float)  # an int32 divided would be float32 even in float64's world


SCHEDULES = {name: globals()[name] for name in names.SCHEDULES}
WITHOUT_LR_MIN = tuple(SCHEDULES[name] for name in names.WITHOUT_LR_MIN)
