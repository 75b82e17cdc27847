import dataclasses

import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import stats
from dd2424_jax.reporting import effects
from dd2424_jax.reporting.measures import BEST_MINUS_LAST, POINTS, TEST, TRAIN, Measure
from dd2424_jax.runs.result import RUNS
from tests.reporting.results import concluded, near

pytestmark = pytest.mark.filterwarnings("error")
LAMS = [0.001, 0.01, 0.1]
A, B = {"lam": 0.01}, {"lam": 0.1}
SCORE = Measure(lambda result: result.outcome.valid.accuracy[..., -1], POINTS, RUNS)


@pytest.fixture
def result():
    return concluded(LAMS, scores=near(0.4, 0.5, 0.52) + np.random.default_rng(8).normal(0, 0.01, (3, 6)))


def test_effects_are_of_the_settings_named(result):
    _, a, b = result.outcome.scores
    for effect, values in (
        (effects.alone(SCORE, A), a),
        (effects.difference(SCORE, B, A), b - a),
        (effects.ratio(SCORE, B, A), b / a),
    ):
        low, high = scipy_stats.ttest_1samp(values, 0).confidence_interval(0.98)
        estimate = effect.of(result)(0.98)
        np.testing.assert_allclose(estimate, (6, values.mean(), values.std(ddof=1), low, high))


def test_settings_that_are_not_there_or_not_alone_have_no_effect(result):
    assert effects.difference(SCORE, A, {"lam": 0.2}).of(result) is None
    assert effects.alone(SCORE, {"lr_max": 0.1}).of(result) is None  # of all three
    assert effects.alone(TEST, A).of(result) is None  # never tested


def test_pairs_without_both_are_left_out(result):
    scores = result.outcome.scores.copy()
    scores[1, 0] = scores[2, 3] = np.nan
    diverged = concluded(LAMS, scores=scores)
    for measure in (SCORE, TRAIN):  # this one is a number where the run diverged, too
        values = measure.of(diverged)
        estimate = effects.difference(measure, B, A).of(diverged)(0.95)
        assert estimate.n == 4
        assert estimate.mean == pytest.approx(np.mean((values[2] - values[1])[[1, 2, 4, 5]]))


def test_of_held_out_sets_the_means_are_the_units(result):
    plan = result.plan._replace(folds=result.plan.folds * 3)
    estimate = effects.alone(SCORE, A).of(result._replace(plan=plan))(0.95)
    by_set = [result.outcome.scores[1][i::3].mean() for i in range(3)]
    np.testing.assert_allclose(estimate, stats.estimate(by_set))


def test_one_more_run_lies_in_its_prediction_interval_as_often_as_it_says():
    rng = np.random.default_rng(4)
    values, runs = rng.normal(0.3, 0.02, (400, 1, 5)), rng.normal(0.3, 0.02, 400)
    result = concluded([0.01], scores=near(0.5, n_seeds=5))
    held = []
    for own, published in zip(values, runs, strict=True):
        measure = Measure(lambda _, own=own: own, POINTS, RUNS)
        estimate = effects.one_run(measure, A, published).of(result)(0.9)
        assert estimate.mean == pytest.approx(published - own.mean())
        half = scipy_stats.t.ppf(0.95, 4) * own.std(ddof=1) * np.sqrt(1 + 1 / 5)
        assert estimate.high - estimate.mean == pytest.approx(half)
        held.append(estimate.low <= 0 <= estimate.high)
    assert abs(np.mean(held) - 0.9) < 3 * np.sqrt(0.9 * 0.1 / 400)


def test_the_nearest_lam_minus_the_best_of_the_others_has_the_smallest_limits(result):
    estimate = effects.nearest_minus_best(0.02).of(result)(0.99)
    scores = result.outcome.scores
    tests = [scipy_stats.ttest_1samp(scores[1] - scores[j], 0) for j in (0, 2)]
    lows = [test.confidence_interval(0.99).low for test in tests]
    highs = [test.confidence_interval(1 - 0.01 / 2).high for test in tests]
    assert estimate.mean == pytest.approx(min(np.mean(scores[1] - scores[j]) for j in (0, 2)))
    np.testing.assert_allclose(estimate[3:], (min(lows), min(highs)))
    assert effects.nearest_minus_best(0.5).of(result) is None  # beyond the search
    assert effects.nearest_minus_best(0.02).of(concluded([0.01, 0.1], [0.1, 0.2], scores=near(0.5, 0.4))) is None


