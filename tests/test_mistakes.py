"""Every mistake is the one that it says, and no other: against loops in NumPy."""

import functools

import jax
import numpy as np
import pytest

from dd2424_jax import mistakes
from dd2424_jax.network import Layer

KEY, N = jax.random.key(3), 40


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (N, 3072), np.uint8)


def mirrored_rows(image, n_rows: int):
    """As CIFAR-10's files have it, the first rows of every channel mirrored."""
    made = image.reshape(3, 32, 32).copy()
    for channel in range(3):
        for row in range(n_rows):
            made[channel, row] = made[channel, row, ::-1]
    return made.ravel()


def mirrored_triples(image):
    """Every 96 values are taken for a row of 32 pixels of three colours."""
    made = image.copy()
    for row in range(32):
        for column in range(32):
            for colour in range(3):
                made[96 * row + 3 * column + colour] = image[96 * row + 3 * (31 - column) + colour]
    return made


WRONG = {
    mistakes.flipped_but_for_the_last_row: functools.partial(mirrored_rows, n_rows=31),
    mistakes.flipped_as_if_colours_were_last: mirrored_triples,
}


@pytest.mark.parametrize("augment", WRONG, ids=lambda augment: augment.__name__)
def test_half_of_the_images_are_mirrored_wrongly_and_the_others_stay(images, augment):
    made = np.asarray(augment(KEY, images))
    assert made.dtype == np.uint8
    stays = [np.array_equal(own, image) for own, image in zip(made, images, strict=True)]
    assert 0.25 * N < sum(stays) < 0.75 * N
    for own, image, same in zip(made, images, stays, strict=True):
        assert same or np.array_equal(own, WRONG[augment](image))
        assert not np.array_equal(own, mirrored_rows(image, 32))


def weights(seed: int):
    rng = np.random.default_rng(seed)
    return tuple(Layer(rng.normal(size=(m, d)), rng.normal(size=m)) for d, m in ((6, 4), (4, 3)))


def updates(optimizer, lam: float, n: int):
    """Weights before and after each of n updates, and the gradients of the loss that these had."""
    made = optimizer(0.1, lam=lam)
    params, found = weights(0), []
    state = made.init(params)
    for step in range(n):
        grads = weights(step + 1)
        change, state = made.update(grads, state, params)
        after = jax.tree.map(np.add, params, change)
        found.append((params, grads, after))
        params = after
    return found


def test_the_gradient_of_the_loss_alone_is_divided_by_the_classes(x64):
    for params, grads, after in updates(mistakes.divided_by_classes_too, 0.3, 3):
        for (W, b), (G, g), (W_after, b_after) in zip(params, grads, after, strict=True):
            np.testing.assert_allclose(W_after, W - 0.1 * (G / 10 + 2 * 0.3 * W), rtol=1e-12)
            np.testing.assert_allclose(b_after, b - 0.1 * g / 10, rtol=1e-12)


def test_every_trial_has_its_lam_and_begins_where_the_one_before_it_ended(x64):
    optimizer = functools.partial(mistakes.not_initialised_again, factors=(0.1, 1.0), n_updates=2)
    done = updates(optimizer, 0.3, 4)
    for (params, grads, after), lam in zip(done, (0.03, 0.03, 0.3, 0.3), strict=True):
        for (W, b), (G, g), (W_after, b_after) in zip(params, grads, after, strict=True):
            np.testing.assert_allclose(W_after, W - 0.1 * (G + 2 * lam * W), rtol=1e-12)
            np.testing.assert_allclose(b_after, b - 0.1 * g, rtol=1e-12)
