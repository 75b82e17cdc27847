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


def test_paired_differences_equal_scipys_paired_t():
    rng = np.random.default_rng(3)
    common = rng.normal(0, 5, 8)
    a, b = common + rng.normal(0, 0.1, 8), common + rng.normal(0.1, 0.1, 8)
    found = stats.paired(b, a)
    low, high = scipy_stats.ttest_rel(b, a).confidence_interval()
    np.testing.assert_allclose((found.low, found.high), (low, high))
    assert found.high - found.low < 1  # what the seeds share cancels
    assert found == stats.paired([*b, np.nan], [*a, 0.0])


@pytest.mark.parametrize(
    ("values", "told"), [([1, 2, 3], False), ([5, 6, 7], True), ([-5, -6, -7], True), ([9], False), ([], False)]
)
def test_an_interval_that_is_not_there_excludes_nothing(values, told):
    assert stats.excludes_zero(stats.estimate(values)) is told


def test_welchs_interval_equals_scipys():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0.5, 0.01, 6), rng.normal(0.49, 0.03, 5)
    test = scipy_stats.ttest_ind(a, b, equal_var=False)
    found = stats.welch(stats.estimate(a), stats.estimate(b))
    np.testing.assert_allclose(found, (a.mean() - b.mean(), *test.confidence_interval()), rtol=1e-9)
    for alone in ([0.5], [0.5, 0.5]):
        difference, low, high = stats.welch(stats.estimate(alone), stats.estimate([0.25, 0.25]))
        assert difference == 0.25
        assert np.isnan([low, high]).all()


@pytest.mark.parametrize("n", [6, 9, 16])
def test_sign_flips_equal_scipys_permutation_test(n):
    differences = np.random.default_rng(n).normal(0.3, 1.0, n)
    test = scipy_stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=2**16)
    assert stats.sign_flip(differences) == pytest.approx(test.pvalue, abs=1e-12)


def test_sign_flips_of_many_pairs_come_close_to_all_of_them():
    differences = np.random.default_rng(20).normal(0.3, 1.0, 20)
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    exact = np.mean(np.abs(sums) >= np.abs(differences.sum()) - 1e-9)
    assert stats.sign_flip(differences) == pytest.approx(exact, abs=0.008)  # 2^16 draws: four standard errors


def test_six_differences_of_one_sign_are_significant_and_five_are_not_tested():
    assert stats.sign_flip([0.1, 0.2, 0.3, 0.1, 0.1, 0.4]) == 2 / 2**6
    assert np.isnan(stats.sign_flip([0.1, 0.2, 0.3, 0.1, 0.1]))


def test_confusion_counts_pairs():
    found = stats.confusion_matrix([0, 0, 2, 1, 0], [0, 1, 2, 1, 1], 3)
    np.testing.assert_array_equal(found, [[1, 2, 0], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("values", [[0.5, 0.6, 0.4], [0.5], []])
def test_an_estimate_comes_back_from_json(values):
    estimate = stats.estimate(values)
    through_a_file = {name: _null(value) for name, value in estimate.as_json().items()}
    np.testing.assert_array_equal(stats.Estimate.from_json(estimate.n, through_a_file), estimate)


def _null(value):
    if isinstance(value, list):
        return [_null(one) for one in value]
    return None if np.isnan(value) else value
