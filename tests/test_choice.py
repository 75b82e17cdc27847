import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import choice, stats

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


def test_differences_are_to_the_best_of_the_others_and_p_is_one_sided():
    values = scores(6, shared=0.05)
    chosen = choice.choose(LAMS, values, 5000)
    for i, j in ((0, 1), (1, 2), (2, 1), (3, 1), (4, 1)):
        difference = values[i] - values[j]
        expected = (6, difference.mean(), difference.std(ddof=1))
        np.testing.assert_allclose(chosen.differences[i][:3], expected, rtol=1e-9)
        assert chosen.differences[i].low <= difference.mean() <= chosen.differences[i].high
    order = [4, 3, 0, 2]  # by ascending p
    p = [scipy_stats.ttest_rel(values[1], values[i], alternative="greater").pvalue for i in order]
    assert p == sorted(p)
    adjusted = np.minimum(1, np.maximum.accumulate(np.array([4, 3, 2, 1]) * p))
    np.testing.assert_allclose(np.array(chosen.p)[order], adjusted, rtol=1e-8)
    assert np.isnan(chosen.p[1])


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_the_set_is_what_p_does_not_exclude(variances):
    chosen = choice.choose(LAMS, scores(5, sd=0.01), 5000, variances=variances)
    assert chosen.indistinguishable == [i for i in range(5) if not chosen.p[i] <= 0.05]
    assert chosen.variances == variances


def test_what_the_seeds_share_does_not_hide_a_difference():
    assert choice.choose(LAMS, scores(6, sd=0.0005, shared=0.05), 5000).indistinguishable == [1]


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
    for _ in range(250):
        values = scores(n_seeds, 0.3, means, 0.3, rng)
        winner = values.mean(axis=1).argmax()
        real.append(values[winner].mean() - means[winner])
        expected.append(choice.selection_bias(values))
    assert np.mean(expected) == pytest.approx(np.mean(real), abs=0.05)
    assert np.mean(expected) > 0.06


def test_a_selection_bias_is_never_negative():
    rng = np.random.default_rng(2)
    assert min(choice.selection_bias(scores(4, 0.01, rng=rng)) for _ in range(50)) == 0


@pytest.mark.parametrize("variances", ["separate", "equal"])
@pytest.mark.parametrize("n_seeds", [1, 2])
def test_two_seeds_exclude_nothing(n_seeds, variances):
    chosen = choice.choose(LAMS, scores(n_seeds), 5000, variances=variances)
    assert chosen.indistinguishable == [0, 1, 2, 3, 4]
    assert np.isnan(chosen.p).all()
    assert np.isnan([interval for difference in chosen.differences for interval in difference[3:]]).all()


def test_power_is_of_the_spread_over_the_eligible_settings():
    values = scores(2)
    chosen = choice.choose(LAMS, values, 5000)
    spread = [np.std(values[i] - values[chosen.best], ddof=1) for i in range(5) if i != chosen.best]
    assert chosen.power.sd == pytest.approx(np.sqrt(np.mean(np.square(spread))))
    assert np.isnan(chosen.power.power)
    assert chosen.power.seeds_needed >= 3
    values = scores(8, rng=np.random.default_rng(6))
    residual = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    chosen = choice.choose(LAMS, values, 5000, variances="equal")
    assert chosen.compared_separately == []
    assert chosen.power.sd == pytest.approx(np.sqrt(2 * np.sum(residual**2) / (4 * 7)))


def test_a_setting_whose_variance_sticks_out_is_named():
    values = scores(8)
    values[3] += np.random.default_rng(1).normal(0, 0.05, 8)
    chosen = choice.choose(LAMS, values, 5000, variances="equal")
    assert 3 in chosen.compared_separately
    assert chosen.equal_variances_p < 0.001


def test_with_several_folds_the_fold_is_the_unit():
    values, folds = scores(8), ["a", "b", "c", "d"] * 2
    chosen = choice.choose(LAMS, values, 5000, folds=folds)
    means = choice.choose(LAMS, (values[:, :4] + values[:, 4:]) / 2, 20_000)
    assert (chosen.unit, means.unit, chosen.n_seeds) == ("fold", "seed", 8)
    for field in ("best", "one_se", "indistinguishable", "selection_bias", "standard_error"):
        assert getattr(chosen, field) == pytest.approx(getattr(means, field))
    np.testing.assert_allclose(chosen.differences, means.differences)
    assert str(choice.choose(LAMS, values, 5000, folds=["a"] * 8)) == str(choice.choose(LAMS, values, 5000))
    assert choice.choose(LAMS, values, 5000, folds=[0, 1] * 4).indistinguishable == [0, 1, 2, 3, 4]


def test_a_fold_with_a_diverged_run_has_no_score():
    values = scores(6)
    values[1, 0] = np.nan
    by_fold = stats.by_fold(values, [2, 2, 0, 0, 1, 1])
    np.testing.assert_array_equal(np.isnan(by_fold), np.arange(3) + 3 * np.arange(5)[:, None] == 5)
    np.testing.assert_allclose(by_fold[0], [values[0, 2:4].mean(), values[0, 4:].mean(), values[0, :2].mean()])


@pytest.mark.parametrize("sizes", [(4, 4, 4, 4, 4), (5, 3, 4, 4, 2)])
def test_variance_shares_are_those_that_made_the_scores(sizes):
    rng, folds = np.random.default_rng(3), np.repeat(np.arange(5), sizes)
    shares = []
    for _ in range(400):
        fold_effects = rng.normal(0, 0.3, (6, 5))[:, folds]
        values = rng.normal(0, 0.2, (6, len(folds))) + fold_effects + rng.normal(0, 1, len(folds))
        shares.append(choice.variance_shares(values, folds))
    np.testing.assert_allclose(np.mean(shares, axis=0), [0.3**2, 0.2**2], rtol=0.05)
    assert np.isnan(choice.variance_shares(values[:, :3], [0, 1, 2])).all()
