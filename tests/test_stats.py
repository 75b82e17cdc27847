import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import stats


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_interval_equals_scipys(n):
    values = np.random.default_rng(n).normal(0.5, 0.01, n)
    found = stats.estimate(values)
    low, high = scipy_stats.t.interval(0.95, n - 1, values.mean(), scipy_stats.sem(values))
    np.testing.assert_allclose(found, (n, values.mean(), values.std(ddof=1), low, high), rtol=1e-9)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [stats.estimate(rng.normal(1.0, 2.0, 4)) for _ in range(4000)]
    covered = np.mean([estimate.low <= 1.0 <= estimate.high for estimate in found])
    assert covered == pytest.approx(0.95, abs=0.015)  # four standard errors of 4,000 trials


def test_one_seed_has_a_mean_and_nothing_else():
    n, mean, sd, low, high = stats.estimate([0.4])
    assert (n, mean) == (1, 0.4)
    assert np.isnan([sd, low, high]).all()


def test_no_seed_has_nothing():
    n, *rest = stats.estimate([])
    assert n == 0
    assert np.isnan(rest).all()


def test_band_is_the_estimate_of_every_column():
    values = np.random.default_rng(1).normal(size=(4, 6))
    for column, point in zip(values.T, np.transpose(stats.band(values)), strict=True):
        estimate = stats.estimate(column)
        np.testing.assert_allclose(point, (estimate.mean, estimate.low, estimate.high))


def test_band_of_one_seed_has_no_width():
    for line in stats.band([[1.0, 2.0]]):
        np.testing.assert_array_equal(line, [1.0, 2.0])


def test_ranking_leaves_out_what_has_no_mean():
    assert stats.ranking([0.2, np.nan, 0.5, 0.2, 0.4]) == [2, 4, 0, 3]
