import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import comparisons, dunnett
from tests.simulations import choice as simulation
from tests.simulations.choice import FAR, Scenario

RNG = np.random.default_rng(0)
SCORES = 0.5 + RNG.normal(0, 0.01, (5, 7)) + RNG.normal(0, 0.05, 7) - 0.01 * np.arange(5)[:, None]
EVERY = np.ones(5, bool)


def residuals(scores):
    """Of randomised blocks, [k, n]."""
    return scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_intervals_are_hsus_by_loops(variances):
    pairs = comparisons.compare(SCORES, EVERY, 0.05, variances)
    low, high = comparisons.intervals(pairs)
    k, n = SCORES.shape
    bound = np.zeros((k, k))
    for i in range(k):
        for j in range(k):
            difference = SCORES[i] - SCORES[j]
            if variances == "separate":
                half = scipy_stats.t.ppf(1 - 0.05 / (k - 1), n - 1) * scipy_stats.sem(difference)
            else:
                variance = np.sum(residuals(SCORES) ** 2) / ((k - 1) * (n - 1))
                half = dunnett.critical(k - 1, (k - 1) * (n - 1), 0.05) * np.sqrt(2 * variance / n)
            bound[i, j] = half
    mean = SCORES.mean(axis=1)
    above = [max(0, min(mean[i] - mean[j] + bound[i, j] for j in range(k) if j != i)) for i in range(k)]
    candidates = [i for i in range(k) if above[i] > 0]
    below = [min([0, *(mean[i] - mean[j] - bound[i, j] for j in candidates if j != i)]) for i in range(k)]
    np.testing.assert_allclose(high, above, atol=1e-12)
    np.testing.assert_allclose(low, below, atol=1e-12)


def test_p_values_of_separate_variances_are_scipys_after_holm():
    pairs = comparisons.compare(SCORES, EVERY)
    p = np.array([scipy_stats.ttest_rel(SCORES[0], row, alternative="greater").pvalue for row in SCORES[1:]])
    order = np.argsort(p)
    expected = np.empty(4)
    expected[order] = np.minimum(1, np.maximum.accumulate(p[order] * [4, 3, 2, 1]))
    np.testing.assert_allclose(comparisons.p_worse(pairs, 0), [np.nan, *expected], rtol=1e-9)


def test_a_setting_is_excluded_exactly_where_p_is_at_most_alpha():
    rng = np.random.default_rng(1)
    for _ in range(40):
        scores = rng.normal(0, 0.01, (5, 6)) * rng.choice([1, 6], (5, 1), p=[0.8, 0.2]) - 0.01 * np.arange(5)[:, None]
        for variances in ("separate", "equal"):
            eligible, best = comparisons.eligible_and_best(scores, EVERY)
            pairs = comparisons.compare(scores, eligible, 0.05, variances)
            p = comparisons.p_worse(pairs, best)
            np.testing.assert_array_equal(comparisons.excluded(pairs, best), p <= 0.05)


def test_many_searches_at_once_are_each_by_itself():
    rng = np.random.default_rng(2)
    scores = rng.normal(0, 0.01, (30, 5, 8)) * rng.choice([1, 6], (30, 5, 1), p=[0.8, 0.2])
    scores[rng.random(scores.shape) < 0.05] = np.nan
    for variances in ("separate", "equal"):
        eligible, best = comparisons.eligible_and_best(scores, np.ones((30, 5), bool))
        pairs = comparisons.compare(scores, eligible, 0.05, variances)
        together = (*comparisons.intervals(pairs), comparisons.p_worse(pairs, best), comparisons.excluded(pairs, best))
        for i in range(30):
            of_one, best_of_one = comparisons.eligible_and_best(scores[i], EVERY)
            pairs = comparisons.compare(scores[i], of_one, 0.05, variances)
            p, excluded = comparisons.p_worse(pairs, best_of_one), comparisons.excluded(pairs, best_of_one)
            for a, b in zip(together, (*comparisons.intervals(pairs), p, excluded), strict=True):
                np.testing.assert_allclose(a[i], b, rtol=1e-9)


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_nothing_is_excluded_by_two_seeds_or_by_differences_without_spread(variances):
    two = np.array([[0.5, 0.51], [0.3, 0.3], [0.1, 0.1]])
    same = np.array([0.4, 0.45, 0.41, 0.5])
    for scores in (two, np.stack([same + 0.2, same, same - 0.3])):
        pairs = comparisons.compare(scores, np.ones(3, bool), 0.05, variances)
        assert not comparisons.excluded(pairs, 0).any()
        assert np.isnan(comparisons.p_worse(pairs, 0)).all()
        assert np.isnan(comparisons.intervals(pairs)).all()


