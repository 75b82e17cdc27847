import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import stats


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_interval_equals_scipys(n):
    values = np.random.default_rng(n).normal(0.5, 0.01, n)
    result = stats.estimate(values)
    low, high = scipy_stats.t.interval(0.95, n - 1, values.mean(), scipy_stats.sem(values))
    np.testing.assert_allclose(result, (n, values.mean(), values.std(ddof=1), low, high), rtol=1e-9)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    estimates = [stats.estimate(rng.normal(1.0, 2.0, 4)) for _ in range(4000)]
    covered = np.mean([estimate.low <= 1.0 <= estimate.high for estimate in estimates])
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
    result = stats.paired(b, a)
    low, high = scipy_stats.ttest_rel(b, a).confidence_interval()
    np.testing.assert_allclose((result.low, result.high), (low, high))
    assert result.high - result.low < 1  # what the seeds share cancels
    assert result == stats.paired([*b, np.nan], [*a, 0.0])


@pytest.mark.parametrize(
    ("values", "excludes"), [([1, 2, 3], False), ([5, 6, 7], True), ([-5, -6, -7], True), ([9], False), ([], False)]
)
def test_an_interval_that_is_not_there_excludes_nothing(values, excludes):
    assert stats.excludes_zero(stats.estimate(values)) is excludes


def test_welchs_interval_equals_scipys():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0.5, 0.01, 6), rng.normal(0.49, 0.03, 5)
    test = scipy_stats.ttest_ind(a, b, equal_var=False)
    result = stats.welch(stats.estimate(a), stats.estimate(b))
    np.testing.assert_allclose(result, (a.mean() - b.mean(), *test.confidence_interval()), rtol=1e-9)
    for alone in ([0.5], [0.5, 0.5]):
        difference, low, high = stats.welch(stats.estimate(alone), stats.estimate([0.25, 0.25]))
        assert difference == 0.25
        assert np.isnan([low, high]).all()


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_paired_p_equals_scipys_paired_t_test(alternative):
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 1, 7), rng.normal(0.8, 1, 7)
    p = stats.paired_p(stats.paired(b, a), alternative)
    assert p == pytest.approx(scipy_stats.ttest_rel(b, a, alternative=alternative).pvalue, rel=1e-10)


@pytest.mark.parametrize("difference", [[], [0.1], [0.1, 0.2], [0.1, 0.1, 0.1], [0.7 - 0.6, 0.2 - 0.1, 0.4 - 0.3]])
def test_two_seeds_or_differences_that_all_agree_have_neither_p_nor_interval(difference):
    paired = stats.paired(difference, np.zeros(len(difference)))
    assert np.isnan([paired.low, paired.high, stats.paired_p(paired)]).all()


def test_holms_p_values_are_those_of_its_step_down_by_hand():
    p = [0.01, 0.04, np.nan, 0.03, 0.005]
    np.testing.assert_allclose(stats.holm(p), [0.03, 0.06, np.nan, 0.06, 0.02])
    np.testing.assert_array_equal(stats.holm([0.9, 0.8]), [1.0, 1.0])
    np.testing.assert_allclose(stats.holm([p, p]), [stats.holm(p)] * 2)
    assert stats.holm([]).shape == (0,)


def test_holm_rejects_at_least_what_bonferroni_does():
    p = np.random.default_rng(6).beta(0.5, 3, (200, 6))
    adjusted = stats.holm(p)
    assert (adjusted <= np.minimum(6 * p, 1)).all()
    assert (adjusted >= p).all()


def test_an_interval_of_holms_steps_excludes_zero_exactly_where_p_is_at_most_alpha():
    rng = np.random.default_rng(7)
    n_significant = 0
    for _ in range(60):
        differences = rng.normal(rng.choice([0, 1.5], (6, 1)), 1, (6, 5))
        results = stats.simultaneous([*differences, [0.1, 0.1, 0.1, 0.1, 0.1]])
        assert all(stats.excludes_zero(estimate) == (p <= 0.05) for estimate, p in results[:6])
        assert np.isnan([results[6][0].low, results[6][1]]).all()
        n_significant += sum(p <= 0.05 for _, p in results)
    assert 20 < n_significant < 340


def test_intervals_of_holms_steps_are_scipys_at_the_levels_of_the_steps():
    differences = np.random.default_rng(8).normal([[5.0], [0.0], [2.5]], 1, (3, 6))
    results = stats.simultaneous(differences)
    assert [p <= 0.05 for _, p in results] == [True, False, True]
    for (estimate, _), row, level in zip(results, differences, (0.05 / 3, 0.05, 0.05 / 2), strict=True):
        interval = scipy_stats.ttest_1samp(row, 0).confidence_interval(1 - level)
        np.testing.assert_allclose((estimate.low, estimate.high), interval)


def test_one_family_in_twenty_of_all_pairs_has_a_false_difference():
    rng = np.random.default_rng(9)
    i, j = np.triu_indices(4, 1)
    values = rng.normal(size=(1000, 4, 5))
    p = [[p for _, p in stats.simultaneous(family[j] - family[i])] for family in values[:150]]
    assert np.mean(np.min(p, axis=1) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_confusion_counts_pairs():
    result = stats.confusion_matrix([0, 0, 2, 1, 0], [0, 1, 2, 1, 1], 3)
    np.testing.assert_array_equal(result, [[1, 2, 0], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("values", [[0.5, 0.6, 0.4], [0.5], []])
def test_an_estimate_comes_back_from_json(values):
    estimate = stats.estimate(values)
    through_a_file = {name: _null(value) for name, value in estimate.as_json().items()}
    np.testing.assert_array_equal(stats.Estimate.from_json(estimate.n, through_a_file), estimate)


def _null(value):
    if isinstance(value, list):
        return [_null(one) for one in value]
    return None if np.isnan(value) else value


def test_seeds_that_share_a_held_out_set_have_the_interval_of_its_means():
    values, fold = np.random.default_rng(5).normal(size=6), np.array([0, 1, 2, 0, 1, 2])
    nested, plain = stats.nested(values, fold), stats.estimate(values)
    of_means = stats.estimate([values[fold == i].mean() for i in range(3)])
    assert nested[:3] == plain[:3]
    assert nested[3:] == of_means[3:]
    assert stats.nested(values, np.zeros(6)) == plain


def test_bonferronis_intervals_hold_at_once_as_often_as_they_say():
    rng = np.random.default_rng(9)
    sd = np.array([0.2, 1, 1, 2, 5])  # of rows that are compared with one baseline
    held = []
    for _ in range(1500):
        scores = rng.normal(0, sd[:, None], (5, 4)) - rng.normal(0, 1, 4)
        held.append(all(one.low <= 0 <= one.high for one in stats.bonferroni(scores)))
    assert 0.94 < np.mean(held) < 0.985  # at least 95 %, to two standard errors; and not much more


def test_one_more_seed_lies_in_the_interval_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(4000, 6))
    inside = [low <= one <= high for *seeds, one in samples for low, high in [stats.prediction(stats.estimate(seeds))]]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)
    low, high = stats.prediction(stats.estimate(samples[0]))
    half = scipy_stats.t.ppf(0.975, 5) * samples[0].std(ddof=1) * np.sqrt(1 + 1 / 6)
    assert (low, high) == pytest.approx((samples[0].mean() - half, samples[0].mean() + half))
    assert np.isnan(stats.prediction(stats.estimate([0.4]))).all()