def test_the_nearest_lam_is_compared_with_those_that_converged(result):
    scores = result.outcome.scores.copy()
    expected = effects.nearest_minus_best(0.02).of(concluded([0.001, 0.01, 0.1], scores=scores))(1 - 0.05 / 2)
    with_diverged = concluded([0.001, 0.01, 0.1, 1.0], scores=np.vstack([scores, np.full(6, np.nan)]))
    np.testing.assert_allclose(effects.nearest_minus_best(0.02).of(with_diverged)(1 - 0.05 / 2), expected)
    gone = effects.nearest_minus_best(0.02).of(concluded(LAMS, scores=np.full((3, 4), np.nan)))(0.95)
    assert gone.n == 0
    scores[2, 2:] = np.nan  # of two seeds, it could be any distance above
    few = effects.nearest_minus_best(0.02).of(concluded(LAMS, scores=scores))(0.95)
    assert np.isnan(few.low)
    assert np.isnan(few.high)


@pytest.mark.parametrize("wins", [0, 2, 6])
def test_the_share_of_wins_has_an_exact_interval(wins):
    scores = np.tile([[0.4], [0.5]], 6)
    scores[0] += np.where(np.arange(6) < wins, 0.11, -0.3)  # its mean is below the other's unless it always wins
    result = concluded([0.01, 0.1], scores=scores)
    k = wins if wins == 6 else 6 - wins
    expected = scipy_stats.binomtest(k, 6).proportion_ci(0.9, "exact")
    estimate = effects.share_of_wins().of(result)(0.9)
    np.testing.assert_allclose((estimate.mean, estimate.low, estimate.high), (k / 6, *expected))


def test_few_seeds_have_no_interval():
    result = concluded([0.01, 0.1], scores=near(0.5, 0.4, n_seeds=2))
    for effect in (effects.share_of_wins(), effects.difference(SCORE, A, B), effects.alone(BEST_MINUS_LAST, A)):
        estimate = effect.of(result)(0.95)
        assert estimate.n == 2
        assert np.isnan(estimate.low)
    gone = effects.share_of_wins().of(concluded([0.01, 0.1], scores=np.full((2, 3), np.nan)))(0.95)
    assert gone.n == 0


def of_two_cycles(after_one, after_two):
    """A search with these validation accuracies [n_settings, n_seeds] at the ends of its two cycles."""
    result = concluded([0.001, 0.01, 0.1], scores=after_two)
    config = dataclasses.replace(result.plan.config, eval_steps=(10, 20), n_s=5)
    accuracy = np.stack([np.zeros_like(after_one), after_one, after_two], axis=-1)
    outcome = result.outcome._replace(step=np.array([0, 10, 20]))
    outcome = outcome._replace(valid=outcome.valid._replace(accuracy=accuracy))
    return result._replace(plan=result.plan._replace(config=config), outcome=outcome)


def test_the_choice_after_all_cycles_is_scored_by_seeds_that_do_not_choose():
    rng = np.random.default_rng(3)
    one, two = rng.normal(0.5, 0.01, (2, 3, 8))
    estimate = effects.later_choice().of(of_two_cycles(one, two))(0.95)
    gains = np.array([[two[two[:, i].argmax(), j] - two[one[:, i].argmax(), j] for j in range(4, 8)] for i in range(4)])
    error = np.sqrt(gains.mean(axis=1).var(ddof=1) / 4 + gains.mean(axis=0).var(ddof=1) / 4)
    half = scipy_stats.t.ppf(0.975, 3) * error
    assert (estimate.n, estimate.mean) == (8, pytest.approx(gains.mean()))
    assert estimate[3:] == pytest.approx((gains.mean() - half, gains.mean() + half))
    alone = concluded([0.001, 0.01, 0.1], scores=two)
    plan = alone.plan._replace(config=dataclasses.replace(alone.plan.config, n_s=alone.plan.config.n_updates // 2))
    assert effects.later_choice().of(alone._replace(plan=plan)) is None  # one cycle


@pytest.mark.parametrize("ahead", [[0, 0, 0], [0.05, 0, 0], [0.05, 0.05, 0]])  # after the first cycle
@pytest.mark.parametrize("n_seeds", [6, 12])
def test_where_no_choice_is_better_the_later_one_is_said_to_be_as_rarely_as_it_says(ahead, n_seeds):
    rng, wrong, n = np.random.default_rng(0), 0, 400
    for _ in range(n):
        one, two = 0.5 + rng.normal(0, 0.0034, (2, 3, n_seeds))
        one += np.array(ahead)[:, None]
        wrong += stats.excludes_zero(effects.later_choice().of(of_two_cycles(one, two))(0.9))
    assert wrong / n < 0.1 + 2.5 * np.sqrt(0.1 * 0.9 / n)
