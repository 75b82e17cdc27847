"""Learning rates as functions of the update's number, in optax's form `step -> lr`."""

import jax.numpy as jnp


def triangular(lr_min, lr_max, n_s: int):
    """Cyclical learning rate: from lr_min up to lr_max in n_s steps, down again in n_s more, and so on.

    For l = 0, 1, ...: lr_min at step 2 l n_s, lr_max at step (2l + 1) n_s, both exact, linear between. The rates may
    be traced; n_s is static. Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017).
    """

    def schedule(step):
        position = jnp.asarray(step % (2 * n_s), float)  # an int32 divided would be float32 even in float64's world
        rise = 1 - jnp.abs(position / n_s - 1)
        return (1 - rise) * lr_min + rise * lr_max

    return schedule


def step_decay(lr, factor, n_steps: int):
    """Piecewise constant: lr times `factor` once for every n_steps that have passed."""

    def schedule(step):
        return lr * jnp.asarray(factor, float) ** (step // n_steps)

    return schedule
