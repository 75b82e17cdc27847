import numpy as np
import pytest

from dd2424_jax.lr_range import suggest

SHAPE = np.array([0.1, 0.11, 0.15, 0.3, 0.4, 0.38, 0.2, 0.1])  # a tenth of the rise is 0.03


def accuracies(mean=SHAPE, n_seeds=5, sd=0.005):
    return np.asarray(mean) + np.random.default_rng(0).normal(0, sd, (n_seeds, len(mean)))


def everywhere(accuracy):
    return np.ones(accuracy.shape, bool)


def naive(accuracy, finite):
    """lowest, highest and falls, as the rule says it, number by number."""
    n_seeds, n_evals = accuracy.shape
    means = []
    for k in range(n_evals):
        if all(finite[j][i] for j in range(n_seeds) for i in range(k + 1)):
            means.append(sum(accuracy[j][k] for j in range(n_seeds)) / n_seeds)
    highest = means.index(max(means))
    rise = means[highest] - means[0]
    lowest = next(k for k in range(n_evals) if means[k] - means[0] >= 0.1 * rise)
    return lowest, highest, len(means) < n_evals or means[highest] - means[-1] > 0.1 * rise


@pytest.mark.parametrize("n_seeds", [1, 2, 3, 8])
@pytest.mark.parametrize("sd", [0.001, 0.004])
@pytest.mark.parametrize("last", [8, 6, 5])
def test_it_is_the_rule_number_by_number(n_seeds, sd, last):
    accuracy = accuracies(SHAPE[:last], n_seeds, sd)
    finite = everywhere(accuracy)
    for diverged in (None, 3, 5):
        finite[-1, diverged:] = diverged is None
        own = suggest(accuracy, finite)
        assert (own.lowest, own.highest, own.falls) == naive(accuracy, finite)


def test_the_range_is_from_the_tenth_of_the_rise_to_the_highest():
    assert suggest(accuracies(), everywhere(accuracies()))[:4] == (2, 4, None, True)


def test_where_a_seed_diverged_the_rate_is_too_high_for_good():
    accuracy = accuracies()
    finite = everywhere(accuracy)
    finite[1, 3] = False  # and is finite again
    own = suggest(accuracy, finite)
    assert (own.highest, own.diverged, own.falls) == (2, 3, True)
    assert own.of_seeds.tolist() == [4, 2, 4, 4, 4]
    assert suggest(accuracy, np.zeros_like(finite))[:4] == (None, None, 0, True)


def test_numbers_that_overflowed_are_not_looked_at():
    accuracy = accuracies()
    finite = everywhere(accuracy)
    accuracy[2, 5:], finite[2, 5:] = np.nan, False
    assert suggest(accuracy, finite)[:4] == (2, 4, 5, True)


def test_a_range_that_ends_before_the_fall_may_be_too_short():
    for n in (5, 6):  # 0.38 is not a tenth of the rise below 0.4
        accuracy = accuracies(SHAPE[:n])
        assert not suggest(accuracy, everywhere(accuracy)).falls


@pytest.mark.parametrize("mean", [np.full(8, 0.1), np.linspace(0.3, 0.1, 8)])
def test_without_a_rise_nothing_is_suggested(mean):
    accuracy = accuracies(mean)
    own = suggest(accuracy, everywhere(accuracy))
    assert (own.lowest, own.highest, own.falls) == (None, None, False)


def test_a_rise_of_one_seed_alone_is_not_significant():
    accuracy = accuracies(np.full(8, 0.1), sd=1e-3)
    accuracy[0, 4] = 0.5
    assert suggest(accuracy, everywhere(accuracy)).highest is None
    assert suggest(accuracy[:1], everywhere(accuracy[:1])).highest == 4  # one seed has no test


def test_seeds_may_come_in_any_order():
    accuracy = accuracies(sd=0.03)
    one, other = (suggest(a, everywhere(a)) for a in (accuracy, accuracy[::-1]))
    assert one[:4] == other[:4]
    assert one.of_seeds.tolist() == other.of_seeds[::-1].tolist()
    np.testing.assert_array_equal(one.of_seeds, accuracy.argmax(axis=1))
