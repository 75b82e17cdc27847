import jax
import numpy as np
import pytest

from dd2424_jax import dropout


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_units_are_dropped_with_the_probability_and_the_mean_stays(probability):
    mask = np.asarray(dropout.mask(jax.random.key(3), (1000, 100), probability))
    np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - probability)], rtol=2e-4)
    dropped = np.mean(mask == 0)
    assert abs(dropped - probability) < 5 * np.sqrt(probability * (1 - probability) / mask.size)
    assert np.mean(mask) == pytest.approx((1 - dropped) / (1 - probability), rel=2e-4)


def test_every_unit_of_every_image_has_its_own_chance():
    mask = np.asarray(dropout.mask(jax.random.key(3), (400, 300), 0.5)) == 0
    for axis, n in ((0, 400), (1, 300)):
        shares = mask.mean(axis=axis)
        assert np.abs(shares - 0.5).max() < 5 * 0.5 / np.sqrt(n)
        assert np.std(shares) == pytest.approx(0.5 / np.sqrt(n), rel=0.2)  # as of independent draws


def test_without_probability_nothing_is_dropped():
    np.testing.assert_array_equal(dropout.mask(jax.random.key(0), (5, 3), 0.0), 1.0)
