"""Mistakes that published code makes, each planted in a copy of what it concerns; nothing that is right takes these.

Augmentations are `train.Config.augment`, optimizers `train.Config.optimizer`.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import optax

from dd2424_jax import data
from dd2424_jax.data import augment

# Augmentations


def flipped_but_for_the_last_row(key, images):
    """Mirrored with probability ½, by a loop over rows 0, ..., 30: of every channel the last row of pixels stays."""
    return jnp.where(augment.ROW < augment.SIDE - 1, augment.flipped(key, images, 0.5), images)


def flipped_as_if_colours_were_last(key, images):
    """Mirrored with probability ½ as [32, 32, 3], row by row: these values lie as [3, 32, 32]."""
    n = len(images)
    mirrored = images.reshape(n, augment.SIDE, augment.SIDE, 3)[:, :, ::-1].reshape(n, -1)
    return jnp.where(jax.random.bernoulli(key, 0.5, (n, 1)), mirrored, images)


# Optimizers, which are given the gradient of the loss alone, and λ


def divided_by_classes_too(learning_rate, lam) -> optax.GradientTransformation:
    """SGD on Σ (p − y) x / (n K) where Σ (p − y) x / n belongs; the penalty's gradient 2λW is right."""
    return optax.chain(optax.scale(1 / len(data.CLASSES)), _sgd_with_penalty(learning_rate, lambda _: lam))


def not_initialised_again(
    learning_rate, lam, *, factors: Sequence[float], n_updates: int
) -> optax.GradientTransformation:
    """SGD in a loop over trials of so many updates, each from the weights that the one before it ended with.

    Trial t has factors[t] λ.
    """
    return _sgd_with_penalty(learning_rate, lambda step: lam * jnp.asarray(factors)[step // n_updates])


def _sgd_with_penalty(learning_rate, lam_of) -> optax.GradientTransformation:
    """w ← w − η (g + 2λ w), for b w ← w − η g, λ a function of the update's number."""

    def init(params):
        del params
        return optax.ScaleByScheduleState(jnp.zeros((), jnp.int32))

    def update(grads, state, params):
        lam = lam_of(state.count)
        grads = tuple(g._replace(W=g.W + 2 * lam * layer.W) for g, layer in zip(grads, params, strict=True))
        return grads, optax.ScaleByScheduleState(state.count + 1)

    return optax.chain(optax.GradientTransformation(init, update), optax.sgd(learning_rate))
