import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from dd2424_jax import names
from dd2424_jax.data import augment

KEY = jax.random.key(7)


def images(n: int) -> np.ndarray:
    """No value is 0, and neighbours differ."""
    return np.random.default_rng(n).integers(1, 256, (n, 3072), np.uint8)


def pixels(X) -> np.ndarray:
    """[n, 3, 32, 32], as CIFAR-10's files have them: channel by channel, row by row."""
    assert X.dtype == np.uint8
    found = np.empty((len(X), 3, 32, 32), np.uint8)
    for channel, y in itertools.product(range(3), range(32)):
        first = 1024 * channel + 32 * y
        found[:, channel, y] = X[:, first : first + 32]
    return found


def white_pixels(n: int) -> np.ndarray:
    """Black but for the pixel (16, 16)."""
    X = np.zeros((n, 3, 32, 32), np.uint8)
    X[:, :, 16, 16] = 255
    return X.reshape(n, 3072)


def offsets(X) -> np.ndarray:
    """Where the white pixel went: (dy, dx) [n, 2], the same in all channels."""
    places = [np.argwhere(channel == 255) for channel in pixels(X).transpose(1, 0, 2, 3)]
    for found in places:
        np.testing.assert_array_equal(found[:, 0], np.arange(len(X)))
        np.testing.assert_array_equal(found, places[0])
    return places[0][:, 1:] - 16


@pytest.mark.parametrize("padding", names.PADDINGS)
def test_every_pixel_comes_from_where_it_was(padding):
    """For all offsets: the loop is over pixels."""
    dy, dx = np.array([*itertools.product(range(-31, 32), repeat=2)]).T
    X = images(len(dy))
    moved, original, each = pixels(augment.move(X, dy, dx, padding)), pixels(X), np.arange(len(dy))
    for y, x in itertools.product(range(32), repeat=2):
        row, column = y - dy, x - dx
        expected = original[each, :, np.clip(row, 0, 31), np.clip(column, 0, 31)]
        if padding == "zero":
            expected[(row < 0) | (row > 31) | (column < 0) | (column > 31)] = 0
        np.testing.assert_array_equal(moved[:, :, y, x], expected)


def test_positive_offsets_are_down_and_to_the_right():
    assert offsets(augment.move(white_pixels(1), np.array([2]), np.array([5]), "zero")).tolist() == [[2, 5]]


def assert_mirrored(found, X, which):
    mirrored, original = pixels(found), pixels(X)
    for i, x in itertools.product(range(len(X)), range(32)):
        np.testing.assert_array_equal(mirrored[i, :, :, x], original[i, :, :, 31 - x if which[i] else x])


def test_mirrored_are_those_that_are_named():
    X, which = images(50), np.random.default_rng(0).random(50) < 0.5
    assert_mirrored(augment.mirror(X, which), X, which)


def in_the_other_order(X):
    """Scrambled: as if an image were 32 rows of 32 pixels of three channels."""
    return X.reshape(-1, 32, 32, 3)[:, :, ::-1].reshape(X.shape)


def without_the_last_row(X):
    mirrored = X.reshape(-1, 3, 32, 32)[..., ::-1].copy()
    mirrored[:, :, 31] = X.reshape(-1, 3, 32, 32)[:, :, 31]
    return mirrored.reshape(X.shape)


@pytest.mark.parametrize("wrong", [in_the_other_order, without_the_last_row])
def test_mistakes_of_published_code_would_be_found(wrong):
    X, which = images(3), np.ones(3, bool)
    with pytest.raises(AssertionError):
        assert_mirrored(wrong(X), X, which)


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 1.0])
def test_a_flip_has_its_probability(probability):
    X, n = images(1000), 1000
    mirrored = augment.mirror(X, np.ones(n, bool))
    flipped = augment.flipped(KEY, X, probability)
    is_mirrored = np.all(flipped == mirrored, axis=1)
    np.testing.assert_array_equal(flipped, np.where(is_mirrored[:, None], mirrored, X))
    sd = np.sqrt(n * probability * (1 - probability))
    assert abs(is_mirrored.sum() - n * probability) <= 4 * sd
    changes = np.count_nonzero(np.diff(is_mirrored))  # from one image to the next
    assert abs(changes - 2 * sd**2) <= 4 * np.sqrt(2) * sd


@pytest.mark.parametrize("most", [1, 3])
def test_all_offsets_are_drawn_equally_often(most):
    cells, each = (2 * most + 1) ** 2, 60
    drawn = offsets(augment.shifted(KEY, white_pixels(cells * each), most, "zero"))
    counts = np.zeros((2 * most + 1, 2 * most + 1), int)
    np.add.at(counts, tuple(drawn.T + most), 1)
    assert scipy.stats.chisquare(counts.ravel()).pvalue > 1e-3
    assert counts.min() > 0


@pytest.mark.parametrize("most", [15, 31])
def test_offsets_reach_as_far_as_asked_for(most):
    """By rows and columns that are black where an image of no black pixel moved from."""
    black = pixels(augment.shifted(KEY, images(1000), most, "zero"))[:, 0] == 0
    for axis in (1, 2):
        empty = np.all(black, axis=axis)
        assert empty.sum(axis=1).max() == most
        assert {0, 31} <= set(np.argwhere(empty)[:, 1])


@pytest.mark.parametrize("padding", names.PADDINGS)
def test_a_shift_of_nothing_changes_nothing(padding):
    np.testing.assert_array_equal(augment.shifted(KEY, images(9), 0, padding), images(9))


def test_what_cannot_be_is_refused():
    for most in (-1, 32, 2.5):
        with pytest.raises(ValueError, match=rf"most={most} must lie in 0, \.\.\., 31"):
            augment.shifted(KEY, images(1), most, "zero")
    with pytest.raises(ValueError, match="'wrap' is none of zero, edge"):
        augment.shifted(KEY, images(1), 3, "wrap")


def test_seeds_are_augmented_as_each_alone():
    def augmented(key, X):
        return augment.shifted(key, augment.flipped(key, X, 0.5), 3, "edge")

    X, keys = jnp.asarray(images(20)), jax.random.split(KEY)
    together = jax.jit(jax.vmap(augmented, (0, None)))(keys, X)
    for key, own in zip(keys, together, strict=True):
        np.testing.assert_array_equal(own, augmented(key, X))
    assert np.any(together[0] != together[1])
