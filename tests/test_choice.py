import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import choice

LAMS = np.geomspace(1e-4, 1.0, 5)
MEANS = np.array([0.50, 0.52, 0.51, 0.40, 0.20])


def scores(n_seeds, sd=0.002, means=MEANS, shared=0.0, rng=None):
    """[n_lam, n_seeds]; `shared` is the standard deviation of what all λ of a seed have in common."""
    rng = rng or np.random.default_rng(n_seeds)
    return means[:, None] + rng.normal(0, sd, (len(means), n_seeds)) + rng.normal(0, shared, n_seeds)


def test_the_best_has_the_highest_mean_and_clear_losers_are_significantly_worse():
    chosen = choice.choose(LAMS, scores(8), 5000)
    assert chosen.best == chosen.one_se == 1
    assert chosen.indistinguishable == [1]
    assert chosen.n_seeds == 8


def test_differences_are_scipys_paired_t_at_a_confidence_shared_by_all():
    values = scores(6, shared=0.05)
    chosen = choice.choose(LAMS, values, 5000)
    for i in (0, 2, 3, 4):
        low, high = scipy_stats.ttest_rel(values[i], values[1]).confidence_interval(1 - 0.05 / 4)
        np.testing.assert_allclose((chosen.differences[i].low, chosen.differences[i].high), (low, high), rtol=1e-9)
        flips = scipy_stats.permutation_test(
            (values[i] - values[1],), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert chosen.p[i] == pytest.approx(flips.pvalue)
    assert chosen.differences[1].mean == 0
    assert np.isnan(chosen.p[1])


def test_what_the_seeds_share_does_not_hide_a_difference():
    assert choice.choose(LAMS, scores(6, sd=0.0005, shared=0.05), 5000).indistinguishable == [1]


def test_the_set_misses_the_truly_best_in_at_most_one_search_of_twenty():
    rng = np.random.default_rng(0)
    for means in (np.zeros(8), -0.002 * (np.arange(8) - 3.0) ** 2):
        truly = int(np.argmax(means))
        missed = [
            truly not in choice.choose(np.arange(8), scores(6, 0.003, means + 0.5, 0.003, rng), 5000).indistinguishable
            for _ in range(400)
        ]
        assert np.mean(missed) <= 0.05


@pytest.mark.parametrize(("n_seeds", "n_lam"), [(2, 8), (6, 1), (6, 3), (1, 4), (15, 4)])
def test_the_choice_lies_in_the_set(n_seeds, n_lam):
    chosen = choice.choose(np.arange(n_lam), scores(n_seeds, 0.01, np.full(n_lam, 0.5)), 100)
    assert chosen.best in chosen.indistinguishable


def test_one_seed_distinguishes_nothing():
    chosen = choice.choose(LAMS, scores(1), 5000)
    assert chosen.indistinguishable == [0, 1, 2, 3, 4]
    assert chosen.one_se == chosen.best == 1
    assert np.isnan(chosen.selection_bias)


def test_the_one_standard_error_rule_takes_the_largest_lam_within():
    values = np.array([[0.50, 0.52, 0.51], [0.51, 0.53, 0.49], [0.500, 0.515, 0.500], [0.40, 0.41, 0.42]])
    # The best's standard error over its three seeds is .0115: the third λ's mean is .005 below.
    chosen = choice.choose([0.1, 0.2, 0.3, 0.4], values, 5000)
    assert (chosen.best, chosen.one_se) in ((0, 2), (1, 2))
    shuffled = choice.choose([0.3, 0.1, 0.2, 0.4], values[[2, 0, 1, 3]], 5000)
    assert shuffled.one_se == 0


@pytest.mark.parametrize(("values", "best", "edge"), [([3, 1, 2], 1, "lowest"), ([3, 1, 2], 0, "highest")])
def test_a_best_value_at_the_end_of_what_was_tried_is_named(values, best, edge):
    assert choice.edge(values, best) == edge
    assert choice.edge(values, 2) is None
    assert choice.edge([5, 5], 0) is None
    assert choice.edge([0, 1, 2], 0) is None  # nothing lies below it


def test_settings_of_equal_lam_may_differ_in_something_else():
    values = np.array([[0.50, 0.52, 0.51], [0.53, 0.55, 0.54], [0.52, 0.55, 0.53]])
    chosen = choice.choose([0.1, 0.1, 0.1], values, 5000)
    assert (chosen.best, chosen.one_se) == (1, 1)  # of equal λ, the best mean


def test_a_validation_set_is_a_sample():
    assert choice.choose([0.0], [[0.5, 0.5]], 5000).standard_error == pytest.approx(0.00707, abs=1e-5)


def test_a_lam_with_a_diverged_run_is_neither_chosen_nor_indistinguishable():
    values = scores(4, 0.01, np.full(3, 0.5))
    values[0] += 0.2
    values[0, 3] = np.nan
    chosen = choice.choose([1.0, 2.0, 3.0], values, 5000)
    assert chosen.best != 0
    assert chosen.one_se != 0
    assert 0 not in chosen.indistinguishable
    assert choice.choose([1.0], [[np.nan, np.nan]], 5000) is None


@pytest.mark.parametrize("means", [np.zeros(10), -(np.linspace(-1, 1, 10) ** 2)])
@pytest.mark.parametrize("n_seeds", [3, 6, 14])
def test_the_expected_selection_bias_is_the_real_one(means, n_seeds):
    """Against what a search's winner is too high by, which only a simulation can know."""
    rng = np.random.default_rng(1)
    real, expected = [], []
    for _ in range(400):
        values = scores(n_seeds, 0.3, means, 0.3, rng)
        winner = values.mean(axis=1).argmax()
        real.append(values[winner].mean() - means[winner])
        expected.append(choice.selection_bias(values))
    assert np.mean(expected) == pytest.approx(np.mean(real), abs=0.04)
    assert np.mean(expected) > 0.06