def test_a_setting_without_a_test_against_a_candidate_has_no_interval():
    scores = 0.5 + np.random.default_rng(3).normal(0, 0.01, (3, 6))
    scores[0, :3], scores[1, 3:] = np.nan, np.nan  # no seed in common
    low, high = comparisons.intervals(comparisons.compare(scores, np.array([True, True, False])))
    assert np.isnan([low, high]).all()


def test_the_f_test_of_one_settings_variance_is_exact():
    """Against its definition: y_j is independent of the residual variance of the other settings."""
    k, n = SCORES.shape
    pool, _, _ = comparisons.pooled(SCORES, EVERY)
    assert pool.all()
    rng, level = np.random.default_rng(4), 0.05
    scores = rng.normal(size=(3000, k, n))
    own = (scores[:, 0] - scores[:, 1:].mean(axis=1)).var(axis=1, ddof=1) * (k - 1) / k
    others = np.array([np.sum(residuals(x[1:]) ** 2) / ((k - 2) * (n - 1)) for x in scores])
    p = scipy_stats.f.sf(own / others, n - 1, (k - 2) * (n - 1))
    assert np.mean(p <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 3000))
    squares = comparisons.interaction_squares(scores, np.ones((3000, k), bool), np.ones((3000, n), bool))
    np.testing.assert_allclose(squares[:, 0] * k / (k - 1) / (n - 1), own, rtol=1e-9)
    np.testing.assert_allclose((squares.sum(axis=1) - squares[:, 0] * k / (k - 1)) / ((k - 2) * (n - 1)), others)


def test_a_wide_setting_is_compared_with_its_own_variance():
    scores = np.random.default_rng(11).normal(0, 0.01, (6, 8)) * np.array([1, 1, 20, 1, 1, 1])[:, None]
    every = np.ones(6, bool)
    pairs = comparisons.compare(scores, every, 0.05, "equal")
    np.testing.assert_array_equal(pairs.pool, [True, True, False, True, True, True])
    separate = comparisons.compare(scores, every)
    np.testing.assert_allclose(pairs.error[2], separate.error[2])
    np.testing.assert_allclose(pairs.critical[2], separate.critical[2])
    inside = pairs.error[0, [1, 3, 4, 5]]
    variance = np.sum(residuals(scores[pairs.pool]) ** 2) / (4 * 7)
    np.testing.assert_allclose(inside, np.sqrt(2 * variance / 8))
    assert pairs.critical[0, 1] == pytest.approx(dunnett.critical(4, 28, 0.05 * 4 / 5))


def test_bartletts_p_is_scipys_of_the_residuals():
    p = comparisons.bartlett(SCORES, EVERY)
    assert p == pytest.approx(scipy_stats.bartlett(*residuals(SCORES)).pvalue, rel=1e-9)
    assert np.isnan(comparisons.bartlett(SCORES[:2], EVERY[:2]))
    assert np.isnan(comparisons.bartlett(SCORES[:, :2], EVERY))


def test_blocks_are_the_seeds_in_which_all_eligible_settings_converged():
    scores = SCORES.copy()
    scores[[0, 1, 2, 4], [0, 1, 0, 1]] = np.nan
    scores[3] = np.nan
    eligible, _ = comparisons.eligible_and_best(scores, EVERY)
    pairs = comparisons.compare(scores, eligible, 0.05, "equal")
    kept = comparisons.compare(SCORES[[0, 1, 2, 4], 2:], EVERY[:4], 0.05, "equal")
    np.testing.assert_allclose(pairs.error[0, [1, 2, 4]], kept.error[0, 1:])


def test_unknown_variances_are_refused():
    with pytest.raises(ValueError, match="pooled"):
        comparisons.compare(SCORES, EVERY, 0.05, "pooled")


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("", 2, FAR, 5),
        Scenario("", 8, 0.0, 3),
        Scenario("", 1, FAR, 10),
        Scenario("", 2, FAR, 10, wide=(0,), factor=4.0),
        Scenario("", 4, 1.0, 5, diverged=0.2),
        Scenario("", 4, FAR, 3, r=(2, 2, 2), fold_sd=0.002),
    ],
)
def test_the_best_is_kept_and_intervals_hold_in_nineteen_searches_of_twenty(scenario):
    result = simulation.simulate(scenario, 800, np.random.default_rng(6))
    for name in ("separate", "equal"):
        error = result[name]["coverage_error"]
        assert result[name]["coverage"] > 0.95 - 4 * error, name
        assert result[name]["intervals"] > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 800), name


def test_two_seeds_exclude_nothing_in_any_search():
    result = simulation.simulate(Scenario("", 2, FAR, 2), 300, np.random.default_rng(7))
    assert [result[name]["excluded"] for name in ("separate", "equal")] == [0, 0]
