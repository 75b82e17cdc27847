"""What a network does on a whole split: metrics, predictions and probabilities."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from dd2424_jax import data, losses, network
from dd2424_jax.data import augment
from dd2424_jax.train import Config, Hypers, inputs

CHUNK = 1000  # images at a time: bounds the memory of an evaluation, not its result


class Metrics(NamedTuple):
    """Mean loss, cost (loss + λ Σ W²) and accuracy (a fraction) over a whole split."""

    loss: jax.Array
    cost: jax.Array
    accuracy: jax.Array


def forward(config: Config, scale: data.Scale, params: network.Params, X):
    """Logits [n, K] of images, as the configuration has them: nothing is dropped, or moved."""
    return network.forward(params, inputs(scale, X), activation=config.activation, product=config.precision)


def evaluate(config: Config, split: data.Split, scale: data.Scale, hypers: Hypers, params: network.Params) -> Metrics:
    """Metrics over a whole split of any size, CHUNK images at a time."""

    def totals(X, y):
        logits = forward(config, scale, params, X)
        loss = config.loss.value(logits, jax.nn.one_hot(y, config.sizes[-1], dtype=logits.dtype))
        return jnp.stack([jnp.sum(loss), jnp.sum(losses.correct(logits, y), dtype=loss.dtype)])

    n = split.X.shape[0]
    n_chunks = n // CHUNK
    whole = jax.tree.map(lambda a: a[: n_chunks * CHUNK].reshape(n_chunks, CHUNK, *a.shape[1:]), split)
    sums = jnp.sum(jax.lax.map(lambda chunk: totals(*chunk), whole), axis=0)
    if n % CHUNK:
        sums += totals(split.X[n_chunks * CHUNK :], split.y[n_chunks * CHUNK :])
    loss, accuracy = sums / n
    return Metrics(loss, loss + hypers.lam * network.penalty(params), accuracy)


def predict(config: Config, split: data.Split, scale: data.Scale, params: network.Params):
    """The class of the largest logit for every image, [n]."""

    def of_one(x):
        return jnp.argmax(forward(config, scale, params, x[None])[0])

    return jax.lax.map(of_one, split.X, batch_size=CHUNK)


def probabilities(config: Config, split: data.Split, scale: data.Scale, params: network.Params, *, flips: bool = False):
    """p of every image and class, [n, K], as the loss has them: those of sigmoids need not add up to 1.

    flips: of an image and its mirror image, the mean.

    Raises:
      ValueError: the loss has no probabilities.
    """
    if config.loss.probabilities is None:
        raise ValueError("the loss has no probabilities")

    def of_one(x):
        X = augment.mirror(jnp.stack([x, x]), jnp.array([False, True])) if flips else x[None]
        return jnp.mean(config.loss.probabilities(forward(config, scale, params, X)), axis=0)

    return jax.lax.map(of_one, split.X, batch_size=CHUNK)
